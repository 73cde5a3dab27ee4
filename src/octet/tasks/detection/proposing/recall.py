"""Measures how well anchors fit objects, before anything is trained."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from octet.common.tensorflow import tf
from octet.recipe.detection import Recipe
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.network import boxes as box_math
from octet.tasks.detection.network.anchors import make_anchors

_AT_ONCE = 256  # objects; the overlaps of all objects with all anchors at once would take gigabytes


def describe_anchor_fit(recipe: Recipe, records: Path) -> str:
    """A table of how many objects of the train and val splits the recipe's anchors overlap well, by size."""
    truths = read_truths(records, "train") + read_truths(records, "val")
    boxes = np.concatenate([truth.boxes for truth in truths])
    anchors, size = make_anchors(recipe.model), recipe.model.input_size
    head = f"{len(anchors)} anchors on the objects of {len(truths)} pictures of train and val, at {size} px:"
    return f"{head}\n{recall_table(recall_by_size(boxes, anchors, size))}"


@dataclass(frozen=True)
class Recall:
    """How well anchors fit the objects of one range of sizes: up to `up_to`, from the `up_to` of the range before."""

    up_to: float  # px, the side of a square of the object's area, in the network's input
    objects: int
    covered: int  # the number of these objects that an anchor overlaps by at least half
    overlap: float  # with the best anchor, the mean over these objects


def recall_by_size(
    boxes: NDArray[np.float32], anchors: NDArray[np.float32], input_size: int, overlap: float = 0.5
) -> list[Recall]:
    """How well anchors [A, 4], given as centre and size, fit boxes [G, 4], given as corners, at every doubling of size.

    An object is covered if an anchor overlaps it by at least `overlap`.
    """
    best = _best_overlaps(boxes, anchors)
    sides = np.sqrt((boxes[:, 2:] - boxes[:, :2]).prod(axis=1)) * input_size
    rows, low = [], 0.0
    for up_to in (*[2.0**power for power in range(3, 10) if 2.0**power < input_size], np.inf):
        chosen = best[(low <= sides) & (sides < up_to)]
        if len(chosen):
            rows.append(Recall(up_to, len(chosen), int((chosen >= overlap).sum()), float(chosen.mean())))
        low = up_to
    return rows


def covered_share(boxes: NDArray[np.float32], anchors: NDArray[np.float32], input_size: int) -> float:
    """The share of the objects that an anchor overlaps by at least half."""
    rows = recall_by_size(boxes, anchors, input_size)
    return sum(row.covered for row in rows) / len(boxes)


def recall_table(rows: list[Recall]) -> str:
    """The rows as text: a line for each range of sizes, and one for all objects."""
    lines = [("object, px", "objects", "recall", "overlap")]
    low = 0.0
    for row in rows:
        lines.append(_line(f"{low:.0f} to {row.up_to:.0f}" if np.isfinite(row.up_to) else f"from {low:.0f}", row))
        low = row.up_to
    objects = sum(row.objects for row in rows)
    overlap = sum(row.objects * row.overlap for row in rows) / objects
    lines.append(_line("all", Recall(np.inf, objects, sum(row.covered for row in rows), overlap)))
    return tabulate(lines, tablefmt="plain", disable_numparse=True, colalign=["right"] * 4)


def _line(size: str, row: Recall) -> tuple[str, str, str, str]:
    return size, str(row.objects), f"{row.covered / row.objects:.3f}", f"{row.overlap:.3f}"


def _best_overlaps(boxes: NDArray[np.float32], anchors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The overlap of each box with the anchor that overlaps it most, [G]."""
    corners = box_math.centre_to_corners(tf.constant(anchors))

    @tf.function(reduce_retracing=True)
    def best(chunk: tf.Tensor) -> tf.Tensor:
        return tf.reduce_max(box_math.iou_matrix(chunk, corners), axis=1)

    chunks = [best(boxes[begin : begin + _AT_ONCE]).numpy() for begin in range(0, len(boxes), _AT_ONCE)]
    return np.concatenate(chunks)
