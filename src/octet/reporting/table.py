"""The table of scores that the report and the model card show."""

from collections.abc import Iterator, Mapping

from octet.measuring.evaluation import Evaluation, Step, Variant, changes_from_float, interval_text, signed
from octet.recipe.shared.recipe import Recipe


def columns(recipe: Recipe) -> tuple[str, ...]:
    """The names of the columns of the table of scores: a judged metric is followed by its change and the interval."""
    names = ["variant"]
    for metric, name in recipe.metrics.items():
        names += [name, *(("change", "95 % interval") if metric in recipe.max_drops else ())]
    return (*names, "size")


def rows(evaluation: Evaluation, recipe: Recipe) -> list[tuple[str, ...]]:
    """A row for each variant; the changes are against the float model, as in the ledger."""
    steps = changes_from_float(evaluation.ledger)
    return [
        (name, *_scores(name, variant, steps, recipe), f"{variant.bytes / 1e6:.2f} MB" if variant.bytes else "")
        for name, variant in evaluation.variants.items()
    ]


def _scores(name: str, variant: Variant, steps: Mapping[tuple[str, str], Step], recipe: Recipe) -> Iterator[str]:
    for metric in recipe.metrics:
        yield f"{variant[metric]:.4f}"
        if metric in recipe.max_drops:
            step = steps.get((metric, name))
            yield from (signed(step.delta), interval_text(step.ci95)) if step else ("", "")
