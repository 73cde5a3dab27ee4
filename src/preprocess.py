"""Turn a recipe's archives into records.

Reads:  data/RECIPE/archives/*
Writes: data/RECIPE/records/{train,val,test}-*.tfrecord with labels.txt, data/RECIPE/dataset.json
Usage:  python src/preprocess.py RECIPE
"""

from pathlib import Path

from octet.common.errors import UserError
from octet.common.files import require, whole_folder, write_json
from octet.common.machine import describe_cpu
from octet.common.progress import Progress
from octet.data.writing.records import write_labels, write_split
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.sources.voc.problem import refuse, skips
from octet.tasks import registry

SPLITS = ("train", "val", "test")


def main(recipe: Recipe) -> None:
    print(f"running on {describe_cpu()}", flush=True)
    data, dataset = Path("data", recipe.name), recipe.dataset
    archives = sorted(require(data / "archives", f"fetch@{recipe.name}").iterdir())
    with registry.preparing(recipe).open(archives) as source, whole_folder(data / "records") as records:
        with Progress("preprocess", len(source), "pictures") as progress:
            for split in SPLITS:
                examples = progress.count(source.examples(split))
                write_split(records, split, dataset.shards, filter(None, examples))
        if dataset.on_bad == "error":
            refuse(source.problems)
        counts = {split: source.summary(split) for split in SPLITS}
        for split, of in counts.items():
            print(f"{split}: {source.summary_text(split)}")
            if not of["pictures"] or not source.classes:
                empty = f"the {split} split is empty" if source.classes else "no picture is of any class"
                where = f"{empty}: see dataset of {recipe.name} in params.yaml"
                raise UserError("\n  ".join([where, *map(str, source.problems)]))
        write_labels(records, source.classes)
    left_out = skips(source.problems)
    if source.problems:
        print(f"left out: {left_out['by_kind']}; each is named in {data / 'dataset.json'}")
    described = {"recipe": recipe.name, "classes": source.classes, "splits": counts, "skipped": left_out}
    write_json(data / "dataset.json", described)


if __name__ == "__main__":
    stage.run(main, __doc__)
