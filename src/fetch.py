"""Fetch the archives of a recipe.

Reads:  the recipe's dataset.source
Writes: data/RECIPE/archives/*.tar, in VOC's layout
Usage:  python src/fetch.py RECIPE
"""

from pathlib import Path

from octet import stage
from octet.files import whole_folder
from octet.machine import describe_cpu
from octet.recipe import Recipe
from octet.voc import shapes
from octet.voc.archive import write_archive


def main(recipe: Recipe) -> None:
    print(f"running on {describe_cpu()}", flush=True)
    source = recipe.dataset.source
    with whole_folder(Path("data", recipe.name, "archives")) as archives:
        files = shapes.archive_files(source.seed, dict(source.pictures), source.side)
        write_archive(archives / "shapes.tar", files)


if __name__ == "__main__":
    stage.run(main, __doc__)
