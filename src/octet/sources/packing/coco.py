"""Annotations in COCO's format, packed with their pictures into an archive like VOC's."""

import json
import reprlib
from collections import defaultdict
from collections.abc import Container, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from octet.common.errors import UserError
from octet.fetching.own import require_place
from octet.recipe.shared.dataset import CocoSet
from octet.sources.packing.tar import PackedFile
from octet.sources.voc.annotation import Annotation, Box, Object, serialize
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, PICTURES

FOLDER = "COCO"

_LONGEST_NAME = 200  # bytes; file systems take 255, of which the set's name has some
_LARGEST = 1e6  # px


def archive_files(sets: Mapping[str, CocoSet]) -> Iterator[PackedFile]:
    """The members of the archive: each set is an image set, COCO/NAME.

    A picture's id is the name of its file, after the name of its set where there are several sets.
    """
    root = f"VOCdevkit/{FOLDER}"
    for name, paths in sets.items():
        annotations = _read_annotations(require_place(paths.instances), f"{name}_" if len(sets) > 1 else "")
        require_place(paths.pictures)
        ids = [annotation.id for _, annotation in annotations.values()]
        yield PackedFile(f"{root}/{IMAGE_SETS}/{name}.txt", "".join(f"{id}\n" for id in ids).encode())
        for file_name, (where, annotation) in annotations.items():
            origin = f"{paths.instances}: {where} {file_name!r}"
            yield PackedFile(f"{root}/{ANNOTATIONS}/{annotation.id}.xml", serialize(annotation), origin)
            picture = paths.pictures / file_name
            if picture.is_file():  # a missing one is reported where every picture is checked
                name = f"{root}/{PICTURES}/{annotation.id}{picture.suffix}"
                yield PackedFile(name, picture.read_bytes(), str(picture))


def _read_annotations(file: Path, prefix: str) -> dict[str, tuple[str, Annotation]]:
    """The place in the file and the annotation of each picture, by the picture's file name.

    Whatever makes no sense in the file is reported at once.
    """
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}: not valid JSON: {error}") from None
    except OSError as error:
        raise UserError(f"{file}: {error.strerror}; expected a file in COCO's format") from None
    problems: list[str] = []
    names = _names(content, problems)
    images = dict(_items(content, "images", {"id": int, "file_name": str}, problems))
    objects = _objects(content, {image["id"] for image in images.values()}, names, problems)
    annotations: dict[str, tuple[str, Annotation]] = {}
    seen: dict[object, str] = {}
    for where, image in images.items():
        name, sides = PurePosixPath(image["file_name"]), _sides(image)
        if not _is_below(name):
            problems.append(f"{where}.file_name: {image['file_name']!r} is no path below the folder of pictures")
            continue
        id = prefix + "_".join(name.with_suffix("").parts)
        if sides is None:
            problems.append(f"{where}: width and height are not whole numbers of pixels")
        elif other := seen.get(image["id"]) or seen.get(id):
            problems.append(f"{where}: has the id or the file's name of {other}")
        else:
            annotation = Annotation(id, FOLDER, *sides, tuple(objects[image["id"]]))
            annotations[image["file_name"]] = where, annotation
        seen.setdefault(image["id"], where)
        seen.setdefault(id, where)
    if problems:
        raise UserError("\n".join([f"{len(problems)} things are wrong in {file}:", *problems]))
    return annotations


def _names(content: Any, problems: list[str]) -> dict[int, str]:
    """The categories' names by their ids."""
    names: dict[int, str] = {}
    for where, item in _items(content, "categories", {"id": int, "name": str}, problems):
        if item["id"] in names:
            problems.append(f"{where}.id: {item['id']} is the id of another category, too")
        if not item["name"].isprintable():
            problems.append(f"{where}.name: {item['name']!r}, expected printable text")
        names[item["id"]] = item["name"]
    return names


def _objects(
    content: Any, images: Container[int], names: Mapping[int, str], problems: list[str]
) -> defaultdict[int, list[Object]]:
    """What is in each image, by its id."""
    objects: defaultdict[int, list[Object]] = defaultdict(list)
    wanted = {"image_id": int, "category_id": int, "bbox": list}
    for where, item in _items(content, "annotations", wanted, problems):
        box, crowd = _box(item["bbox"]), item.get("iscrowd", 0)
        if item["image_id"] not in images:
            problems.append(f"{where}.image_id: {item['image_id']} is the id of no image")
        elif item["category_id"] not in names:
            problems.append(f"{where}.category_id: {item['category_id']} is the id of no category")
        elif box is None:
            problems.append(f"{where}.bbox: found {reprlib.repr(item['bbox'])}, expected [x, y, width, height]")
        elif crowd not in (0, 1):
            problems.append(f"{where}.iscrowd: found {crowd!r}, expected 0 or 1")
        else:
            name = names[item["category_id"]]
            objects[item["image_id"]].append(Object(name, box, difficult=bool(crowd), origin=where))
    return objects


def _is_below(path: PurePosixPath) -> bool:
    short = all(len(part.encode(errors="replace")) <= _LONGEST_NAME for part in path.parts)
    return bool(path.name) and str(path).isprintable() and short and not path.is_absolute() and ".." not in path.parts


def _sides(image: Mapping[str, Any]) -> tuple[int, int] | None:
    """Width and height, 0 where they are not given."""
    width, height = (image.get(side) or 0 for side in ("width", "height"))
    return (width, height) if type(width) is type(height) is int and min(width, height) >= 0 else None


def _items(
    content: Any, key: str, wanted: Mapping[str, type], problems: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each item of one of the file's lists that has the wanted fields, with its place and its id."""
    items = content.get(key) if isinstance(content, dict) else None
    if not isinstance(items, list):
        problems.append(f"{key}: expected a list, as in COCO's instances files")
        return
    for index, item in enumerate(items):
        has_id = isinstance(item, dict) and type(item.get("id")) is int
        where = f"{key}[{index}] (id {item['id']})" if has_id else f"{key}[{index}]"
        wrong = [
            field for field, kind in wanted.items() if not isinstance(item, dict) or type(item.get(field)) is not kind
        ]
        problems += [f"{where}.{field}: missing, or not of type {wanted[field].__name__}" for field in wrong]
        if not wrong:
            yield where, item


def _box(box: list[Any]) -> Box | None:
    """COCO's [x, y, width, height] from 0 as VOC's corners from 1."""
    if len(box) != 4 or not all(type(side) in (int, float) and -_LARGEST < side < _LARGEST for side in box):
        return None
    x, y, width, height = box
    return x + 1, y + 1, x + width, y + height
