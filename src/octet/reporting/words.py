"""What the ledger says, in words."""

from collections.abc import Iterable

from octet.measuring.evaluation import Step, signed

_QUESTIONS = {
    ("float", "uint8"): "From the float model to the shipped file",
    ("control", "uint8"): "Against a float model that trained as much further",
    ("qat", "uint8"): "From the fake-quantized model to the file, which is conversion alone",
    ("int8_ptq", "uint8"): "Against int8_ptq, the same float model quantized without training",
}


def answers(steps: Iterable[Step]) -> list[tuple[str, str]]:
    """What people ask, each with its answer."""
    by_ends = {(step.before, step.after): step for step in steps}
    return [(question, change(by_ends[ends])) for ends, question in _QUESTIONS.items()]


def change(step: Step) -> str:
    """How much the score changes, and whether the pictures are enough to tell that from no change."""
    low, high = step.ci95
    known = "inside the error bars; these pictures show no difference"
    if step.is_more_than_chance:
        known = f"{'better' if low > 0 else 'worse'} by more than the choice of pictures explains"
    return f"{signed(step.delta)} (95 % interval {signed(low)} to {signed(high)}), {known}"
