"""What two models say of the same pictures: how often the same, and whether one is right more often than by chance."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

_DECIMALS = 5


def compare_answers(
    before: NDArray[np.int64], after: NDArray[np.int64], classes: NDArray[np.int64]
) -> dict[str, float]:
    """Compare the first answers of two models, each [N], on pictures of these classes [N].

    `gained` and `lost` count the pictures that only the later or only the earlier model is right about, and `mcnemar_p`
    is how likely counts at least that uneven are where neither model is better: McNemar's test in its exact form.
    """
    gained = int(np.count_nonzero((after == classes) & (before != classes)))
    lost = int(np.count_nonzero((before == classes) & (after != classes)))
    p = binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    return {
        "agreement": round(float((before == after).mean()), _DECIMALS),
        "gained": gained,
        "lost": lost,
        "mcnemar_p": float(f"{p:.4g}"),
    }
