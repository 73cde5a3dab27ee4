"""Every reader of a stranger's data either reads it or refuses it in words, whatever the file holds.

`make test` tries the same examples each time; `make fuzz` tries many more, and others each time.
"""

import io
import json
import math
import tarfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fuzz.damage import damaged, fuzz
from helpers.labelled import labelled_example, write_tfrecords
from helpers.making import CAT, annotation, encoded, picture
from octet.common.errors import UserError
from octet.recipe.shared.dataset import CocoSet, Splits, TfRecords, YoloSet
from octet.sources.packing.coco import coco_members
from octet.sources.packing.tar import PackedFile
from octet.sources.packing.tfrecords import tfrecords_members
from octet.sources.packing.yolo import yolo_members
from octet.sources.reading.archive import Archives
from octet.sources.reading.class_folders import ClassFolders
from octet.sources.reading.picture import inspect_picture
from octet.sources.voc.annotation import parse_annotation
from octet.sources.voc.problem import BadPictureError

XML, JPEG = annotation(CAT), encoded(picture())
NUMBERS = [b"nan", b"-1", b"1e400", b"0x10", b"1_0", "\u0665".encode()]  # the last is a digit in Unicode
STRANGE = ["\u202e".encode(), b"\xff", b"\0", b"../../evil"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a picture, in which each example writes its file over the last one's."""
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / "pictures").mkdir()
    (folder / "labels").mkdir()
    (folder / "pictures" / "a.jpg").write_bytes(JPEG)
    return folder


# --- annotations and pictures -----------------------------------------------------------------------------------------

ENTITIES = b'<!DOCTYPE a [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>'
WITH_ENTITIES = ENTITIES + XML.replace(b"<name>cat", b"<name>cat&b;&c;")


@fuzz(4000)
@given(content=damaged([XML, WITH_ENTITIES], [*NUMBERS, *STRANGE, b"&b;", b"<name>", b"<!--"]))
def test_annotations(content: bytes) -> None:
    try:
        read, problems = parse_annotation(content, "a", "A", "a.xml")
    except BadPictureError as error:
        assert str(error.problem).startswith("a.xml: ")
        return
    for obj in read.objects:
        xmin, ymin, xmax, ymax = obj.box
        assert all(map(math.isfinite, obj.box))
        assert xmin < xmax
        assert ymin < ymax
        assert "aaaa" not in obj.name
        assert "root:" not in obj.name  # a line of /etc/passwd
    assert all(str(problem).startswith("a.xml: ") for problem in problems)


PICTURES = [
    JPEG,
    encoded(picture(), orientation=6),
    *(encoded(picture(), kind) for kind in ("PNG", "BMP", "WEBP", "EPS")),
]


@fuzz(3000)
@given(content=damaged(PICTURES, [b"\xff\xda", b"\xff\xd9", b"\xff\xc2", b"IDAT"]))
def test_pictures(content: bytes) -> None:
    try:
        inspected = inspect_picture(content, None, "a.jpg")
    except BadPictureError as error:
        assert str(error.problem).startswith("a.jpg: ")
        return
    with Image.open(io.BytesIO(inspected.jpeg)) as jpeg:
        assert (jpeg.format in ("JPEG", "MPO"), jpeg.mode, jpeg.size) == (True, "RGB", inspected.size)


# --- archives ---------------------------------------------------------------------------------------------------------


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for header, content in members:
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return file.getvalue()


def tar_with_header(at: int, value: bytes) -> bytes:
    """A tar of one member with a value at a place in its header, and the check sum that goes with it."""
    header = bytearray(tarfile.TarInfo("A/JPEGImages/1.jpg").tobuf())
    header[at : at + len(value)] = value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + bytes(2048)


GOOD_TAR = tar_of(
    (tarfile.TarInfo("VOCdevkit/A/Annotations/1.xml"), XML),
    (tarfile.TarInfo("VOCdevkit/A/ImageSets/Main/all.txt"), b"1\n2 -1\n"),
    (tarfile.TarInfo(f"VOCdevkit/A/JPEGImages/{'1' * 120}.jpg"), JPEG),
)
SIZES = [
    tar_with_header(124, size) for size in (b"\xff" * 12, b"77777777777 ", b"-0000000001 ", b"\x80" + b"\xff" * 11)
]
KINDS = [tar_with_header(156, kind) for kind in (b"1", b"2", b"3", b"6", b"L", b"S", b"x", b"g")]


@fuzz(4000)
@given(content=damaged([GOOD_TAR, *SIZES, *KINDS], [b"11 size=-1\n", *STRANGE, *KINDS]))
def test_archives(folder: Path, content: bytes) -> None:
    path = folder / "a.tar"
    path.write_bytes(content)
    try:
        with Archives([path]) as voc:
            for image_set in voc.image_sets:
                for id in voc.image_set(image_set):
                    entry = voc.entry(image_set.partition("/")[0], id)
                    for member in (*entry.annotations, *entry.pictures):
                        assert 0 <= member.offset <= member.offset + member.size <= len(content)
                        assert member.name.isprintable()
                        assert ".." not in member.name.split("/")
    except UserError as error:
        assert str(path) in str(error) or "is not text" in str(error)


CLASS_TAR = tar_of(
    (tarfile.TarInfo("set/cat/1.jpg"), JPEG),
    (tarfile.TarInfo("set/dog/2.png"), JPEG),
    (tarfile.TarInfo("set/3.jpg"), JPEG),
)
ALL_TRAIN = Splits.model_validate({"train": ["set"], "val": 1e-9, "test": 1e-9})


