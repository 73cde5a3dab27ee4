"""The short table that a run ends with."""

from collections.abc import Sequence

from octet.measuring.evaluation import Evaluation, Step
from octet.recipe.shared.recipe import Recipe


def columns(recipe: Recipe) -> tuple[str, ...]:
    """The table's head."""
    return ("variant", *recipe.metrics.values(), "size", "change", "95 % interval")


def rows(evaluation: Evaluation, recipe: Recipe) -> list[tuple[str, ...]]:
    """One row a variant; the change is in the headline metric against the float model, as the ledger has it."""
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


def text_table(evaluation: Evaluation, recipe: Recipe) -> str:
    """The table for a terminal."""
    lines: Sequence[tuple[str, ...]] = [columns(recipe), *rows(evaluation, recipe)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _change(step: Step) -> tuple[str, str]:
    low, high = step.ci95
    change, least, most = (f"{round(of, 4) + 0.0:+.4f}" for of in (step.delta, low, high))  # no minus zero
    return change, f"{least} to {most}"
