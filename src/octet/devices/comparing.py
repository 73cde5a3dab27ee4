"""A runtime's answers against the reference's: how many bytes are the same, and how far the others are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.devices.protocol import Status

NEAR = 8  # steps: what is further is no rounding any more
MOST_FAR = 0.01  # the share of values that may be further, for some fall on the edge of a large step
MOST_DROP = 0.02  # of the score, beyond what may be chance

Outputs = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Difference:
    """How far a runtime's outputs are from the reference's."""

    same_bytes: float  # the share
    max_steps: float | None = None  # None where no output has steps
    far: float | None = None  # the share of values that are more than NEAR steps away


def difference(outputs: Outputs, reference: Outputs, steps: Sequence[float | None]) -> Difference | str:
    """Compare all outputs; `steps` has the size of a step of each, None without. A text says why they cannot be."""
    for position, (one, other) in enumerate(zip(outputs, reference, strict=False)):
        if one.shape != other.shape or one.dtype != other.dtype:
            return f"output {position} is {_form(one)}, expected {_form(other)}"
        if not np.isfinite(one.astype(np.float64)).all():
            return f"output {position} has values that are no numbers"
    if len(outputs) != len(reference):
        return f"found {len(outputs)} outputs, expected {len(reference)}"
    same = [_bytes(one) == _bytes(other) for one, other in zip(outputs, reference, strict=True)]
    apart = [
        np.abs(one.astype(np.float64) - other.astype(np.float64)) / size
        for one, other, size in zip(outputs, reference, steps, strict=True)
        if size
    ]
    share = float(np.concatenate([each.ravel() for each in same]).mean())
    if not apart:
        return Difference(share)
    every = np.concatenate([each.ravel() for each in apart])
    return Difference(share, float(every.max()), float((every > NEAR).mean()))


def verdict(found: Difference | None, change: float, highest: float) -> tuple[Status, str]:
    """`equal`, `close` or `wrong`, and the reason; without a difference, the score alone decides.

    `change` is that of the score, and `highest` the upper end of its 95 % interval: on few pictures a single object
    counts much, and one that is found no more says little.
    """
    is_lost = highest < -MOST_DROP
    told = f"score {round(change, 4) + 0.0:+.4f}"  # no minus before a zero
    if found is None:
        return ("wrong" if is_lost else "close"), told
    if found.same_bytes == 1:
        return "equal", "every byte"
    if found.max_steps is not None and found.far is not None:
        told = f"within {found.max_steps:.3g} steps, {found.far:.2%} of the values beyond {NEAR}; {told}"
        if found.far > MOST_FAR:
            return "wrong", told
    return ("wrong" if is_lost else "close"), told


def _bytes(values: NDArray[Any]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(values).reshape(-1).view(np.uint8)


def _form(values: NDArray[Any]) -> str:
    return f"{values.dtype} {' x '.join(map(str, values.shape[1:]))}"
