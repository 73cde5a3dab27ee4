"""Fetch the inputs of a recipe: its archives, and the pre-trained weights of the backbone.

Reads:  the recipe's dataset.source and dataset.pretrained
Writes: data/RECIPE/archives/*; data/RECIPE/pretrained/*.h5, if the recipe names one
Usage:  python src/fetch.py RECIPE
"""

from pathlib import Path

from octet.common.files import atomic_folder, write_json
from octet.common.machine import describe_cpu
from octet.fetching.kinds import archive_check, require_weights
from octet.fetching.obtain import obtain
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.sources.packing.pack import pack_source


def main(recipe: Recipe) -> None:
    print(f"running on {describe_cpu()}", flush=True)
    data, pretrained = Path("data", recipe.name), recipe.dataset.pretrained
    with atomic_folder(data / "archives") as archives:
        for file in recipe.dataset.source.files:
            obtain(file, archives / file.name, archive_check(file.name))
        pack_source(recipe.dataset.source, archives)
    with atomic_folder(data / "pretrained") as weights:
        write_json(weights / "source.json", pretrained and pretrained.name)  # DVC warns about empty folders
        if pretrained:
            obtain(pretrained, weights / pretrained.name, require_weights)


if __name__ == "__main__":
    stage.run(main, __doc__)
