"""The scores with each of the kernels as a table for the terminal."""

from tabulate import tabulate

from octet.measuring.evaluation import interval_text, signed
from octet.measuring.kernels import KernelScores
from octet.recipe.shared.recipe import Recipe


def kernels_table(scores: KernelScores, recipe: Recipe) -> str:
    """A line for each step and metric: the score after it, the change, and the interval of the change."""
    rows = [
        (
            f"{step.before} → {step.after}",
            recipe.metrics[step.metric],
            f"{scores.variants[step.after][step.metric]:.4f}",
            signed(step.delta),
            interval_text(step.ci95),
        )
        for step in scores.ledger
    ]
    head = ("step", "metric", "score", "change", "95 % interval")
    return tabulate([head, *rows], tablefmt="plain", disable_numparse=True)