@fuzz(2000)
@given(content=damaged([CLASS_TAR, *SIZES, *KINDS], [b"11 size=-1\n", *STRANGE, *KINDS]))
def test_archives_of_class_folders(folder: Path, content: bytes) -> None:
    path = folder / "a.tar"
    path.write_bytes(content)
    try:
        with ClassFolders([path]) as folders:
            assigned, problems = folders.assign(ALL_TRAIN)
    except UserError as error:
        assert str(path) in str(error) or "image set 'set' is in no archive" in str(error)
        return
    assert all(map(str, [*problems, *folders.problems]))
    for read in (read for pictures in assigned.values() for read in pictures):
        assert 0 <= read.member.offset <= read.member.offset + read.member.size <= len(content)
        assert read.id.isprintable()
        assert ".." not in read.id.split("/")


# --- TFRecords --------------------------------------------------------------------------------------------------------

LABELLED = labelled_example(image__encoded=JPEG, image__class__label=1, image__class__text=b"cat", image__filename=b"a")


@fuzz(1000)
@given(record=damaged([LABELLED], [*NUMBERS, *STRANGE]), by_number=st.booleans())
def test_records(folder: Path, record: bytes, by_number: bool) -> None:
    """Records whose check sums are right, whatever they hold."""
    require_labelled(folder, write_tfrecords(folder / "a.tfrecord", [record]).read_bytes(), by_number)


@fuzz(500)
@given(data=st.data(), by_number=st.booleans())
def test_files_of_records(folder: Path, data: st.DataObject, by_number: bool) -> None:
    seed = write_tfrecords(folder / "a.tfrecord", [LABELLED, LABELLED]).read_bytes()
    require_labelled(folder, data.draw(damaged([seed], STRANGE)), by_number)


def require_labelled(folder: Path, content: bytes, by_number: bool) -> None:
    file = folder / "a.tfrecord"
    file.write_bytes(content)
    labels = ["dog", "cat"] if by_number else "text"
    source = TfRecords.model_validate({"kind": "tfrecords", "sets": {"all": file}, "labels": labels})
    try:
        members = list(tfrecords_members(source))
    except UserError as error:
        assert str(file) in str(error)
        return
    for name, _, origin in members:
        assert name.isprintable()
        assert name.startswith("TFRECORDS/all/")
        assert ".." not in name.split("/")
        assert len(name.split("/")) in (3, 4)
        assert origin.isprintable()


# --- COCO and YOLO ----------------------------------------------------------------------------------------------------


def require_harmless(members: list[PackedFile], top: str) -> None:
    """All names stay in the archive's folder and can be printed, and what was read is read again without a problem."""
    for name, content, _ in members:
        path = PurePosixPath(name)
        assert path.is_relative_to(f"VOCdevkit/{top}")
        assert ".." not in path.parts
        assert name.isprintable()
        assert len(path.name.encode()) < 256
        if path.suffix == ".xml":
            parse_annotation(content, path.stem, top, name)


INSTANCES = {
    "images": [{"id": 1, "file_name": "a.jpg", "width": 50, "height": 40}, {"id": 2, "file_name": "b/gone.jpg"}],
    "categories": [{"id": 7, "name": "cat"}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 7, "bbox": [0, 0, 50, 40], "iscrowd": 0}],
}
CONSTANTS = [
    b"NaN",
    b"Infinity",
    b"null",
    b"true",
    b"{}",
    b"[",
    b'"\\ud800"',
    b'"\\u202e"',
    b'"\\u0000"',
    b'"/etc/passwd"',
]


@fuzz(3000)
@given(content=damaged([json.dumps(INSTANCES).encode()], [*NUMBERS, *STRANGE, *CONSTANTS]))
def test_coco(folder: Path, content: bytes) -> None:
    file = folder / "instances.json"
    file.write_bytes(content)
    try:
        members = list(coco_members({"all": CocoSet(instances=file, pictures=folder / "pictures")}))
    except UserError as error:
        assert str(file) in str(error)
        return
    require_harmless(members, "COCO")


@fuzz(3000)
@given(content=damaged([b"0 0.5 0.5 0.2 0.2\n", b"1 0.1 0.1 0.9 0.1 0.9 0.9\n"], [*NUMBERS, *STRANGE]))
def test_yolo_labels(folder: Path, content: bytes) -> None:
    (folder / "classes.txt").write_text("cat\ndog\n")
    (folder / "labels" / "a.txt").write_bytes(content)
    require_yolo(folder, folder / "classes.txt", folder / "labels" / "a.txt")


BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nnames: *c\n"


@fuzz(3000)
@given(content=damaged([b"train: pictures\nnames: [cat, dog]\n", b"names:\n  0: cat\n  1: dog\n", BOMB], STRANGE))
def test_yolo_names(folder: Path, content: bytes) -> None:
    (folder / "labels" / "a.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    (folder / "data.yaml").write_bytes(content)
    require_yolo(folder, folder / "data.yaml", folder / "data.yaml")


def require_yolo(folder: Path, names: Path, hostile: Path) -> None:
    try:
        sets = {"all": YoloSet(pictures=folder / "pictures", labels=folder / "labels")}
        members = list(yolo_members(names, sets))
    except UserError as error:
        assert str(hostile) in str(error)
        return
    require_harmless(members, "YOLO")
