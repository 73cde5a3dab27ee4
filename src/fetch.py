"""Fetch what a recipe starts from: its archives, and the backbone's weights.

Reads:  the recipe's dataset.source and dataset.pretrained
Writes: data/RECIPE/archives/*.tar, in VOC's layout; data/RECIPE/pretrained/*.h5, if the recipe names one
Usage:  python src/fetch.py RECIPE
"""

from pathlib import Path

from octet import stage
from octet.files import whole_folder, write_json
from octet.machine import describe_cpu
from octet.recipe import Coco, Folder, Recipe, Shapes, Voc
from octet.voc import coco, folder, shapes
from octet.voc.archive import write_archive
from octet.voc.obtain import obtain


def main(recipe: Recipe) -> None:
    print(f"running on {describe_cpu()}", flush=True)
    data, pretrained = Path("data", recipe.name), recipe.dataset.pretrained
    with whole_folder(data / "archives") as archives:
        match recipe.dataset.source:
            case Voc() as source:
                for archive in source.archives:
                    obtain(archive, archives / archive.name)
            case Folder() as source:
                write_archive(archives / "folder.tar", folder.archive_files(source.path))
            case Coco() as source:
                write_archive(archives / "coco.tar", coco.archive_files(source.sets))
            case Shapes() as source:
                files = shapes.archive_files(source.seed, dict(source.pictures), source.side)
                write_archive(archives / "shapes.tar", files)
    with whole_folder(data / "pretrained") as weights:
        write_json(weights / "source.json", pretrained and pretrained.name)  # DVC warns of empty folders
        if pretrained:
            obtain(pretrained, weights / pretrained.name)


if __name__ == "__main__":
    stage.run(main, __doc__)
