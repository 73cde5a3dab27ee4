"""One VOC annotation: the XML file beside a picture."""

from dataclasses import dataclass

from lxml import etree

from octet.errors import UserError


@dataclass(frozen=True)
class Object:
    """A thing in a picture; the box is in VOC's pixels: 1-based, both ends inside the box."""

    name: str
    box: tuple[float, float, float, float]  # xmin, ymin, xmax, ymax
    difficult: bool = False
    truncated: bool = False


@dataclass(frozen=True)
class Annotation:
    """What VOC says of one picture."""

    id: str
    folder: str
    width: int
    height: int
    objects: tuple[Object, ...]


def parse(xml: bytes, source: str) -> Annotation:
    """Read an annotation; `source` names the file in errors. No entity, DTD or network is followed."""
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise UserError(f"{source}: not well-formed XML ({error})") from None
    filename = _text(root, "filename", source)
    return Annotation(
        id=filename.rsplit(".", 1)[0],
        folder=root.findtext("folder", default=""),
        width=int(_number(root, "size/width", source)),
        height=int(_number(root, "size/height", source)),
        objects=tuple(_object(element, source) for element in root.findall("object")),
    )


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
        _append(element, "pose", "Unspecified")
        _append(element, "truncated", int(thing.truncated))
        _append(element, "difficult", int(thing.difficult))
        box = etree.SubElement(element, "bndbox")
        for tag, side in zip(("xmin", "ymin", "xmax", "ymax"), thing.box, strict=True):
            _append(box, tag, f"{side:g}")
    return etree.tostring(root, pretty_print=True)


def _object(element: etree._Element, source: str) -> Object:
    xmin, ymin, xmax, ymax = (_number(element, f"bndbox/{side}", source) for side in ("xmin", "ymin", "xmax", "ymax"))
    name = _text(element, "name", source)
    if xmax < xmin or ymax < ymin:
        raise UserError(f"{source}: object {name!r}: box ends before it begins: {xmin, ymin, xmax, ymax}")
    return Object(
        name=name,
        box=(xmin, ymin, xmax, ymax),
        difficult=element.findtext("difficult", default="0").strip() == "1",
        truncated=element.findtext("truncated", default="0").strip() == "1",
    )


def _append(parent: etree._Element, tag: str, value: object) -> None:
    etree.SubElement(parent, tag).text = str(value)


def _text(element: etree._Element, path: str, source: str) -> str:
    text = element.findtext(path)
    if not text or not text.strip():
        raise UserError(f"{source}: <{element.tag}> has no <{path}>")
    return text.strip()


def _number(element: etree._Element, path: str, source: str) -> float:
    text = _text(element, path, source)
    try:
        return float(text)
    except ValueError:
        raise UserError(f"{source}: <{path}> is {text!r}, expected a number") from None
