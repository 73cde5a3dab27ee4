"""Turn a recipe's archives into records.

Reads:  data/RECIPE/archives/*.tar
Writes: data/RECIPE/records/{train,val,test}-*.tfrecord, data/RECIPE/dataset.json
Usage:  python src/preprocess.py RECIPE
"""

from pathlib import Path

from octet import device, stage
from octet.dataset.records import write_split
from octet.dataset.summary import Summary
from octet.files import require, whole_folder, write_json
from octet.recipe import Recipe
from octet.voc.archive import Archives


def main(recipe: Recipe) -> None:
    device.use("cpu")
    data = Path("data", recipe.name)
    dataset = recipe.dataset
    archives = require(data / "archives", f"fetch@{recipe.name}")
    summaries = {}
    with Archives(sorted(archives.glob("*.tar"))) as voc, whole_folder(data / "records") as records:
        for split, image_sets in dataset.splits:
            summary = Summary(dataset.classes)
            write_split(records, split, dataset.shards, summary.count(voc.pictures(image_sets)), dataset.classes)
            summaries[split] = summary.result()
            print("{}: {pictures} pictures, {objects} objects".format(split, **summaries[split]))
    write_json(data / "dataset.json", {"recipe": recipe.name, "classes": dataset.classes, "splits": summaries})


if __name__ == "__main__":
    stage.run(main, __doc__)
