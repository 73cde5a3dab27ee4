"""The model card: what the shipped file is, on one page of Markdown that travels with it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from octet.measuring.evaluation import Evaluation
from octet.recipe.shared.recipe import Recipe
from octet.reporting.results import Card
from octet.reporting.table import columns, rows
from octet.reporting.words import sentences

_GENERAL_LIMITS = ("It has not been examined for fairness or safety. Do not let it decide about people.",)


def model_card(recipe: Recipe, dataset: Mapping[str, Any], evaluation: Evaluation, card: Card) -> str:
    """The page, from what was asked for, what it was trained on, what it scores, and the task's words."""
    about, size = recipe.convert.about, recipe.model.input_size
    counts = [(name, *(of[key] for key in card.counts)) for name, of in dataset["splits"].items()]
    shipped = evaluation.variants["uint8"]
    by_class = [(name, *(f"{of[key]:.3f}" for _, key in card.scores)) for name, of in shipped.per_class.items()]
    return f"""# {about.name} {about.version}

{card.network}, trained in float, then fine-tuned for 8-bit inference, by the recipe `{recipe.name}` (SHA-256 of what
makes it: `{recipe.model_sha256}`).

- **Takes** `uint8 [1, {size}, {size}, 3]`: an RGB picture resized to {size} x {size}, its pixels as they are.
- **Gives** {card.gives}
- **{card.names}** {", ".join(dataset["classes"])}.
- **Licence** {about.licence}. **Author** {about.author}.

## What it was trained on

{_table(("split", *card.counts), counts)}

{_source(recipe)}

## What it scores

On the {evaluation.dataset.images} pictures of test{card.measured}; the change is against the float network: less than
zero is worse.

{_table(columns(recipe), rows(evaluation, recipe))}

{_points(sentences(evaluation.steps(recipe.headline)))}

{_table(("class", *(name for name, _ in card.scores)), by_class)}

## Its limits

{_points([*card.limits, *_GENERAL_LIMITS])}
"""


def _table(head: Sequence[str], body: Iterable[Sequence[Any]]) -> str:
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _points(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _source(recipe: Recipe) -> str:
    source, splits = recipe.dataset.source, recipe.dataset.splits
    if not (source.files or source.paths):
        return "All pictures are rendered by the project."
    return " ".join(
        f"{name}: {of:.0%} of train, held out." if isinstance(of, float) else f"{name}: {', '.join(of)}."
        for name, of in (("Train", splits.train), ("Val", splits.val), ("Test", splits.test))
    )
