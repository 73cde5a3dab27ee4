"""The report: one HTML file with everything inside, in the order in which people ask."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from octet.evaluation.errors import ERRORS
from octet.evaluation.gate import against_float
from octet.quantization.operators import Operator
from octet.reporting import html, plots, table, words
from octet.reporting.gallery import COLOURS, Exhibit
from octet.reporting.plots import Rows

_LAYERS = 10


@dataclass(frozen=True)
class Findings:
    """All that the page tells of."""

    evaluation: Mapping[str, Any]
    dataset: Mapping[str, Any]
    exhibits: Sequence[Exhibit]
    min_score: float
    errors: Mapping[str, Mapping[str, float]]  # by model and kind, the mAP that it costs
    sizes: Sequence[str]
    recalls: Mapping[str, Sequence[float]]  # by model and size
    curves: Mapping[str, Rows]  # precision and recall, by model
    histories: Mapping[str, Rows]  # by training
    layers: Mapping[str, Sequence[Mapping[str, Any]]]
    operators: Sequence[Operator]
    made_of: Mapping[str, str]  # what made it, in words
    recipe: str  # as YAML


def page(of: Findings) -> str:
    """The whole file."""
    name = escape(of.evaluation["dataset"]["recipe"])
    sections = (
        ("Does it work?", _gallery(of)),
        ("What did eight bits cost?", _cost(of)),
        ("What does it get wrong?", _errors(of)),
        ("Where do eight bits hurt?", _layers(of)),
        ("What does it weigh?", _weight(of)),
        (
            "How was it trained?",
            html.chart(plots.training_curves(of.histories), "Loss, score and learning rate of both trainings by epoch"),
        ),
        ("What did it learn from?", _data(of.dataset)),
        ("What made it?", _made(of)),
    )
    body = "".join(f"<h2>{title}</h2>{content}" for title, content in sections)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Octet: {name}</title><style>{html.STYLE}</style></head><body>
<h1>{name}</h1>
<p class="faint">{of.evaluation["dataset"]["images"]} test pictures, {len(of.evaluation["dataset"]["classes"])} classes.
<b>float</b>, <b>control</b> and <b>qat</b> are Keras models; all else is a file, scored as it ships.</p>
{_numbers(of.evaluation["variants"])}{_verdict(of.evaluation)}{body}
</body></html>
"""


def _numbers(variants: Mapping[str, Mapping[str, Any]]) -> str:
    shipped, before = variants["uint8"], variants["float32"]
    told = (
        (f"{shipped['voc07_map']:.3f}", "VOC07 mAP of the shipped file"),
        (f"{variants['float']['voc07_map']:.3f}", "of the float model"),
        (f"{shipped['bytes'] / 1e6:.2f} MB", f"of {before['bytes'] / 1e6:.2f} MB in float32"),
    )
    return '<ul class="numbers">' + "".join(f"<li><b>{number}</b>{what}</li>" for number, what in told) + "</ul>"


def _verdict(evaluation: Mapping[str, Any]) -> str:
    gate, recipe = evaluation["gate"], escape(evaluation["dataset"]["recipe"])
    kind, word = ("good", "passes") if gate["passed"] else ("bad", "fails")
    return (
        f'<p class="verdict {kind}">The uint8 file {word} its gate, as <code>make gate RECIPE={recipe}</code> tells '
        f"line by line. Its VOC12 mAP is {against_float(gate['drop'])}, where {gate['max_drop']} below is allowed.</p>"
    )


def _gallery(of: Findings) -> str:
    rows = "".join(html.row_of_three(exhibit.title, exhibit.images) for exhibit in of.exhibits)
    columns = (
        "Left: what there is to find, and what of it the uint8 file misses. Middle: what the float model finds. "
        "Right: what the uint8 file finds."
    )
    intro = f"{columns} Detections that score less than {of.min_score:g} are left out."
    return html.paragraphs([intro]) + html.key(COLOURS) + rows


def _cost(of: Findings) -> str:
    variants, ledger = of.evaluation["variants"], of.evaluation["ledger"]
    return (
        html.table(table.COLUMNS, table.rows(of.evaluation))
        + html.paragraphs(words.sentences(ledger))
        + html.chart(plots.ledger_chart(ledger), "The change of each step with its interval")
        + "<h3>By class</h3>"
        + html.chart(plots.class_chart(variants), "Average precision by class, float and uint8")
    )


def _errors(of: Findings) -> str:
    return (
        html.paragraphs(
            ["How much VOC12 mAP would rise if one kind of error were mended, of all detections, however unsure:"]
        )
        + html.points(ERRORS)
        + html.chart(plots.error_chart(of.errors), "What each kind of error costs, float and uint8")
        + "<h3>By size</h3>"
        + html.paragraphs(
            [f"Size is the side of a box as a share of its picture's; found with a score of {of.min_score:g} or more."]
        )
        + html.chart(plots.size_chart(of.recalls, of.sizes), "The share of objects that is found, by size")
        + "<h3>Precision and recall</h3>"
        + html.chart(plots.precision_recall_curves(of.curves), "Precision against recall by class")
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
    counts = Counter((node.name, node.floating) for node in of.operators)
    rows = [(name, count, "float" if floating else "integer") for (name, floating), count in counts.most_common()]
    sizes = of.evaluation["variants"]
    ratio = sizes["uint8"]["bytes"] / sizes["float32"]["bytes"]
    told = f"{sizes['uint8']['bytes']:,} bytes, {ratio:.2f} of float32. Its operators:"
    return html.paragraphs([told]) + html.table(("operator", "how many", "computes in"), rows, text=(2,))


def _data(dataset: Mapping[str, Any]) -> str:
    keys = ("pictures", "objects", "difficult", "truncated")
    rows = [(split, *(dataset["splits"][split][key] for key in keys)) for split in ("train", "val", "test")]
    mended: Counter[str] = sum((Counter(of["mended"]) for of in dataset["splits"].values()), Counter())
    notes = {"Mended": mended, "Left out": dataset["skipped"]["by_kind"]}
    told = [f"{what}: {_by_kind(counts)}." for what, counts in notes.items() if counts]
    return (
        html.table(("split", *keys), rows)
        + html.paragraphs(told)
        + html.chart(plots.object_charts(dataset), "How many objects of each class and size there are")
    )


def _by_kind(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))


def _made(of: Findings) -> str:
    return (
        html.table(("what", "which"), of.made_of.items(), text=(1,))
        + f"<details><summary>The recipe</summary><pre>{escape(of.recipe)}</pre></details>"
        + html.paragraphs(["The commit is told by git: the one whose dvc.lock has these files."])
    )
