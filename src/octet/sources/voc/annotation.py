"""One VOC annotation: the XML file beside a picture."""

import math
from dataclasses import dataclass, field

from lxml import etree

from octet.sources.voc.problem import BadPictureError, Problem

Box = tuple[float, float, float, float]

_SIDES = ("xmin", "ymin", "xmax", "ymax")


@dataclass(frozen=True)
class Object:
    """A thing in a picture; the box is in VOC's pixels: 1-based, both ends inside the box."""

    name: str
    box: Box  # xmin, ymin, xmax, ymax
    difficult: bool = False
    truncated: bool = False
    origin: str = field(default="", compare=False)  # the line or id by which the data's owner knows it


@dataclass(frozen=True)
class Annotation:
    """What VOC says of one picture."""

    id: str
    folder: str
    width: int  # 0: not said
    height: int
    objects: tuple[Object, ...]


def parse(xml: bytes, id: str, folder: str, file: str) -> tuple[Annotation, list[Problem]]:
    """Read an annotation, and what is wrong with its objects, which are left out; `file` names it in problems.

    No entity is expanded, no DTD and no network is followed. Where a file lies decides its id, whatever it says.
    """
    root = _root(xml, file)
    objects, problems = [], []
    for number, element in enumerate(root.findall("object"), start=1):
        try:
            objects.append(_object(element, number))
        except _BadFieldError as error:
            problems.append(Problem(file, error.field, error.kind, error.found, skipped="object"))
    try:
        width, height = (_length(root, side) for side in ("width", "height"))
    except _BadFieldError as error:
        raise BadPictureError(Problem(file, error.field, error.kind, error.found)) from None
    return Annotation(id, folder, width, height, tuple(objects)), problems


def serialize(annotation: Annotation) -> bytes:
    """Write an annotation the way VOC does."""
    root = etree.Element("annotation")
    _append(root, "folder", annotation.folder)
    _append(root, "filename", f"{annotation.id}.jpg")
    size = etree.SubElement(root, "size")
    for tag, value in (("width", annotation.width), ("height", annotation.height), ("depth", 3)):
        _append(size, tag, value)
    _append(root, "segmented", 0)
    for thing in annotation.objects:
        element = etree.SubElement(root, "object")
        _append(element, "name", thing.name)
        if thing.origin:
            _append(element, "origin", thing.origin)
        _append(element, "pose", "Unspecified")
        _append(element, "truncated", int(thing.truncated))
        _append(element, "difficult", int(thing.difficult))
        box = etree.SubElement(element, "bndbox")
        for tag, side in zip(_SIDES, thing.box, strict=True):
            _append(box, tag, f"{side:.10g}")
    return etree.tostring(root, pretty_print=True)


class _BadFieldError(Exception):
    def __init__(self, field: str, kind: str, found: str) -> None:
        self.field, self.kind, self.found = field, kind, found


def _root(xml: bytes, file: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise BadPictureError(Problem(file, "", "not well-formed XML", str(error))) from None
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and dtd.entities():  # type: ignore[union-attr]  # the stubs do not know it
        raise BadPictureError(Problem(file, "", "declares entities", "which are never expanded; write them out"))
    if root.tag != "annotation":
        raise BadPictureError(Problem(file, "", "not an annotation", f"its root is <{root.tag}>"))
    return root


def _object(element: etree._Element, number: int) -> Object:
    name, origin = (" ".join((element.findtext(tag) or "").split()) for tag in ("name", "origin"))
    if not name:
        raise _BadFieldError(f"object[{number}]/name", "missing", "an object needs a name")
    field = f"{origin or f'object[{number}]'} {name!r}"
    xmin, ymin, xmax, ymax = (_number(element, f"bndbox/{side}", field) for side in _SIDES)
    box = f"({xmin:g}, {ymin:g}, {xmax:g}, {ymax:g})"
    where = field if origin else f"{field}/bndbox"
    if xmax < xmin - 1 or ymax < ymin - 1:  # one less is a width of 0: both ends are inside the box
        raise _BadFieldError(where, "inverted box", f"{box} ends before it begins")
    if xmax <= xmin or ymax <= ymin:
        raise _BadFieldError(where, "zero-size box", box)
    difficult, truncated = (_flag(element, tag, field) for tag in ("difficult", "truncated"))
    return Object(name, (xmin, ymin, xmax, ymax), difficult, truncated, origin)


def _flag(element: etree._Element, tag: str, field: str) -> bool:
    """0 or 1; what is not there is not so."""
    text = (element.findtext(tag) or "0").strip()
    if text not in ("0", "1"):
        raise _BadFieldError(f"{field}/{tag}", "not a flag", f"{text!r}, expected 0 or 1")
    return text == "1"


def _length(root: etree._Element, side: str) -> int:
    """A side of the picture; 0 where the annotation does not say."""
    path = f"size/{side}"
    if not (root.findtext(path) or "").strip():
        return 0
    number = _number(root, path, "")
    if number < 0 or number != int(number):
        raise _BadFieldError(path, "not a size", f"{number:g}, expected a whole number of pixels")
    return int(number)


def _number(element: etree._Element, path: str, field: str) -> float:
    where = f"{field}/{path}" if field else path
    text = (element.findtext(path) or "").strip()
    if not text:
        raise _BadFieldError(where, "missing", "expected a number")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _BadFieldError(where, "not a number", f"found {text!r}")
    return number


def _append(parent: etree._Element, tag: str, value: object) -> None:
    etree.SubElement(parent, tag).text = str(value)
