"""Archives and annotations that are not what they should be are named."""

from pathlib import Path

import pytest

from octet.errors import UserError
from octet.voc.annotation import parse
from octet.voc.archive import Archives, write_archive

XML = b"""<annotation><filename>000001.jpg</filename><size><width>50</width><height>40</height></size>
<object><bndbox><ymax>20</ymax><xmin>1.5</xmin><ymin>2</ymin><xmax>30</xmax></bndbox><name>cat</name></object></annotation>"""


def test_quirks_of_voc_are_read() -> None:
    annotation = parse(XML, "a.xml")
    (thing,) = annotation.objects
    assert (annotation.id, annotation.width, annotation.height) == ("000001", 50, 40)
    assert thing.box == (1.5, 2.0, 30.0, 20.0)
    assert not thing.difficult
    assert not thing.truncated


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"</object>", b"", "not well-formed"),
        (b"<name>cat</name>", b"", "<object> has no <name>"),
        (b"<ymin>2</ymin>", b"<ymin>two</ymin>", "<bndbox/ymin> is 'two', expected a number"),
        (b"<xmax>30</xmax>", b"<xmax>1</xmax>", "'cat': box ends before it begins"),
        (b"<width>50</width>", b"", "has no <size/width>"),
    ],
)
def test_a_bad_annotation_is_named(old: bytes, new: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        parse(XML.replace(old, new), "VOC/Annotations/000001.xml")
    assert "VOC/Annotations/000001.xml" in str(error.value)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("cat")
    bomb = f'<!DOCTYPE a [<!ENTITY e SYSTEM "file://{secret}">]>'.encode() + XML.replace(b"cat", b"&e;")
    with pytest.raises(UserError, match="<object> has no <name>"):
        parse(bomb, "a.xml")


def test_an_unknown_image_set_lists_the_known(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    write_archive(path, [("VOCdevkit/VOC2007/ImageSets/Main/trainval.txt", b"000001\n")])
    with Archives([path]) as voc, pytest.raises(UserError, match="there are: VOC2007/trainval"):
        voc.image_set("VOC2007/train")
    with Archives([path]) as voc, pytest.raises(UserError, match=r"VOC2007/Annotations/000001.xml is in none .*a.tar"):
        list(voc.pictures(["VOC2007/trainval"]))


@pytest.mark.parametrize("keep", [100, 512 * 3 + 100, 512 * 5])
def test_a_cut_off_archive_is_named(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "a.tar"
    write_archive(path, [("VOCdevkit/V/JPEGImages/1.jpg", b"x" * 4000)])
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"a\.tar: not a whole tar archive"):
        Archives([path])
