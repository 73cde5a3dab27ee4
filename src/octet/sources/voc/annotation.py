"""VOC's annotation of a picture: reading and writing its XML file."""

import math
import reprlib
from dataclasses import dataclass, field

from lxml import etree

from octet.sources.voc.problem import BadPictureError, Problem

VocBox = tuple[float, float, float, float]  # xmin, ymin, xmax, ymax in pixels, counted from 1, both ends inside

_SIDES = ("xmin", "ymin", "xmax", "ymax")
LONGEST_CLASS = 200  # characters of its name
_LARGEST_SIDE = 1e6  # px of a picture that an annotation may state


@dataclass(frozen=True)
class Object:
    """An object in a picture: its class, its box and VOC's flags."""

    name: str
    box: VocBox
    difficult: bool = False
    truncated: bool = False
    origin: str = field(default="", compare=False)  # its line or id in the user's file, for messages


@dataclass(frozen=True)
class Annotation:
    """The annotation of one picture: its size and its objects."""

    id: str
    folder: str
    width: int  # 0 if the annotation does not state it
    height: int
    objects: tuple[Object, ...]


def parse_annotation(xml: bytes, id: str, folder: str, file: str) -> tuple[Annotation, list[Problem]]:
    """Read an annotation, and list the problems of its objects; objects with problems are left out.

    `file` names the annotation in problems. The id comes from the name of the file, not from its content. No entity is
    expanded, no DTD is loaded and no network is used.
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


def serialize_annotation(annotation: Annotation) -> bytes:
    """Return an annotation as XML in VOC's format."""
    root = etree.Element("annotation")
    _append(root, "folder", annotation.folder)
    _append(root, "filename", f"{annotation.id}.jpg")
    size = etree.SubElement(root, "size")
    for tag, value in (("width", annotation.width), ("height", annotation.height), ("depth", 3)):
        _append(size, tag, value)
    _append(root, "segmented", 0)
    for obj in annotation.objects:
        element = etree.SubElement(root, "object")
        _append(element, "name", obj.name)
        if obj.origin:
            _append(element, "origin", obj.origin)
        _append(element, "pose", "Unspecified")
        _append(element, "truncated", int(obj.truncated))
        _append(element, "difficult", int(obj.difficult))
        box = etree.SubElement(element, "bndbox")
        for tag, side in zip(_SIDES, obj.box, strict=True):
            _append(box, tag, f"{side:.10g}")
    return etree.tostring(root, pretty_print=True)


class _BadFieldError(Exception):
    """Raised for a field of an annotation that cannot be used."""

    def __init__(self, field: str, kind: str, found: str) -> None:
        self.field, self.kind, self.found = field, kind, found


def _root(xml: bytes, file: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise BadPictureError(Problem(file, "", "not well-formed XML", str(error))) from None
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and dtd.entities():  # type: ignore[union-attr]  # missing in the stubs
        raise BadPictureError(Problem(file, "", "declares entities", "which are never expanded; write them out"))
    if root.tag != "annotation":
        raise BadPictureError(Problem(file, "", "not an annotation", f"its root is {reprlib.repr(root.tag)}"))
    return root


def _object(element: etree._Element, number: int) -> Object:
    name, origin = (" ".join((element.findtext(tag) or "").split()) for tag in ("name", "origin"))
    if not name:
        raise _BadFieldError(f"object[{number}]/name", "missing", "an object needs a name")
    if not name.isprintable() or len(name) > LONGEST_CLASS:
        found = f"{reprlib.repr(name)}, expected printable text of at most {LONGEST_CLASS} characters"
        raise _BadFieldError(f"object[{number}]/name", "not a name", found)
    field = f"{origin or f'object[{number}]'} {name!r}"
    xmin, ymin, xmax, ymax = (_number(element, f"bndbox/{side}", field) for side in _SIDES)
    box = f"({xmin:g}, {ymin:g}, {xmax:g}, {ymax:g})"
    field_path = field if origin else f"{field}/bndbox"
    if xmax < xmin - 1 or ymax < ymin - 1:  # both ends are inside the box, so xmax = xmin - 1 is a width of 0
        raise _BadFieldError(field_path, "inverted box", f"{box} ends before it begins")
    if xmax <= xmin or ymax <= ymin:
        raise _BadFieldError(field_path, "zero-size box", box)
    difficult, truncated = (_flag(element, tag, field) for tag in ("difficult", "truncated"))
    return Object(name, (xmin, ymin, xmax, ymax), difficult, truncated, origin)


def _flag(element: etree._Element, tag: str, field: str) -> bool:
    """Read a flag of 0 or 1; a missing flag is 0."""
    text = (element.findtext(tag) or "0").strip()
    if text not in ("0", "1"):
        raise _BadFieldError(f"{field}/{tag}", "not a flag", f"{reprlib.repr(text)}, expected 0 or 1")
    return text == "1"


def _length(root: etree._Element, side: str) -> int:
    """Read the width or height of the picture; 0 if the annotation does not state it."""
    path = f"size/{side}"
    if not (root.findtext(path) or "").strip():
        return 0
    number = _number(root, path, "")
    if not 0 <= number <= _LARGEST_SIDE or number != int(number):
        raise _BadFieldError(path, "not a size", f"{number:g}, expected a whole number of pixels")
    return int(number)


def _number(element: etree._Element, path: str, field: str) -> float:
    field_path = f"{field}/{path}" if field else path
    text = (element.findtext(path) or "").strip()
    if not text:
        raise _BadFieldError(field_path, "missing", "expected a number")
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise _BadFieldError(field_path, "not a number", f"found {reprlib.repr(text)}")
    return number


def _append(parent: etree._Element, tag: str, value: object) -> None:
    etree.SubElement(parent, tag).text = str(value)
