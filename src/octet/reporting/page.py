"""The report: one HTML file with everything inside, in the order in which people ask."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from octet.measuring.evaluation import Evaluation, interval_text, signed
from octet.measuring.files import FileFacts
from octet.measuring.layers import LayerFacts, LayerTables
from octet.recipe.shared.recipe import Recipe
from octet.reporting import plots
from octet.reporting.filling import fill_html
from octet.reporting.plots import Rows
from octet.reporting.results import Results
from octet.reporting.table import columns, rows
from octet.reporting.words import answers

_MOST_LAYERS = 10  # in the table of those that something can be done about
_SHIPPED = ("float", "uint8")  # the step that the page is about


@dataclass(frozen=True)
class Findings:
    """All that the report shows of a recipe."""

    recipe: Recipe
    evaluation: Evaluation
    results: Results
    dataset: Mapping[str, Any]
    histories: Mapping[str, Rows]  # by training
    layers: LayerTables
    shipped: FileFacts
    made_of: Mapping[str, str]  # recipe, file and packages with their hashes and versions
    recipe_text: str  # as YAML


def page(findings: Findings) -> str:
    """The report as one HTML file."""
    recipe, evaluation, results, shipped = findings.recipe, findings.evaluation, findings.results, findings.shipped
    change = next(step for step in evaluation.steps(recipe.headline) if (step.before, step.after) == _SHIPPED)
    return fill_html(
        "page.html.jinja",
        results.templates,
        **results.shown,
        recipe=recipe,
        test=evaluation.dataset,
        highlights=results.highlights,
        passed=evaluation.gate.passed,
        drops=[
            (recipe.metrics[metric], signed(0 - judged.drop), f"{0 - judged.max_drop:+g}")
            for metric, judged in evaluation.gate.by_metric.items()
        ],
        columns=columns(recipe),
        scores=rows(evaluation, recipe),
        answers=answers(evaluation, recipe),
        ledger_charts={
            recipe.metrics[metric]: plots.ledger_chart(
                {step: evaluation.is_more_than_chance(step) for step in evaluation.steps(metric)},
                recipe.metrics[metric],
            )
            for metric in recipe.max_drops
        },
        change=change,
        is_more_than_chance=evaluation.is_more_than_chance(change),
        signed=signed,
        interval_text=interval_text,
        layers=findings.layers.qat,
        layer_chart=plots.layer_chart(findings.layers.qat),
        advised=sum(bool(layer.advice) for layer in findings.layers.qat),
        advised_layers=list(_advised(findings.layers.qat)),
        bytes=f"{shipped.bytes:,}",
        share_of_float32=f"{shipped.bytes / (evaluation.variants['float32'].bytes or shipped.bytes):.2f}",
        operators=list(_operators(shipped)),
        training_curves=plots.training_curves(findings.histories, recipe.metrics[recipe.headline]),
        repairs=_repairs(findings.dataset),
        made_of=findings.made_of.items(),
        recipe_text=findings.recipe_text,
    )


def _advised(layers: Sequence[LayerFacts]) -> Iterator[tuple[str, ...]]:
    """The layers that something can be done about, those that lose most first."""
    for row in islice((layer for layer in layers if layer.advice), _MOST_LAYERS):
        yield (
            row.layer,
            row.advice,
            f"{row.lost_db:.1f}",
            f"{row.sqnr_db:.1f}",
            f"{row.max_error:.3g}",
            f"{row.saturated:.2%}",
            f"{row.range_used:.0%}",
            row.operator,
        )


def _operators(shipped: FileFacts) -> Iterator[tuple[str, int, str]]:
    for name, counts in shipped.operators.items():
        for count, kind in ((counts.integer, "integer"), (counts.float, "float")):
            if count:
                yield name, count, kind


def _repairs(dataset: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """How many pictures or objects were mended, and how many left out, by kind."""
    mended: Counter[str] = sum((Counter(split["mended"]) for split in dataset["splits"].values()), Counter())
    kinds = {"Mended": mended, "Left out": dataset["skipped"]["by_kind"]}
    return [(title, [f"{count} {kind}" for kind, count in sorted(counts.items())]) for title, counts in kinds.items()]
