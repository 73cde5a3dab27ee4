"""Fetch what a recipe starts from: its archives, and the backbone's weights.

Reads:  the recipe's dataset.source and dataset.pretrained
Writes: data/RECIPE/archives/*; data/RECIPE/pretrained/*.h5, if the recipe names one
Usage:  python src/fetch.py RECIPE
"""

from pathlib import Path

from octet.common.files import whole_folder, write_json
from octet.common.machine import describe_cpu
from octet.fetching.obtain import obtain
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.sources.packing.pack import pack


def main(recipe: Recipe) -> None:
    print(f"running on {describe_cpu()}", flush=True)
    data, pretrained = Path("data", recipe.name), recipe.dataset.pretrained
    with whole_folder(data / "archives") as archives:
        for file in recipe.dataset.source.files:
            obtain(file, archives / file.name)
        pack(recipe.dataset.source, archives)
    with whole_folder(data / "pretrained") as weights:
        write_json(weights / "source.json", pretrained and pretrained.name)  # DVC warns of empty folders
        if pretrained:
            obtain(pretrained, weights / pretrained.name)


if __name__ == "__main__":
    stage.run(main, __doc__)
