"""metrics.json: the score that decides, of the float model and of the shipped file, for `dvc metrics diff`."""

from pathlib import Path

from octet.common.files import write_json
from octet.measuring.evaluation import Evaluation

_DECIMALS = 5


def write_metrics(path: Path, evaluation: Evaluation, metric: str) -> None:
    """Write the score of the float model and of the shipped file, and the change: after minus before."""
    before, after = evaluation.variants["float"][metric], evaluation.variants["uint8"][metric]
    write_json(path, {metric: {"float": before, "uint8": after, "change": round(after - before, _DECIMALS)}})
