"""Computes COCO's mean average precision, over overlaps from 0.50 to 0.95, with pycocotools."""

import contextlib
import io
from collections.abc import Sequence
from typing import Any

from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from octet.tasks.detection.metric.average_precision import pixel_boxes
from octet.tasks.detection.metric.detections import Detections
from octet.tasks.detection.metric.truths import Truth


class _WithDifficult(COCOeval):
    """COCO's evaluation, except that VOC's difficult objects are ignored, each with one detection that matches it."""

    def _prepare(self) -> None:
        super()._prepare()
        for objects in self._gts.values():
            for object_ in objects:
                object_["ignore"] = object_["difficult"]


def coco_map(detections: Detections, truths: Sequence[Truth], classes: int) -> float:
    """COCO's average precision, averaged over classes and overlaps."""
    results = [
        {"image_id": int(picture), "category_id": int(class_) + 1, "bbox": box.tolist(), "score": float(score)}
        for picture, class_, box, score in zip(
            detections.picture, detections.classes, detections.boxes, detections.scores, strict=True
        )
    ]
    if not results:
        return 0.0
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints what it does
        truth = COCO()
        truth.dataset = _ground_truth(truths, classes)
        truth.createIndex()
        evaluation = _WithDifficult(truth, truth.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return max(float(evaluation.stats[0]), 0.0)


def _ground_truth(truths: Sequence[Truth], classes: int) -> dict[str, Any]:
    """The ground truth as COCO's annotation format has it; an image's id is its index in `truths`."""
    objects: list[dict[str, Any]] = []
    for picture, truth in enumerate(truths):
        for box, class_, difficult in zip(pixel_boxes(truth), truth.classes, truth.difficult, strict=True):
            objects.append(
                {
                    "id": len(objects) + 1,
                    "image_id": picture,
                    "category_id": int(class_) + 1,
                    "bbox": box.tolist(),
                    "area": float(box[2] * box[3]),
                    "iscrowd": 0,
                    "difficult": int(difficult),
                }
            )
    return {
        "info": {},
        "images": [
            {"id": picture, "width": truth.width, "height": truth.height} for picture, truth in enumerate(truths)
        ],
        "annotations": objects,
        "categories": [{"id": index + 1, "name": str(index)} for index in range(classes)],
    }
