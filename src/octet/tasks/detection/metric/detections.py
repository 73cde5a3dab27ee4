"""What a model found, in original pixels, as COCO's results format has it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.tasks.detection.metric.boxes import corners_to_xywh_pixels
from octet.tasks.detection.metric.truths import Truth

# Boxes [N, D, 4] as ymin, xmin, ymax, xmax in 0..1, classes [N, D], scores [N, D], counts [N], of a batch of pictures
Found = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.int32]]

BOX_DECIMALS = 2  # of a pixel
SCORE_DECIMALS = 5


@dataclass(frozen=True)
class Detections:
    """All detections of a set of pictures, rounded as they are published, so that anyone's score is ours."""

    picture: NDArray[np.int64]  # [D], index into the truths
    classes: NDArray[np.int64]  # [D], 0-based
    scores: NDArray[np.float64]  # [D]
    boxes: NDArray[np.float64]  # [D, 4] x, y, width, height in pixels


def collect(batches: Iterable[Found], truths: Sequence[Truth]) -> Detections:
    """Put batches, in the order of the truths, into one table."""
    pictures, classes, scores, boxes = [], [], [], []
    index = 0
    for batch in batches:
        for found_boxes, found_classes, found_scores, count in zip(*batch, strict=True):
            truth, n = truths[index], int(count)
            corners = np.asarray(found_boxes[:n], np.float64).clip(0, 1)
            pictures.append(np.full(n, index))
            classes.append(found_classes[:n].astype(np.int64))
            scores.append(found_scores[:n].astype(np.float64).round(SCORE_DECIMALS))
            boxes.append(corners_to_xywh_pixels(corners, truth.height, truth.width).round(BOX_DECIMALS))
            index += 1
    if index != len(truths):
        raise ValueError(f"detections of {index} pictures for {len(truths)} truths")
    return Detections(*(np.concatenate(column) for column in (pictures, classes, scores, boxes)))


def to_coco(detections: Detections, truths: Sequence[Truth]) -> list[dict[str, Any]]:
    """COCO's results: image_id is VOC's, category_id counts from 1."""
    return [
        {"image_id": truths[picture].id, "category_id": int(class_) + 1, "bbox": box.tolist(), "score": float(score)}
        for picture, class_, box, score in zip(
            detections.picture, detections.classes, detections.boxes, detections.scores, strict=True
        )
    ]


def from_coco(results: Sequence[Mapping[str, Any]], truths: Sequence[Truth]) -> Detections:
    """What `to_coco` wrote."""
    index = {truth.id: position for position, truth in enumerate(truths)}
    return Detections(
        picture=np.array([index[of["image_id"]] for of in results], np.int64),
        classes=np.array([of["category_id"] - 1 for of in results], np.int64),
        scores=np.array([of["score"] for of in results], np.float64),
        boxes=np.array([of["bbox"] for of in results], np.float64).reshape(-1, 4),
    )


def above_score(detections: Detections, min_score: float) -> Detections:
    """Those that score enough."""
    of, enough = detections, detections.scores >= min_score
    return Detections(of.picture[enough], of.classes[enough], of.scores[enough], of.boxes[enough])
