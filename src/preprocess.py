"""Convert a recipe's archives into records.

Reads:  data/RECIPE/archives/*
Writes: data/RECIPE/records/{train,val,test}-*.tfrecord with labels.txt, data/RECIPE/dataset.json
Usage:  python src/preprocess.py RECIPE
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from octet.common.errors import UserError
from octet.common.files import atomic_folder, require_output, write_json
from octet.common.machine import describe_cpu
from octet.common.progress import Progress
from octet.common.wording import list_names
from octet.data.writing.records import write_class_names, write_split
from octet.recipe.shared import stage
from octet.recipe.shared.recipe import Recipe
from octet.sources.voc.problem import require_no_problems, summarize_problems
from octet.tasks import registry

if TYPE_CHECKING:
    from octet.tasks.protocol import PreparedPictures

SPLITS = ("train", "val", "test")


def main(recipe: Recipe) -> None:
    print(f"running on {describe_cpu()}", flush=True)
    data, dataset = Path("data", recipe.name), recipe.dataset
    archives = sorted(require_output(data / "archives", f"fetch@{recipe.name}").iterdir())
    with registry.preparing(recipe).open(archives) as source, atomic_folder(data / "records") as records:
        with Progress("preprocess", len(source), "pictures") as progress:
            for split in SPLITS:
                examples = progress.count(source.examples(split))
                write_split(records, split, dataset.shards, filter(None, examples))
        if dataset.on_bad == "error":
            require_no_problems(source.problems)
        counts = {split: source.summary(split) for split in SPLITS}
        for split, summary in counts.items():
            print(f"{split}: {source.summary_text(summary)}")
            if not summary["pictures"] or not source.classes:
                problem = f"the {split} split is empty" if source.classes else "no picture is of any class"
                message = f"{problem}: see dataset of {recipe.name} in params.yaml"
                raise UserError("\n  ".join([message, *map(str, source.problems)]))
            absent = [name for name, pictures in summary["pictures_per_class"].items() if not pictures]
            if len(absent) == len(source.classes):
                raise UserError(
                    f"{describe_absent(source, split, absent)}: see dataset of {recipe.name} in params.yaml"
                )
            if absent and split == "train":
                print(f"warning: {describe_absent(source, split, absent)}")
        write_class_names(records, source.classes)
    skipped = summarize_problems(source.problems)
    if source.problems:
        print(f"left out: {skipped['by_kind']}; each is listed in {data / 'dataset.json'}")
    description = {"recipe": recipe.name, "classes": source.classes, "splits": counts, "skipped": skipped}
    write_json(data / "dataset.json", description)


def describe_absent(source: "PreparedPictures", split: str, absent: Sequence[str]) -> str:
    """Say which classes have no object in a split, and which names the annotations have beside the recipe's."""
    others = [name for name in source.found_classes() if name not in source.classes]
    instead = f"; the annotations name {list_names(others)}" if others else ""
    return f"the {split} split has no object of {list_names(absent)}{instead}"


if __name__ == "__main__":
    stage.run(main, __doc__)
