"""See how well a recipe's anchors fit its objects: recall at an overlap of a half, by size.

Reads:  data/RECIPE/records
Usage:  python src/octet anchors RECIPE
"""

from pathlib import Path

from octet.common import device
from octet.common.files import require
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.tasks import registry


def main(recipe: Recipe) -> None:
    device.use("cpu")
    print(
        registry.describe_anchor_fit(recipe, require(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}"))
    )


def run() -> None:
    stage.run(main, __doc__)
