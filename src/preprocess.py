"""Turn a recipe's archives into records.

Reads:  data/RECIPE/archives/*.tar
Writes: data/RECIPE/records/{train,val,test}-*.tfrecord with labels.txt, data/RECIPE/dataset.json
Usage:  python src/preprocess.py RECIPE
"""

from pathlib import Path

from octet import stage
from octet.dataset.preparation import find_classes, prepare, usable
from octet.dataset.records import write_labels, write_split
from octet.dataset.summary import Summary
from octet.errors import UserError
from octet.files import require, whole_folder, write_json
from octet.machine import describe_cpu
from octet.progress import Progress
from octet.recipe import Recipe
from octet.voc.archive import Archives
from octet.voc.problem import refuse, skips
from octet.voc.split import assign


def main(recipe: Recipe) -> None:
    print(f"running on {describe_cpu()}", flush=True)
    data, dataset = Path("data", recipe.name), recipe.dataset
    archives = require(data / "archives", f"fetch@{recipe.name}")
    with Archives(sorted(archives.glob("*.tar"))) as voc, whole_folder(data / "records") as records:
        splits, problems = assign(voc, dataset.splits)
        problems = voc.problems + problems
        every = [entry for entries in splits.values() for entry in entries]
        classes = find_classes(every) if dataset.classes == "found" else dataset.classes
        summaries = {split: Summary(classes) for split in splits}
        with Progress("preprocess", len(every), "pictures") as progress:
            for split, entries in splits.items():
                pictures = progress.count(prepare(entries, classes))
                write_split(records, split, dataset.shards, usable(pictures, summaries[split], problems))
        if dataset.on_bad == "error":
            refuse(problems)
        counts = {split: summary.result() for split, summary in summaries.items()}
        for split, of in counts.items():
            print("{}: {pictures} pictures, {objects} objects".format(split, **of))
            if not of["pictures"] or not classes:
                empty = f"the {split} split is empty" if classes else "no annotation has an object"
                raise UserError(
                    "\n  ".join([f"{empty}: see dataset of {recipe.name} in params.yaml", *map(str, problems)])
                )
        write_labels(records, classes)
    left_out = skips(problems)
    if problems:
        print(f"left out: {left_out['by_kind']}; each is named in {data / 'dataset.json'}")
    write_json(
        data / "dataset.json", {"recipe": recipe.name, "classes": classes, "splits": counts, "skipped": left_out}
    )


if __name__ == "__main__":
    stage.run(main, __doc__)
