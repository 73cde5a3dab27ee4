"""The detections of a model in all pictures, as one table, and their conversion to and from COCO's results format."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.boxes import corners_to_xywh_pixels
from octet.tasks.detection.metric.truths import Truth

# Boxes [N, D, 4] as ymin, xmin, ymax, xmax in 0..1, classes [N, D], scores [N, D], counts [N], of a batch of pictures
DetectionBatch = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]

BOX_DECIMALS = 2  # of a pixel
SCORE_DECIMALS = 5


@dataclass(frozen=True)
class Detections:
    """All detections in a set of pictures, rounded as in the published files, so that anyone computes the same score
    from those files."""

    picture: NDArray[np.int64]  # [D], index into the list of truths
    classes: NDArray[np.int64]  # [D], 0-based
    scores: NDArray[np.float64]  # [D]
    boxes: NDArray[np.float64]  # [D, 4] x, y, width, height in pixels


def tabulate_detections(batches: Iterable[DetectionBatch], truths: Sequence[Truth]) -> Detections:
    """Put batches of detections into one table; the pictures come in the order of the truths."""
    pictures, classes, scores, boxes = [], [], [], []
    index = 0
    for batch in batches:
        for picture_boxes, picture_classes, picture_scores, count in zip(*batch, strict=True):
            truth, n = truths[index], int(count)
            corners = np.asarray(picture_boxes[:n], np.float64).clip(0, 1)
            pictures.append(np.full(n, index))
            classes.append(picture_classes[:n].astype(np.int64))
            scores.append(picture_scores[:n].astype(np.float64).round(SCORE_DECIMALS))
            boxes.append(corners_to_xywh_pixels(corners, truth.height, truth.width).round(BOX_DECIMALS))
            index += 1
    if index != len(truths):
        raise ValueError(f"detections of {index} pictures for {len(truths)} truths")
    return Detections(*(np.concatenate(column) for column in (pictures, classes, scores, boxes)))


def to_coco(detections: Detections, truths: Sequence[Truth]) -> list[dict[str, Any]]:
    """Detections in COCO's results format, but with VOC's ids as image_id; category_id counts from 1."""
    return [
        {"image_id": truths[picture].id, "category_id": int(class_) + 1, "bbox": box.tolist(), "score": float(score)}
        for picture, class_, box, score in zip(
            detections.picture, detections.classes, detections.boxes, detections.scores, strict=True
        )
    ]


def from_coco(results: Sequence[Mapping[str, Any]], truths: Sequence[Truth]) -> Detections:
    """Detections from COCO's results format, as `to_coco` gives it."""
    index = {truth.id: position for position, truth in enumerate(truths)}
    return Detections(
        picture=np.array([index[result["image_id"]] for result in results], np.int64),
        classes=np.array([result["category_id"] - 1 for result in results], np.int64),
        scores=np.array([result["score"] for result in results], np.float64),
        boxes=np.array([result["bbox"] for result in results], np.float64).reshape(-1, 4),
    )


def above_score(detections: Detections, min_score: float) -> Detections:
    """The detections whose score is at least `min_score`."""
    kept = detections.scores >= min_score
    return Detections(
        detections.picture[kept], detections.classes[kept], detections.scores[kept], detections.boxes[kept]
    )
