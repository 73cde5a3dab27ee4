"""Pack pictures with annotations in COCO's format into an archive in VOC's layout."""

import json
import reprlib
from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from octet.common.chance import by_chance
from octet.common.errors import UserError
from octet.common.untrusted_files import read_untrusted_file
from octet.fetching.own import require_path
from octet.recipe.shared.dataset import CocoSet
from octet.sources.packing.tar import PackedFile
from octet.sources.voc.annotation import LONGEST_CLASS, Annotation, Object, VocBox, serialize_annotation
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, MOST_BYTES, PICTURES

FOLDER = "COCO"  # the name of the set's folder in the archive

_LARGEST_FILE = 1 << 31  # bytes; the annotations of COCO's train2017 have 470 MB
_LONGEST_NAME = 200  # bytes of a file name; file systems allow 255, and the name of the set is added
_LARGEST = 1e6  # px, the largest coordinate that is accepted


def coco_members(sets: Mapping[str, CocoSet]) -> Iterator[PackedFile]:
    """Yield the members of the archive; each set becomes the image set COCO/NAME.

    The id of a picture is the name of its file; with several sets, the name of the set is put before it.
    """
    root = f"VOCdevkit/{FOLDER}"
    for name, paths in sets.items():
        annotations = _read_annotations(require_path(paths.instances), f"{name}_" if len(sets) > 1 else "")
        require_path(paths.pictures)
        ids = sorted((annotation.id for _, annotation in annotations.values()), key=by_chance)
        yield PackedFile(f"{root}/{IMAGE_SETS}/{name}.txt", "".join(f"{id}\n" for id in ids).encode())
        for file_name, (place, annotation) in annotations.items():
            origin = f"{paths.instances}: {place} {file_name!r}"
            yield PackedFile(f"{root}/{ANNOTATIONS}/{annotation.id}.xml", serialize_annotation(annotation), origin)
            picture = paths.pictures / file_name
            if picture.is_file():  # a missing one is reported where every picture is checked
                name = f"{root}/{PICTURES}/{annotation.id}{picture.suffix}"
                yield PackedFile(name, read_untrusted_file(picture, MOST_BYTES[PICTURES]), str(picture))


def read_instances(file: Path) -> Any:
    """Read a JSON file, which may be one of COCO's instances."""
    try:
        return json.loads(read_untrusted_file(file, _LARGEST_FILE), object_pairs_hook=_read_object)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}: not valid JSON: {error}") from None


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make a mapping of an object's keys and values; JSON allows a key twice, but what it means then is unclear."""
    read = dict(pairs)
    if len(read) < len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise ValueError(f"{reprlib.repr(twice)} stands twice in an object")
    return read


def _read_annotations(file: Path, prefix: str) -> dict[str, tuple[str, Annotation]]:
    """Read a file of COCO's instances: map each picture's file name to its place in the file and its annotation.

    All errors in the file are reported together.
    """
    content = read_instances(file)
    problems: list[str] = []
    names = _read_categories(content, problems)
    images = dict(_valid_items(content, "images", {"id": int, "file_name": str}, problems))
    objects = _read_objects(content, {image["id"] for image in images.values()}, names, problems)
    annotations: dict[str, tuple[str, Annotation]] = {}
    places: dict[object, str] = {}  # of each id of COCO and of each id in the archive
    for place, image in images.items():
        path, size = PurePosixPath(image["file_name"]), _size(image)
        if not _is_safe(path):
            problems.append(
                f"{place}.file_name: {reprlib.repr(image['file_name'])} is not a path below the folder of pictures"
            )
            continue
        id = prefix + "_".join(path.with_suffix("").parts)
        if size is None:
            problems.append(f"{place}: width and height are not whole numbers of pixels")
        elif first := places.get(image["id"]) or places.get(id):
            problems.append(f"{place}: has the same id or file name as {first}")
        else:
            annotation = Annotation(id, FOLDER, *size, tuple(objects[image["id"]]))
            annotations[image["file_name"]] = place, annotation
        places.setdefault(image["id"], place)
        places.setdefault(id, place)
    if problems:
        raise UserError("\n".join([f"{len(problems)} things are wrong in {file}:", *problems]))
    return annotations


