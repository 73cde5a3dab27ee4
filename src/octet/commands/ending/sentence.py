"""What a run reached, in one sentence."""

from octet.commands.benchmark.speed import Speed
from octet.measuring.evaluation import Evaluation, signed
from octet.recipe.shared.recipe import Recipe

_PARTS = {"a quarter": 1 / 4, "a third": 1 / 3, "half": 1 / 2}
_CLOSE = 0.02  # to such a part, as a share of the whole


def sentence(evaluation: Evaluation, recipe: Recipe, speed: Speed) -> str:
    """The score, size and speed of the shipped file, how it differs from the float model, and whether by chance."""
    metric, shipped = recipe.metrics[recipe.headline], evaluation.variants["uint8"]
    step = next(step for step in evaluation.steps(recipe.headline) if (step.before, step.after) == ("float", "uint8"))
    size = size_in_words((shipped.bytes or 0) / (evaluation.variants["float32"].bytes or 1))
    chance = "more than chance" if evaluation.is_more_than_chance(step) else "no more than chance"
    return (
        f"The 8-bit file of {recipe.name} scores {100 * shipped[recipe.headline]:.1f} % {metric} on "
        f"{evaluation.dataset.images:,} test pictures, with {size} of float32's size and {speed.gain:.1f} times its "
        f"speed; against the float model {metric} changed by {signed(step.delta)}, {chance}."
    )


def size_in_words(share: float) -> str:
    """A share as the part that it is, or else in percent."""
    part = min(_PARTS, key=lambda name: abs(_PARTS[name] - share))
    return part if abs(_PARTS[part] - share) <= _CLOSE else f"{share:.0%}"
