"""Computes all scores of one model on one set of pictures."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from octet.tasks.classification.metric.answers import BEST, Answers, is_among_top, top_share
from octet.tasks.classification.metric.truths import Truths
from octet.tasks.classification.scoring.calibration import calibration_error

_DECIMALS = 5


def compute_scores(answers: Answers, truths: Truths, classes: Sequence[str]) -> dict[str, Any]:
    """A model's scores as evaluation.json holds them: of all pictures, and of each class that has any.

    The precision of a class that the model never names is 0.
    """
    correct = is_among_top(answers, truths, 1)
    named, pictures, right = (
        np.bincount(chosen, minlength=len(classes))
        for chosen in (answers.first, truths.classes, truths.classes[correct])
    )
    per_class = {
        name: {
            "precision": round(float(right[number] / max(named[number], 1)), _DECIMALS),
            "recall": round(float(right[number] / pictures[number]), _DECIMALS),
        }
        for number, name in enumerate(classes)
        if pictures[number]
    }
    return {
        "top1": round(float(correct.mean()), _DECIMALS),
        "top5": round(top_share(answers, truths, BEST), _DECIMALS),
        "ece": round(calibration_error(answers.scores[:, 0], correct), _DECIMALS),
        "per_class": per_class,
    }
