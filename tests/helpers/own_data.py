"""Rendered pictures as people's own data: in VOC's, COCO's and YOLO's formats."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from octet.sources.packing import shapes
from octet.sources.voc.annotation import Annotation, serialize

Rendered = Sequence[tuple[bytes, Annotation]]


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def write_voc(pictures_in: Path, annotations_in: Path, rendered: Rendered) -> None:
    for jpeg, annotation in rendered:
        write(pictures_in / f"{annotation.id}.jpg", jpeg)
        write(annotations_in / f"{annotation.id}.xml", serialize(annotation))


def write_coco(pictures_in: Path, instances: Path, rendered: Rendered) -> None:
    images: list[dict[str, Any]] = []
    objects: list[dict[str, Any]] = []
    for number, (jpeg, annotation) in enumerate(rendered):
        write(pictures_in / f"{annotation.id}.jpg", jpeg)
        size = {"width": int(annotation.width), "height": int(annotation.height)}
        images.append({"id": number, "file_name": f"{annotation.id}.jpg", **size})
        for thing in annotation.objects:
            xmin, ymin, xmax, ymax = map(float, thing.box)
            box = [xmin - 1, ymin - 1, xmax - xmin + 1, ymax - ymin + 1]
            category = shapes.CLASSES.index(thing.name)
            objects.append({"id": len(objects), "image_id": number, "category_id": category, "bbox": box})
    categories = [{"id": number, "name": name} for number, name in enumerate(shapes.CLASSES)]
    write(instances, json.dumps({"images": images, "annotations": objects, "categories": categories}))


def write_yolo(pictures_in: Path, labels_in: Path, rendered: Rendered) -> None:
    for jpeg, annotation in rendered:
        write(pictures_in / f"{annotation.id}.jpg", jpeg)
        lines = []
        for thing in annotation.objects:
            left, top, right, bottom = (thing.box[0] - 1, thing.box[1] - 1, *thing.box[2:])
            centre = ((left + right) / 2 / annotation.width, (top + bottom) / 2 / annotation.height)
            size = ((right - left) / annotation.width, (bottom - top) / annotation.height)
            lines.append(" ".join(map(str, (shapes.CLASSES.index(thing.name), *centre, *size))))
        write(labels_in / f"{annotation.id}.txt", "\n".join(lines) + "\n")
