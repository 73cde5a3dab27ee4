"""The model card: what the shipped file is, on one page of Markdown that travels with it."""

from collections.abc import Mapping
from typing import Any

from octet.measuring.evaluation import Evaluation
from octet.recipe.shared.recipe import Recipe
from octet.reporting.filling import fill_markdown
from octet.reporting.results import Results
from octet.reporting.table import columns, rows
from octet.reporting.words import answers

_BACKBONES = {"mobilenet_v2": "MobileNetV2", "resnet50_v2": "ResNet50V2"}  # as their papers write them


def model_card(recipe: Recipe, dataset: Mapping[str, Any], evaluation: Evaluation, results: Results) -> str:
    """The model card, from the recipe, the data set, the scores, and the task's own parts."""
    per_class = evaluation.variants["uint8"].per_class
    keys = results.class_scores.values()
    return fill_markdown(
        "card.md.jinja",
        results.templates,
        **results.shown,
        recipe=recipe,
        about=recipe.convert.about,
        backbone=_BACKBONES.get(recipe.model.backbone, recipe.model.backbone),
        size=recipe.model.input_size,
        classes=dataset["classes"],
        counts=list(results.counts),
        splits=[(name, *(split[key] for key in results.counts)) for name, split in dataset["splits"].items()],
        sources=_sources(recipe),
        images=evaluation.dataset.images,
        columns=columns(recipe),
        scores=rows(evaluation, recipe),
        answers=answers(evaluation, recipe),
        class_scores=list(results.class_scores),
        scores_by_class=[(name, *(f"{scores[key]:.3f}" for key in keys)) for name, scores in per_class.items()],
    )


def _sources(recipe: Recipe) -> list[tuple[str, str]]:
    """The origin of each split's pictures; none where the project renders them."""
    source, splits = recipe.dataset.source, recipe.dataset.splits
    if not (source.files or source.paths):
        return []
    return [
        (name, f"{100 * split:g}% of train, held out" if isinstance(split, float) else ", ".join(split))
        for name, split in (("Train", splits.train), ("Val", splits.val), ("Test", splits.test))
    ]
