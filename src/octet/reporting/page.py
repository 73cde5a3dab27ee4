"""The report: one HTML file with everything inside, in the order in which people ask."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from octet.measuring.evaluation import Evaluation
from octet.measuring.files import FileFacts
from octet.recipe.shared.recipe import Recipe
from octet.reporting import html, plots, table, words
from octet.reporting.plots import Rows
from octet.reporting.results import Results

_LAYERS = 10


@dataclass(frozen=True)
class Findings:
    """All that the page tells of."""

    recipe: Recipe
    evaluation: Evaluation
    results: Results
    dataset: Mapping[str, Any]
    histories: Mapping[str, Rows]  # by training
    layers: Mapping[str, Sequence[Mapping[str, Any]]]
    shipped: FileFacts
    made_of: Mapping[str, str]  # what made it, in words
    recipe_text: str  # as YAML


def page(of: Findings) -> str:
    """The whole file."""
    name, metric = escape(of.recipe.name), of.recipe.metrics[of.recipe.headline]
    told = "Loss, score and learning rate of both trainings by epoch"
    sections = (
        ("Does it work?", of.results.examples),
        ("What did eight bits cost?", _cost(of, metric)),
        ("What does it get wrong?", of.results.mistakes),
        ("Where do eight bits hurt?", _layers(of)),
        ("What does it weigh?", _weight(of)),
        ("How was it trained?", html.chart(plots.training_curves(of.histories, metric), told)),
        ("What was it trained on?", of.results.data + _notes(of.dataset)),
        ("What made it?", _made(of)),
    )
    body = "".join(f"<h2>{title}</h2>{content}" for title, content in sections)
    test = of.evaluation.dataset
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Octet: {name}</title><style>{html.STYLE}</style></head><body>
<h1>{name}</h1>
<p class="faint">{test.images} test pictures, {len(test.classes)} classes.
<b>float</b>, <b>control</b> and <b>qat</b> are Keras models; all else is a file, scored as it ships.</p>
{html.numbers(of.results.numbers)}{_verdict(of, metric)}{body}
</body></html>
"""


def _verdict(of: Findings, metric: str) -> str:
    gate, recipe = of.evaluation.gate, escape(of.recipe.name)
    kind, word = ("good", "passes") if gate.passed else ("bad", "fails")
    place = f"{abs(gate.drop):.4f} {'below' if gate.drop >= 0 else 'above'} the float model"
    return (
        f'<p class="verdict {kind}">The uint8 file {word} its gate, as <code>make gate RECIPE={recipe}</code> tells '
        f"line by line. Its {metric} is {place}, where {gate.max_drop} below is allowed.</p>"
    )


def _cost(of: Findings, metric: str) -> str:
    steps = list(of.evaluation.steps(of.recipe.headline))
    return (
        html.table(table.columns(of.recipe), table.rows(of.evaluation, of.recipe))
        + html.paragraphs(words.sentences(steps))
        + html.chart(plots.ledger_chart(steps, metric), "The change of each step with its interval")
        + of.results.by_class
    )


def _layers(of: Findings) -> str:
    head = ("layer", "what to do", "lost, dB", "SQNR, dB", "max error", "saturated", "range used", "operator")
    rows = [
        (
            row["layer"],
            row["advice"] or "nothing",
            f"{row['lost_db']:.1f}",
            f"{row['sqnr_db']:.1f}",
            f"{row['max_error']:.3g}",
            f"{row['saturated']:.2%}",
            f"{row['range_used']:.0%}",
            row["operator"],
        )
        for row in of.layers["qat"][:_LAYERS]
    ]
    told = (
        "The uint8 file against the same weights in float, layer by layer on the same pictures: the layers that lose "
        "most of the signal that still reached them."
    )
    return html.paragraphs([told]) + html.table(head, rows, text=(1,))


def _weight(of: Findings) -> str:
    rows = [
        (name, count, kind)
        for name, counts in of.shipped.operators.items()
        for count, kind in ((counts.integer, "integer"), (counts.float, "float"))
        if count
    ]
    ratio = of.shipped.bytes / (of.evaluation.variants["float32"].bytes or of.shipped.bytes)
    told = f"{of.shipped.bytes:,} bytes, {ratio:.2f} of float32. Its operators:"
    return html.paragraphs([told]) + html.table(("operator", "how many", "computes in"), rows, text=(2,))


def _notes(dataset: Mapping[str, Any]) -> str:
    """What of the data was mended, and what left out."""
    mended: Counter[str] = sum((Counter(of["mended"]) for of in dataset["splits"].values()), Counter())
    notes = {"Mended": mended, "Left out": dataset["skipped"]["by_kind"]}
    return html.paragraphs(f"{what}: {_by_kind(counts)}." for what, counts in notes.items() if counts)


def _by_kind(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


def _made(of: Findings) -> str:
    return (
        html.table(("what", "which"), of.made_of.items(), text=(1,))
        + f"<details><summary>The recipe</summary><pre>{escape(of.recipe_text)}</pre></details>"
        + html.paragraphs(["The commit is told by git: the one whose dvc.lock has these files."])
    )
