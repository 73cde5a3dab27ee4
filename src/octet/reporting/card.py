"""The model card: what the shipped file is, on one page of Markdown that travels with it."""

from collections.abc import Mapping
from typing import Any

from octet.recipe import Recipe
from octet.reporting.table import COLUMNS, rows
from octet.reporting.words import sentences


def model_card(recipe: Recipe, dataset: Mapping[str, Any], evaluation: Mapping[str, Any], sha256: str) -> str:
    """The page, from what was asked for, what it learnt from, what it scored, and the hash of what made it."""
    about, finds, size = recipe.convert.about, recipe.convert.suppression, recipe.model.input_size
    counts = [(name, of["pictures"], of["objects"]) for name, of in dataset["splits"].items()]
    return f"""# {about.name} {about.version}

An object detector in eight bits: MobileNetV2 (alpha {recipe.model.alpha:g}) with a feature pyramid, trained in float,
then with quantization in mind, by the recipe `{recipe.name}` (SHA-256 of what makes it: `{sha256}`).

- **Takes** `uint8 [1, {size}, {size}, 3]`: an RGB picture resized to {size} x {size}, its pixels as they are.
- **Gives** boxes `[ymin, xmin, ymax, xmax]` as shares of the sides, classes by their number from 0, scores, and how
  many of them are meant: {finds.max_detections} at most, with scores of {finds.score_threshold:g} or more.
- **Finds** {", ".join(dataset["classes"])}.
- **Licence** {about.licence}. **Author** {about.author}.

## What it learnt from

{_table(("split", "pictures", "objects"), counts)}

{_source(recipe)}

## What it scores

On the {evaluation["dataset"]["images"]} pictures of test, at an overlap of a half; the drop is in VOC12 mAP, below the
float network.

{_table(COLUMNS, rows(evaluation))}

{_drop(evaluation)}

{_table(("class", "VOC07 AP", "VOC12 AP"), _by_class(evaluation))}

## Where it ends

- It knows the classes above and nothing else, in pictures like those of its data. The weakest are
  {_weakest(evaluation)}.
- Objects smaller than about {_smallest(recipe)} px at {size} x {size} are overlapped by no anchor by half, and are
  found less often.
- Run it in 8 threads at most: with more, a class would be lost to a fault in TFLite's post-processing.
- Scores are for ranking; they are not calibrated probabilities.
- It has not been examined for fairness or safety. Do not let it decide about people.
"""


def _table(head: tuple[str, ...], body: Any) -> str:
    lines = [head, tuple("---" for _ in head), *body]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def _source(recipe: Recipe) -> str:
    source, splits = recipe.dataset.source, recipe.dataset.splits
    if source.kind == "shapes":
        return "All pictures are rendered by the project: shapes on textured grounds."
    return " ".join(
        f"{name}: {of:.0%} of train, held out." if isinstance(of, float) else f"{name}: {', '.join(of)}."
        for name, of in (("Train", splits.train), ("Val", splits.val), ("Test", splits.test))
    )


def _drop(evaluation: Mapping[str, Any]) -> str:
    return "\n".join(f"- {sentence}" for sentence in sentences(evaluation["ledger"]))


def _by_class(evaluation: Mapping[str, Any]) -> list[tuple[str, ...]]:
    per_class = evaluation["variants"]["uint8"]["per_class"]
    return [(name, f"{of['voc07_ap']:.3f}", f"{of['voc12_ap']:.3f}") for name, of in per_class.items()]


def _weakest(evaluation: Mapping[str, Any]) -> str:
    per_class = evaluation["variants"]["uint8"]["per_class"]
    worst = sorted(per_class, key=lambda name: per_class[name]["voc12_ap"])[:3]
    return ", ".join(f"{name} ({per_class[name]['voc12_ap']:.2f})" for name in worst)


def _smallest(recipe: Recipe) -> int:
    """The side of a square that an anchor overlaps by half: the smallest anchor's over the root of two."""
    return round(min(min(level.scales) for level in recipe.model.levels) * recipe.model.input_size / 2**0.5)
