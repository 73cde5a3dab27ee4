"""The table of scores that a run ends with, and that the report and the model card show."""

from tabulate import tabulate

from octet.measuring.evaluation import Evaluation, Step, signed
from octet.recipe.shared.recipe import Recipe


def columns(recipe: Recipe) -> tuple[str, ...]:
    """The names of the columns of the table of scores."""
    return ("variant", *recipe.metrics.values(), "size", "change", "95 % interval")


def rows(evaluation: Evaluation, recipe: Recipe) -> list[tuple[str, ...]]:
    """A row for each variant; the change is in the headline metric against the float model, as in the ledger."""
    steps = {step.after: step for step in evaluation.steps(recipe.headline) if step.before == "float"}
    return [
        (
            name,
            *(f"{variant[metric]:.4f}" for metric in recipe.metrics),
            f"{variant.bytes / 1e6:.2f} MB" if variant.bytes else "",
            *(_change(steps[name]) if name in steps else ("", "")),
        )
        for name, variant in evaluation.variants.items()
    ]


def scores_table(evaluation: Evaluation, recipe: Recipe) -> str:
    """The table of scores as text for a terminal."""
    head = columns(recipe)
    sides = ("left", *["right"] * (len(head) - 1))
    # The head is a line like the others: tabulate would widen its columns.
    return tabulate([head, *rows(evaluation, recipe)], tablefmt="plain", disable_numparse=True, colalign=sides)


def _change(step: Step) -> tuple[str, str]:
    low, high = step.ci95
    return signed(step.delta), f"{signed(low)} to {signed(high)}"
