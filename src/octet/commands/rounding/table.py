"""The scores with each of the kernels as a table for the terminal."""

from tabulate import tabulate

from octet.measuring.kernels import KernelScores
from octet.recipe.shared.recipe import Recipe
from octet.reporting.measured import kernel_rows


def kernels_table(scores: KernelScores, recipe: Recipe) -> str:
    """A line for each step and metric: the score after it, the change, and the interval of the change."""
    head = ("step", "metric", "score", "change", "95 % interval")
    return tabulate([head, *kernel_rows(scores, recipe)], tablefmt="plain", disable_numparse=True)
