"""TFRecords of TensorFlow's image-classification builders become class folders; damaged ones are refused."""

from pathlib import Path

import pytest

from helpers.labelled import labelled_example, write_tfrecords
from octet.common.errors import UserError
from octet.recipe.shared.dataset import TfRecords
from octet.sources.packing.tfrecords import tfrecords_members

ROSE = labelled_example(
    image__encoded=b"rose", image__class__label=0, image__class__text=b"roses", image__filename=b"r.jpg"
)
TULIP = labelled_example(image__encoded=b"tulip", image__class__label=4, image__class__text=b"tulips")


def source(sets: dict[str, Path], labels: object = "text") -> TfRecords:
    return TfRecords.model_validate({"kind": "tfrecords", "sets": sets, "labels": labels})


def test_the_text_or_the_number_names_the_class(tmp_path: Path) -> None:
    file = write_tfrecords(tmp_path / "all.tfrecord", [ROSE, TULIP])
    by_text = list(tfrecords_members(source({"all": file})))
    by_number = list(tfrecords_members(source({"all": file}, ["a", "b", "c", "d", "e f"])))
    assert by_text == [
        ("TFRECORDS/all/roses/all-000000.jpg", b"rose", f"{file}: record 0 (r.jpg)"),
        ("TFRECORDS/all/tulips/all-000001.jpg", b"tulip", f"{file}: record 1"),
    ]
    assert [member.name.split("/")[2] for member in by_number] == ["a", "e f"]


def test_a_pattern_names_the_files_of_a_set(tmp_path: Path) -> None:
    for name in ("train-1", "train-0", "val-0"):
        write_tfrecords(tmp_path / name, [ROSE])
    found = source({"train": tmp_path / "train-*", "val": tmp_path / "val-0"})
    assert found.paths == [tmp_path / "train-0", tmp_path / "train-1", tmp_path / "val-0"]
    assert [member.name for member in tfrecords_members(found)] == [
        "TFRECORDS/train/roses/00000-000000.jpg",
        "TFRECORDS/train/roses/00001-000000.jpg",
        "TFRECORDS/val/roses/val-000000.jpg",
    ]
    with pytest.raises(UserError, match=r"test-\*: no such file; expected the TFRecords of the set 'test'"):
        list(tfrecords_members(source({"test": tmp_path / "test-*"})))


@pytest.mark.parametrize(
    ("record", "labels", "found"),
    [
        (labelled_example(image__class__label=5), ["a"] * 5, "label is 5, expected 0 to 4"),
        (labelled_example(image__class__label=-1), ["a"] * 5, "label is -1, expected 0 to 4"),
        (labelled_example(image__class__text=b"roses"), ["a"] * 5, "label is None, expected 0 to 4"),
        (labelled_example(image__class__label=0), "text", "which has no image/class/text"),
        (labelled_example(image__class__text=b"../../etc"), "text", "text is '../../etc'"),
        (labelled_example(image__class__text=b"a\nb"), "text", "text is"),
        (labelled_example(image__class__text=b"\xff"), "text", "text is"),
        (labelled_example(image__class__text=b"x" * 300), "text", "text is"),
        (labelled_example(image__class__text=7), "text", "which has no image/class/text"),
    ],
)
def test_a_label_that_names_no_class_is_told_where_the_picture_is_packed(
    tmp_path: Path, record: bytes, labels: object, found: str
) -> None:
    file = write_tfrecords(tmp_path / "all", [record])
    (member,) = tfrecords_members(source({"all": file}, labels))
    assert member.name == "TFRECORDS/all/all-000000.jpg"
    assert found in member.origin
    assert member.origin.startswith(f"{file}: record 0, ")


def changed(content: bytes, at: int, value: bytes) -> bytes:
    return content[:at] + value + content[at + len(value) :]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda content: content[:-5], "record 0 is cut"),
        (lambda content: changed(content, 0, b"\xff" * 8), "record 0 is cut"),
        (lambda content: changed(content, 20, b"\xff"), "is damaged"),
        (lambda content: content + content[:5], "is damaged|is cut"),
        (lambda _: b"<html>" * 9, "record 0 is cut, or this is no file of TFRecords"),
    ],
    ids=["cut", "long", "check sum", "more", "page"],
)
def test_a_damaged_file_is_refused(tmp_path: Path, spoil: object, found: str) -> None:
    file = write_tfrecords(tmp_path / "all", [ROSE])
    file.write_bytes(spoil(file.read_bytes()))  # type: ignore[operator]
    with pytest.raises(UserError, match=found):
        list(tfrecords_members(source({"all": file})))


def test_a_record_of_another_kind_is_refused(tmp_path: Path) -> None:
    file = write_tfrecords(tmp_path / "all", [ROSE, b"\xff\xff"])
    with pytest.raises(UserError, match=r"record 1: is no tf\.train\.Example"):
        list(tfrecords_members(source({"all": file})))
