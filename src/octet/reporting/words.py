"""What the ledger says, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

_TOLD = {
    ("float", "uint8"): "From the float model to the shipped file",
    ("control", "uint8"): "Against a float model that trained as much further",
    ("qat", "uint8"): "From the fake-quantized model to the file, which is conversion alone",
    ("int8_ptq", "uint8"): "Against int8_ptq, the same float model quantized without training",
}


def sentences(ledger: Sequence[Mapping[str, Any]]) -> list[str]:
    """One a question that people ask."""
    steps = {(step["from"], step["to"]): step for step in ledger}
    return [f"{question}: {change(steps[ends])}." for ends, question in _TOLD.items()]


def change(step: Mapping[str, Any]) -> str:
    """The change of VOC12 mAP, and whether the pictures are enough to tell it from none."""
    low, high = step["ci95"]
    known = "inside the error bars: these pictures show no difference"
    if low > 0 or high < 0:
        known = f"{'better' if low > 0 else 'worse'} by more than the choice of pictures explains"
    return f"{step['delta']:+.4f} (95 % interval {low:+.4f} to {high:+.4f}), {known}"
