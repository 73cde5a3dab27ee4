"""Pictures in class folders become records; each that cannot be used is told with its file and class."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from helpers.making import HEIGHT, WIDTH, encoded, picture
from octet.common.tensorflow import tf
from octet.recipe.classification import Dataset
from octet.recipe.shared.recipe import Recipe
from octet.sources.packing.one_shape import one_shape_members
from octet.sources.packing.tar import PackedFile, write_archive
from octet.tasks.classification.preparing.part import LabelledPictures, Preparing

SPLITS = {"train": ["set/train"], "val": ["set/val"], "test": ["set/test"]}
Files = Mapping[str, bytes]


def unique(number: int, size: tuple[int, int] = (WIDTH, HEIGHT), mode: str = "RGB") -> Image.Image:
    """A picture that differs from all others."""
    image = picture(size)
    image.paste((number, 255 - number, 0), (0, 0, 8, 8))
    return image.convert(mode)


CORRECT = {
    f"{split}/{name}/{number}.jpg": encoded(unique(10 * number + 50 * index + 25 * (name == "dog")))
    for index, split in enumerate(("train", "val", "test"))
    for name in ("cat", "dog")
    for number in range(2)
}


@contextmanager
def prepared(
    folder: Path, files: Files, classes: object = "found", splits: object = SPLITS
) -> Iterator[LabelledPictures]:
    write_archive(folder / "a.tar", [PackedFile(f"set/{name}", content) for name, content in files.items()])
    source = {"kind": "class_folders", "path": "unused"}
    dataset = {"source": source, "splits": splits, "classes": classes, "on_bad": "skip", "shards": 1}
    recipe = SimpleNamespace(dataset=Dataset.model_validate({**dataset, "pretrained": None}))
    with Preparing(cast(Recipe, recipe)).open([folder / "a.tar"]) as pictures:
        yield pictures


def parse(example: bytes) -> dict[str, Any]:
    """The only value of each feature; no TensorFlow op may run before worker processes are forked."""
    features = tf.train.Example.FromString(example).features.feature
    return {name: (feature.bytes_list.value or feature.int64_list.value)[0] for name, feature in features.items()}


def problems(folder: Path, files: Files, classes: object = "found") -> list[tuple[str, str, str]]:
    with prepared(folder, files, classes) as pictures:
        for split in SPLITS:
            list(pictures.examples(split))
        return [(problem.file, problem.field, problem.kind) for problem in pictures.problems]


def test_a_record_holds_the_picture_and_the_number_of_its_class(tmp_path: Path) -> None:
    with prepared(tmp_path, CORRECT, ["dog", "cat"]) as pictures:
        assert len(pictures) == 12
        examples = [list(filter(None, pictures.examples(split))) for split in SPLITS]
        assert pictures.problems == []
        assert pictures.summary("test") == {
            "pictures": 4,
            "pictures_per_class": {"dog": 2, "cat": 2},
            "repeated": 0,
            "mended": {},
        }
    assert parse(examples[0][0]) == {
        "id": b"set/train/cat/0.jpg",
        "jpeg": CORRECT["train/cat/0.jpg"],
        "class": 1,
        "width": WIDTH,
        "height": HEIGHT,
    }


@pytest.mark.parametrize(
    ("content", "repair"),
    [
        (encoded(unique(1, mode="L")), "greyscale"),
        (encoded(unique(1, mode="CMYK")), "CMYK"),
        (encoded(unique(1), "PNG"), "PNG to JPEG"),
        (encoded(unique(1), "WEBP"), "WEBP to JPEG"),
    ],
)
def test_what_can_be_mended_is_mended_and_counted(tmp_path: Path, content: bytes, repair: str) -> None:
    with prepared(tmp_path, {**CORRECT, "train/cat/x.jpg": content}) as pictures:
        records = list(filter(None, pictures.examples("train")))
        assert pictures.summary("train")["mended"] == {repair: 1}
    with Image.open(io.BytesIO(parse(records[2])["jpeg"])) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")


@pytest.mark.parametrize("orientation", range(2, 9))
def test_a_picture_is_turned_as_exif_says(tmp_path: Path, orientation: int) -> None:
    """A dark left side comes to the side that EXIF names, whichever it is."""
    with prepared(tmp_path, {**CORRECT, "train/cat/x.jpg": encoded(unique(1), orientation=orientation)}) as pictures:
        records = list(filter(None, pictures.examples("train")))
        assert pictures.summary("train")["mended"] == {"turned as EXIF says": 1}
        assert pictures.problems == []
    (record,) = (record for record in map(parse, records) if record["id"].endswith(b"/x.jpg"))
    size = (HEIGHT, WIDTH) if orientation >= 5 else (WIDTH, HEIGHT)
    with Image.open(io.BytesIO(record["jpeg"])) as image:
        assert image.size == size == (record["width"], record["height"])
        assert image.getexif().get(0x0112, 1) == 1
        shrunk = image.convert("L").resize((3, 3))
    dark_side = {2: (2, 1), 3: (2, 1), 4: (0, 1), 5: (1, 0), 6: (1, 0), 7: (1, 2), 8: (1, 2)}[orientation]
    sides = [(1, 0), (0, 1), (2, 1), (1, 2)]
    assert sides[int(np.argmin([np.asarray(shrunk)[y, x] for x, y in sides]))] == dark_side


BROKEN = {
    "truncated": (encoded(unique(1, (200, 200)))[:-900], "truncated or garbled JPEG"),
    "text": (b"hello", "undecodable picture"),
    "empty": (b"", "undecodable picture"),
}


@pytest.mark.parametrize(("content", "kind"), BROKEN.values(), ids=BROKEN)
def test_a_broken_picture_is_told_with_its_class(tmp_path: Path, content: bytes, kind: str) -> None:
    found = problems(tmp_path, {**CORRECT, "val/dog/x.jpg": content})
    assert found == [("set/val/dog/x.jpg", "class 'dog'", kind)]


def test_an_unknown_class_is_told(tmp_path: Path) -> None:
    found = problems(tmp_path, {**CORRECT, "train/fox/1.jpg": encoded(unique(1))}, ["cat", "dog"])
    assert found == [("set/train/fox/1.jpg", "class 'fox'", "unknown class")]


def test_a_picture_of_train_that_is_in_test_is_left_out_of_train(tmp_path: Path) -> None:
    files = {**CORRECT, "train/dog/copy.jpg": CORRECT["test/dog/0.jpg"]}
    with prepared(tmp_path, files) as pictures:
        (problem,) = pictures.problems
        assert str(problem) == (
            "set/train/dog/copy.jpg: class 'dog': same picture in two splits: "
            "in train, and in test as set/test/dog/0.jpg"
        )
        assert [len(list(pictures.examples(split))) for split in SPLITS] == [4, 4, 4]


def test_a_picture_in_two_classes_is_left_out_everywhere(tmp_path: Path) -> None:
    found = problems(tmp_path, {**CORRECT, "train/dog/copy.jpg": CORRECT["test/cat/0.jpg"]})
    assert found == [
        ("set/test/cat/0.jpg", "class 'cat'", "same picture in two classes"),
        ("set/train/dog/copy.jpg", "class 'dog'", "same picture in two classes"),
    ]


def test_a_picture_that_is_repeated_in_its_class_is_counted(tmp_path: Path) -> None:
    with prepared(tmp_path, {**CORRECT, "train/dog/copy.jpg": CORRECT["train/dog/0.jpg"]}) as pictures:
        assert pictures.problems == []
        assert len(list(pictures.examples("train"))) == 5
        assert pictures.summary_text(pictures.summary("train")) == "5 pictures, of which 1 repeat another"


def test_rendered_pictures_show_one_shape_in_a_folder_of_its_name(tmp_path: Path) -> None:
    def members() -> list[PackedFile]:
        return list(one_shape_members(3, {"train": 40, "val": 5, "test": 5}, 64))

    assert members() == members()
    files = {name.removeprefix("SHAPES/"): content for name, content, _ in members()}
    with prepared(tmp_path, files) as pictures:
        assert pictures.classes == ["cross", "ellipse", "rectangle", "ring", "star", "triangle"]
        assert [len(list(filter(None, pictures.examples(split)))) for split in SPLITS] == [40, 5, 5]
        assert pictures.problems == []
