"""Write rendered pictures as a user's data: in VOC's, COCO's and YOLO's formats."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from octet.sources.packing import shapes
from octet.sources.voc.annotation import Annotation, serialize_annotation

Rendered = Sequence[tuple[bytes, Annotation]]


def write(path: Path, content: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def write_voc(picture_folder: Path, annotation_folder: Path, rendered: Rendered) -> None:
    for jpeg, annotation in rendered:
        write(picture_folder / f"{annotation.id}.jpg", jpeg)
        write(annotation_folder / f"{annotation.id}.xml", serialize_annotation(annotation))


def write_coco(picture_folder: Path, instances: Path, rendered: Rendered) -> None:
    images: list[dict[str, Any]] = []
    objects: list[dict[str, Any]] = []
    for number, (jpeg, annotation) in enumerate(rendered):
        write(picture_folder / f"{annotation.id}.jpg", jpeg)
        size = {"width": int(annotation.width), "height": int(annotation.height)}
        images.append({"id": number, "file_name": f"{annotation.id}.jpg", **size})
        for obj in annotation.objects:
            xmin, ymin, xmax, ymax = map(float, obj.box)
            box = [xmin - 1, ymin - 1, xmax - xmin + 1, ymax - ymin + 1]
            category = shapes.CLASSES.index(obj.name)
            objects.append({"id": len(objects), "image_id": number, "category_id": category, "bbox": box})
    categories = [{"id": number, "name": name} for number, name in enumerate(shapes.CLASSES)]
    write(instances, json.dumps({"images": images, "annotations": objects, "categories": categories}))


def write_yolo(picture_folder: Path, label_folder: Path, rendered: Rendered) -> None:
    for jpeg, annotation in rendered:
        write(picture_folder / f"{annotation.id}.jpg", jpeg)
        lines = []
        for obj in annotation.objects:
            left, top, right, bottom = (obj.box[0] - 1, obj.box[1] - 1, *obj.box[2:])
            centre = ((left + right) / 2 / annotation.width, (top + bottom) / 2 / annotation.height)
            size = ((right - left) / annotation.width, (bottom - top) / annotation.height)
            lines.append(" ".join(map(str, (shapes.CLASSES.index(obj.name), *centre, *size))))
        write(label_folder / f"{annotation.id}.txt", "\n".join(lines) + "\n")
