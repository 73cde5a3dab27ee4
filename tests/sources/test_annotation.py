"""All variants of VOC's annotations are read, and errors are reported with file and field."""

from pathlib import Path

import pytest

from octet.sources.voc.annotation import Annotation, parse_annotation
from octet.sources.voc.problem import BadPictureError, Problem

XML = b"""<annotation><size><height>40</height><width>50</width></size>
<object><part><name>ear</name><bndbox><xmin>3</xmin><ymin>3</ymin><xmax>4</xmax><ymax>4</ymax></bndbox></part>
<bndbox><ymax>20</ymax><xmin>1.5</xmin><ymin>2</ymin><xmax>30</xmax></bndbox><name>cat</name></object></annotation>"""
FILE = "VOC/Annotations/000001.xml"


def read(xml: bytes) -> tuple[Annotation, list[Problem]]:
    return parse_annotation(xml, "000001", "VOC", FILE)


def test_all_variants_of_voc_are_read() -> None:
    """Float coordinates, any order, parts inside an object, no difficult, truncated or pose."""
    annotation, problems = read(XML)
    (obj,) = annotation.objects
    assert (annotation.width, annotation.height, problems) == (50, 40, [])
    assert (obj.name, obj.box) == ("cat", (1.5, 2.0, 30.0, 20.0))
    assert not obj.difficult
    assert not obj.truncated


def test_a_class_name_becomes_one_line() -> None:
    """Class names are written to a file with one name per line."""
    annotation, _ = read(XML.replace(b"<name>cat", b"<name> tabby\n  cat "))
    assert annotation.objects[0].name == "tabby cat"


@pytest.mark.parametrize("size", [b"", b"<size/>", b"<size><width>0</width><height>0</height></size>"])
def test_a_missing_size_is_zero(size: bytes) -> None:
    annotation, _ = read(XML.replace(b"<size><height>40</height><width>50</width></size>", size))
    assert (annotation.width, annotation.height) == (0, 0)


@pytest.mark.parametrize(
    ("old", "new", "field", "kind", "found"),
    [
        (b"<name>cat</name>", b"", "object[1]/name", "missing", "needs a name"),
        (b"<ymin>2</ymin>", b"<ymin>two</ymin>", "object[1] 'cat'/bndbox/ymin", "not a number", "'two'"),
        (b"<ymin>2</ymin>", b"<ymin>nan</ymin>", "object[1] 'cat'/bndbox/ymin", "not a number", "'nan'"),
        (b"<ymin>2</ymin>", b"", "object[1] 'cat'/bndbox/ymin", "missing", "a number"),
        (b"<xmax>30</xmax>", b"<xmax>0</xmax>", "object[1] 'cat'/bndbox", "inverted box", "(1.5, 2, 0, 20)"),
        (b"<ymax>20</ymax>", b"<ymax>2</ymax>", "object[1] 'cat'/bndbox", "zero-size box", "(1.5, 2, 30, 2)"),
        (b"<name>cat", "<name>c\u202eat".encode(), "object[1]/name", "not a name", "'c\\u202eat', expected printable"),
        (b"<name>cat", b"<name>" + b"c" * 5_000, "object[1]/name", "not a name", "of at most 200 characters"),
        (b"<ymin>2", b"<ymin>" + b"5" * 5_000, "object[1] 'cat'/bndbox/ymin", "not a number", "'5555"),
        (b"<ymin>2", b"<ymin>1e400", "object[1] 'cat'/bndbox/ymin", "not a number", "'1e400'"),
        (
            b"<part>",
            b"<difficult>" + b"x" * 5_000 + b"</difficult><part>",
            "object[1] 'cat'/difficult",
            "not a flag",
            "'xx",
        ),
        (b"<part>", b"<difficult>yes</difficult><part>", "object[1] 'cat'/difficult", "not a flag", "'yes'"),
    ],
)
def test_a_faulty_object_is_reported_and_the_others_are_kept(
    old: bytes, new: bytes, field: str, kind: str, found: str
) -> None:
    good_object = XML[XML.index(b"<object>") : XML.index(b"</annotation>")].replace(b"cat", b"dog")
    annotation, (problem,) = read(XML.replace(old, new).replace(b"</annotation>", good_object + b"</annotation>"))
    assert [obj.name for obj in annotation.objects] == ["dog"]
    assert (problem.file, problem.field, problem.kind, problem.skipped) == (FILE, field, kind, "object")
    assert found in problem.found
    assert len(problem.found) < 200


@pytest.mark.parametrize(
    ("xml", "field", "kind"),
    [
        (XML.replace(b"</object>", b""), "", "not well-formed XML"),
        (b"", "", "not well-formed XML"),
        (b"<html/>", "", "not an annotation"),
        (XML.replace(b"<width>50", b"<width>wide"), "size/width", "not a number"),
        (XML.replace(b"<width>50", b"<width>50.5"), "size/width", "not a size"),
        (XML.replace(b"<width>50", b"<width>1e300"), "size/width", "not a size"),
        (XML.replace(b"<width>50", b"<width>1e400"), "size/width", "not a number"),
        (b"<annotation>" + b"<a>" * 300_000, "", "not well-formed XML"),
        (b"<" + b"a" * 40_000 + b"/>", "", "not an annotation"),
    ],
)
def test_an_unusable_annotation_is_reported(xml: bytes, field: str, kind: str) -> None:
    with pytest.raises(BadPictureError) as error:
        read(xml)
    problem = error.value.problem
    assert (problem.file, problem.field, problem.kind, problem.skipped) == (FILE, field, kind, "picture")
    assert len(problem.found) < 200


def test_a_problem_is_shown_in_one_line_that_does_nothing_to_a_terminal() -> None:
    problem = Problem("a.tar: \x1b[2J\u202egpj.exe\ny", "", "hostile name", "caf\xe9")
    assert str(problem) == "a.tar: \\x1b[2J\\u202egpj.exe\\ny: hostile name: caf\xe9"


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("cat")
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    for entities, reference in (
        (f'<!ENTITY e SYSTEM "file://{secret}">', b"&e;"),
        (f'<!ENTITY l0 "ha">{laughs}', b"&l9;"),
    ):
        with pytest.raises(BadPictureError) as error:
            read(f"<!DOCTYPE annotation [{entities}]>".encode() + XML.replace(b"cat", reference))
        assert error.value.problem.kind in ("declares entities", "not well-formed XML")
        assert len(str(error.value.problem)) < 500


def test_a_dtd_is_not_loaded(tmp_path: Path) -> None:
    """A DTD that is only named is ignored, with all that it declares."""
    dtd = tmp_path / "voc.dtd"
    dtd.write_text('<!ENTITY e "cat">')
    annotation, problems = read(f'<!DOCTYPE annotation SYSTEM "{dtd}">'.encode() + XML)
    assert [obj.name for obj in annotation.objects] == ["cat"]
    assert problems == []
