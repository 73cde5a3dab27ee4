"""The ledger in words: questions, and answers with the change and its interval."""

from collections.abc import Iterable

from octet.measuring.evaluation import Step, signed

_QUESTIONS = {
    ("float", "uint8"): "From the float model to the shipped file",
    ("control", "uint8"): "Against a float model that trained as much further",
    ("qat", "uint8"): "From the fake-quantized model to the file, which is conversion alone",
    ("int8_ptq", "uint8"): "Against int8_ptq, the same float model quantized without training",
}


def answers(steps: Iterable[Step]) -> list[tuple[str, str]]:
    """The questions that people ask about a run, each with its answer from the ledger's steps."""
    by_ends = {(step.before, step.after): step for step in steps}
    return [(question, change(by_ends[ends])) for ends, question in _QUESTIONS.items()]


def change(step: Step) -> str:
    """The change at a step, its interval, and whether the test pictures can tell it from no change."""
    low, high = step.ci95
    verdict = "inside the error bars; these pictures show no difference"
    if step.is_more_than_chance:
        verdict = f"{'better' if low > 0 else 'worse'} by more than the choice of pictures explains"
    return f"{signed(step.delta)} (95 % interval {signed(low)} to {signed(high)}), {verdict}"
