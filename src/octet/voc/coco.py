"""Annotations in COCO's format, packed with their pictures into an archive like VOC's."""

import json
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from octet.errors import UserError
from octet.recipe import CocoSet
from octet.voc.annotation import Annotation, Box, Object, serialize
from octet.voc.own import require_place

FOLDER = "COCO"


def archive_files(sets: Mapping[str, CocoSet]) -> Iterator[tuple[str, bytes]]:
    """The members of the archive: each set is an image set, COCO/NAME; a picture's id is the name of its file."""
    for name, of in sets.items():
        annotations = _read(require_place(of.instances))
        require_place(of.pictures)
        root = f"VOCdevkit/{FOLDER}"
        ids = [annotation.id for annotation in annotations.values()]
        yield f"{root}/ImageSets/Main/{name}.txt", "".join(f"{id}\n" for id in ids).encode()
        for file_name, annotation in annotations.items():
            yield f"{root}/Annotations/{annotation.id}.xml", serialize(annotation)
            picture = of.pictures / file_name
            if picture.is_file():  # one that is not there is found where every picture is looked at
                yield f"{root}/JPEGImages/{annotation.id}{picture.suffix}", picture.read_bytes()


def _read(file: Path) -> dict[str, Annotation]:
    """The annotations of a file by the pictures' file names; all that does not make sense in it, at once."""
    try:
        content = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise UserError(f"{file}: not valid JSON: {error}") from None
    problems: list[str] = []
    names = {item["id"]: item["name"] for _, item in _items(content, "categories", {"id": int, "name": str}, problems)}
    objects: defaultdict[int, list[Object]] = defaultdict(list)
    images = dict(_items(content, "images", {"id": int, "file_name": str}, problems))
    known = {image["id"] for image in images.values()}
    wanted = {"image_id": int, "category_id": int, "bbox": list}
    for where, item in _items(content, "annotations", wanted, problems):
        box = _box(item["bbox"])
        if item["image_id"] not in known:
            problems.append(f"{where}.image_id: {item['image_id']} is the id of no image")
        elif item["category_id"] not in names:
            problems.append(f"{where}.category_id: {item['category_id']} is the id of no category")
        elif box is None:
            problems.append(f"{where}.bbox: found {item['bbox']}, expected [x, y, width, height]")
        else:
            thing = Object(names[item["category_id"]], box, difficult=bool(item.get("iscrowd")))
            objects[item["image_id"]].append(thing)
    annotations = {}
    for where, image in images.items():
        path = PurePosixPath(image["file_name"])
        if path.is_absolute() or ".." in path.parts or image["file_name"] in annotations:
            problems.append(f"{where}.file_name: {image['file_name']!r} leads out of the folder, or stands there twice")
            continue
        id = "_".join(path.with_suffix("").parts)
        size = (int(image.get("width") or 0), int(image.get("height") or 0))
        annotations[image["file_name"]] = Annotation(id, FOLDER, *size, tuple(objects[image["id"]]))
    if problems:
        raise UserError("\n".join([f"{len(problems)} things are wrong in {file}:", *problems]))
    return annotations


def _items(
    content: Any, key: str, wanted: Mapping[str, type], problems: list[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each item of one of the file's lists that has the fields that it needs, with its place."""
    items = content.get(key) if isinstance(content, dict) else None
    if not isinstance(items, list):
        problems.append(f"{key}: expected a list, as in COCO's instances files")
        return
    for index, item in enumerate(items):
        wrong = [
            field for field, kind in wanted.items() if not isinstance(item, dict) or type(item.get(field)) is not kind
        ]
        problems += [f"{key}[{index}].{field}: missing, or not of type {wanted[field].__name__}" for field in wrong]
        if not wrong:
            yield f"{key}[{index}]", item


def _box(box: list[Any]) -> Box | None:
    """COCO's [x, y, width, height] from 0 as VOC's corners from 1."""
    if len(box) != 4 or not all(type(side) in (int, float) and math.isfinite(side) for side in box):
        return None
    x, y, width, height = box
    return x + 1, y + 1, x + width, y + height