def _read_categories(content: Any, problems: list[str]) -> dict[int, str]:
    """Map the ids of the categories to their names."""
    names: dict[int, str] = {}
    for place, item in _valid_items(content, "categories", {"id": int, "name": str}, problems):
        if item["id"] in names:
            problems.append(f"{place}.id: {reprlib.repr(item['id'])} is also the id of another category")
        if not item["name"].isprintable() or not item["name"].strip() or len(item["name"]) > LONGEST_CLASS:
            expected = f"printable text of at most {LONGEST_CLASS} characters"
            problems.append(f"{place}.name: {reprlib.repr(item['name'])}, expected {expected}")
        names[item["id"]] = item["name"]
    return names


def _read_objects(
    content: Any, images: Container[int], names: Mapping[int, str], problems: list[str]
) -> defaultdict[int, list[Object]]:
    """Map the ids of images to their objects; `images` are the known ids, `names` the names of the categories."""
    objects: defaultdict[int, list[Object]] = defaultdict(list)
    fields = {"image_id": int, "category_id": int, "bbox": list}
    for place, item in _valid_items(content, "annotations", fields, problems):
        box, crowd = _to_voc_pixels(item["bbox"]), item.get("iscrowd", 0)
        if item["image_id"] not in images:
            problems.append(f"{place}.image_id: {reprlib.repr(item['image_id'])} is the id of no image")
        elif item["category_id"] not in names:
            problems.append(f"{place}.category_id: {reprlib.repr(item['category_id'])} is the id of no category")
        elif box is None:
            problems.append(f"{place}.bbox: found {reprlib.repr(item['bbox'])}, expected [x, y, width, height]")
        elif crowd not in (0, 1):
            problems.append(f"{place}.iscrowd: found {reprlib.repr(crowd)}, expected 0 or 1")
        else:
            name = names[item["category_id"]]
            objects[item["image_id"]].append(Object(name, box, difficult=bool(crowd), origin=place))
    return objects


def _is_safe(path: PurePosixPath) -> bool:
    """Tell whether a file name is a printable relative path that stays below the folder of pictures."""
    is_short = all(len(part.encode(errors="replace")) <= _LONGEST_NAME for part in path.parts)
    return (
        bool(path.name) and str(path).isprintable() and is_short and not path.is_absolute() and ".." not in path.parts
    )


def _size(image: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return width and height of an image, 0 if they are missing, or None if they are invalid."""
    width, height = (image.get(side) or 0 for side in ("width", "height"))
    is_valid = all(type(side) is int and 0 <= side < _LARGEST for side in (width, height))
    return (width, height) if is_valid else None


def _valid_items(
    content: Any, key: str, fields: Mapping[str, type], problems: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the place and the content of each item of the list `key` in which all fields have the given types."""
    items = content.get(key) if isinstance(content, dict) else None
    if not isinstance(items, list):
        problems.append(f"{key}: expected a list, as in COCO's instances files")
        return
    for index, item in enumerate(items):
        has_id = isinstance(item, dict) and type(item.get("id")) is int
        place = f"{key}[{index}] (id {reprlib.repr(item['id'])})" if has_id else f"{key}[{index}]"
        invalid = [
            field for field, kind in fields.items() if not isinstance(item, dict) or type(item.get(field)) is not kind
        ]
        problems += [f"{place}.{field}: missing, or not of type {fields[field].__name__}" for field in invalid]
        if not invalid:
            yield place, item


def _to_voc_pixels(box: list[Any]) -> VocBox | None:
    """Convert COCO's [x, y, width, height], counted from 0, to VOC's pixels; None if the box is invalid."""
    if len(box) != 4 or not all(type(side) in (int, float) and -_LARGEST < side < _LARGEST for side in box):
        return None
    x, y, width, height = box
    return x + 1, y + 1, x + width, y + height
