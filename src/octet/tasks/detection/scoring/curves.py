"""Writes precision against recall as CSV, for DVC's plots and the report."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from octet.common.files import write_rows
from octet.common.spreadsheets import csv_text
from octet.tasks.detection.metric.average_precision import RankedDetections, precision_recall

_STEPS = 100  # along recall: enough to draw, however many detections there are


def write_precision_recall(path: Path, ranked_by_class: Sequence[RankedDetections], classes: Sequence[str]) -> None:
    """Write a row for each class and recall, with the best precision at that recall or above."""
    rows = []
    for name, ranked in zip(classes, ranked_by_class, strict=True):
        curve = precision_recall(ranked)
        for recall in np.arange(_STEPS + 1) / _STEPS:
            best = curve.precision[curve.recall >= recall].max(initial=0.0)
            rows.append((csv_text(name), f"{recall:.2f}", f"{best:.5f}"))
    write_rows(path, ("class", "recall", "precision"), rows)
