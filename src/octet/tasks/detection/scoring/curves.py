"""Precision against recall as CSV, for DVC's plots and the report."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from octet.tasks.detection.metric.average_precision import Ranked, precision_recall

_STEPS = 100  # along recall: enough to draw, however many detections there are


def write_curve(path: Path, ranked: Sequence[Ranked], classes: Sequence[str]) -> None:
    """One row a class and recall: the best precision at that recall or beyond."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["class", "recall", "precision"])
        for name, of in zip(classes, ranked, strict=True):
            curve = precision_recall(of)
            for recall in np.arange(_STEPS + 1) / _STEPS:
                best = curve.precision[curve.recall >= recall].max(initial=0.0)
                writer.writerow([name, f"{recall:.2f}", f"{best:.5f}"])
