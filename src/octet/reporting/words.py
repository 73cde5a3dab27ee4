"""The ledger in words: questions, and answers with the changes and their intervals."""

from octet.measuring.evaluation import Evaluation, Step, interval_text, signed
from octet.recipe.shared.recipe import Recipe

_QUESTIONS = {
    ("float", "uint8"): "From the float model to the shipped file",
    ("control", "uint8"): "Against a float model that trained as much further",
    ("qat", "uint8"): "From the fake-quantized model to the file, which is conversion alone",
    ("int8_ptq", "uint8"): "Against int8_ptq, the same float model quantized without training",
}


def answers(evaluation: Evaluation, recipe: Recipe) -> list[tuple[str, str]]:
    """The questions that people ask about a run, each with its answer from the ledger, in every judged metric."""
    steps = {(step.before, step.after, step.metric): step for step in evaluation.ledger}
    is_unchanged = all(steps["float", "control", metric].ci95 == (0, 0) for metric in recipe.max_drops)
    return [
        (
            f"{question}, and scores as before" if ends[0] == "control" and is_unchanged else question,
            "; ".join(
                f"{recipe.metrics[metric]} {change(step, evaluation.is_more_than_chance(step))}"
                for metric in recipe.max_drops
                for step in [steps[(*ends, metric)]]
            ),
        )
        for ends, question in _QUESTIONS.items()
    ]


def change(step: Step, is_more_than_chance: bool) -> str:
    """The change at a step, its interval, and whether the test pictures can tell it from no change."""
    verdict = "which these pictures cannot tell from no change"
    if is_more_than_chance:
        verdict = f"{'better' if step.ci95[0] > 0 else 'worse'} by more than the choice of pictures explains"
    return f"{signed(step.delta)} (95 % interval {interval_text(step.ci95)}), {verdict}"
