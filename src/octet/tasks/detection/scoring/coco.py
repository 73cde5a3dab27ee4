"""COCO's mean average precision over overlaps 0.50 to 0.95, through pycocotools."""

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
    """Objects that VOC calls difficult are ignored as COCO ignores those of another size, one match each."""

    def _prepare(self) -> None:
        super()._prepare()
        for objects in self._gts.values():
            for thing in objects:
                thing["ignore"] = thing["difficult"]


def coco_map(detections: Detections, truths: Sequence[Truth], classes: int) -> float:
    """AP averaged over classes and overlaps."""
    found = [
        {"image_id": int(picture), "category_id": int(class_) + 1, "bbox": box.tolist(), "score": float(score)}
        for picture, class_, box, score in zip(
            detections.picture, detections.classes, detections.boxes, detections.scores, strict=True
        )
    ]
    if not found:
        return 0.0
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools narrates
        truth = COCO()
        truth.dataset = _ground_truth(truths, classes)
        truth.createIndex()
        evaluation = _WithDifficult(truth, truth.loadRes(found), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return max(float(evaluation.stats[0]), 0.0)


def _ground_truth(truths: Sequence[Truth], classes: int) -> dict[str, Any]:
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
        "images": [{"id": picture, "width": t.width, "height": t.height} for picture, t in enumerate(truths)],
        "annotations": objects,
        "categories": [{"id": index + 1, "name": str(index)} for index in range(classes)],
    }
