"""metrics.json: the scores that decide, of the float model and of the shipped file, for `dvc metrics diff`."""

from collections.abc import Iterable
from pathlib import Path

from octet.common.files import write_json
from octet.measuring.evaluation import DECIMALS, Evaluation


def write_metrics(path: Path, evaluation: Evaluation, metrics: Iterable[str]) -> None:
    """Write each metric of the float model and of the shipped file, and the change: after minus before."""
    scores = {}
    for metric in metrics:
        before, after = evaluation.variants["float"][metric], evaluation.variants["uint8"][metric]
        scores[metric] = {"float": before, "uint8": after, "change": round(after - before, DECIMALS)}
    write_json(path, scores)
