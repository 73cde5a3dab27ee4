"""The table of scores that a run ends with: the judged metrics, the size of each file, and its time here."""

from tabulate import tabulate

from octet.commands.benchmark.speed import Speed
from octet.commands.ending.style import BOLD, FAINT, GREEN, styled
from octet.measuring.evaluation import Evaluation, changes_from_float, interval_text, signed
from octet.recipe.shared.recipe import Recipe

_SHIPPED, _MARK = "uint8", "> "  # it stands out in a log as well


def scores_table(evaluation: Evaluation, recipe: Recipe, speed: Speed) -> str:
    """A line for each variant; the changes are against the float model, as in the ledger."""
    steps = changes_from_float(evaluation.ledger)
    head = ["  variant"]
    for metric in recipe.max_drops:
        head += [recipe.metrics[metric], "change", "95 % interval"]
    rows = [[*head, "MB", "ms"]]
    for name, variant in evaluation.variants.items():
        row = [(_MARK if name == _SHIPPED else "  ") + name]
        for metric in recipe.max_drops:
            step = steps.get((metric, name))
            row += [f"{variant[metric]:.4f}", *((signed(step.delta), interval_text(step.ci95)) if step else ("", ""))]
        row.append(f"{variant.bytes / 1e6:.2f}" if variant.bytes else "")
        rows.append([*row, f"{speed[name]:.2f}" if name in speed.files else ""])
    sides = ("left", *["right"] * (len(rows[0]) - 1))
    # The head is a line like the others: tabulate would widen its columns.
    with_spaces = tabulate(rows, tablefmt="plain", disable_numparse=True, colalign=sides, preserve_whitespace=True)
    first, *lines = with_spaces.splitlines()
    return "\n".join(
        [styled(first, FAINT), *(styled(line, BOLD, GREEN) if line.startswith(_MARK) else line for line in lines)]
    )
