"""Write a recipe for own data into params.yaml and dvc.yaml, like another recipe but for what differs.

Reads:  the pictures at PATH. For a detector, with VOC's .xml files, COCO's .json or YOLO's .txt; for a classifier, in
        folders named like the classes, a .tar or .tgz of those, or TFRecords
Writes: a section in params.yaml; a line and an artifact in dvc.yaml
Usage:  octet new NAME --from RECIPE [--pictures PATH ...]
        then: make reproduce RECIPE=NAME
"""

import argparse
import json
import math
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from octet.commands.command_line.command import run_command
from octet.commands.recipes.found_data import OwnData
from octet.commands.recipes.own_data import find_own_data
from octet.commands.recipes.sections import Value, add_section, add_to_pipeline
from octet.common.errors import UserError
from octet.common.files import atomic_write
from octet.recipe.shared.dataset import Rendered
from octet.recipe.shared.load import PARAMS, describe, load_recipe, read_sections, require_recipe_name
from octet.recipe.shared.recipe import Recipe
from octet.recipe.shared.types import has_single_spaces
from octet.tasks.proposal import Proposal

if TYPE_CHECKING:
    from octet.tasks.protocol import Survey

PIPELINE = Path("dvc.yaml")

_EPOCHS = (5, 500)
_VALIDATIONS = 20
_STEPS_AN_EPOCH, _SMALL_BATCH = 4, 4  # a batch is at most a fourth of the pictures, but not smaller than this
_LEAST_HELD_OUT, _MOST_SHARE = 4, 0.3  # pictures that a share for val or test is about, and the largest share
_SHOWN = 10  # flaws


def main(options: argparse.Namespace) -> None:
    name, base, paths = options.name, options.base, options.pictures
    recipe = load_recipe(base)
    _require_new_name(name)
    changes: dict[str, dict[str, Any]] = {}
    comment, described = f"like {base}", f"{name}, like {base}"
    if paths:
        data = find_own_data(paths, recipe.task)
        survey = look_at(data, recipe)
        enough = hold_out_enough(data, sum(survey.pictures.values()))
        if enough != data:
            data, survey = enough, look_at(enough, recipe)
        print_survey(survey, data, paths)
        changes = propose(survey, data, recipe)
        comment = f"{sum(survey.pictures.values())} own pictures, like {base}"
        described = f"{survey.purpose}, in eight bits"
    model = recipe.shipped_file.partition("_")[0]
    about = {"name": f"{name} {model}", "version": "1.0.0", "author": _author(), "licence": "not stated"}
    changes["convert"] = {"about": Value(about, "what the files say of themselves")}
    changes = {section: changes[section] for section in type(recipe).model_fields if section in changes}
    _require_new_name(name)  # again, for looking at much data takes minutes in which a user may write
    params = add_section(PARAMS.read_text(), name, base, comment, changes)
    pipeline = add_to_pipeline(PIPELINE.read_text(), name, base, described)
    with atomic_write(PARAMS) as new_params, atomic_write(PIPELINE) as new_pipeline:
        new_params.write_text(params)
        new_pipeline.write_text(pipeline)
        load_recipe(name, new_params)
    print(f"\n{PARAMS} has a new section {name}, {PIPELINE} its line and its artifact. Next:\n")
    # The container does not see pictures outside of the repository by itself.
    runner = " RUNNER=local" if paths and recipe.train_float.device == "cpu" else ""
    print(f"  make reproduce RECIPE={name}{runner}\n")
    print("Its table tells whether train_qat is worth its time: where int8_ptq, which is calibrated alone, scores no")
    print("less than uint8, as in most that were measured (docs/quantization.md), make train_qat.epochs small.")


def look_at(data: OwnData, recipe: Recipe) -> "Survey":
    """Pack the data for a moment, and check every picture, as fetch and preprocess will."""
    from octet.sources.packing.pack import pack_source
    from octet.tasks import registry

    update = {"source": data.source, "splits": data.splits, "classes": "found"}
    kind = type(recipe.dataset)
    try:
        dataset = kind.model_validate({**recipe.dataset.model_dump(), **update})
    except ValidationError as error:
        raise UserError(describe(error, "the new recipe's dataset", kind)) from None
    Path("runs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir="runs", prefix="new-") as scratch:
        archives = Path(scratch)
        for file in dataset.source.files:
            (archives / file.name).symlink_to(Path(file.sources[0]).resolve())
        pack_source(dataset.source, archives)
        looked = recipe.model_copy(update={"dataset": dataset})
        survey = registry.proposing(looked).survey(sorted(archives.iterdir()))
    for name in survey.classes:
        if not has_single_spaces(name):
            raise UserError(f"the class {name!r}: has a space at an end, or two in a row: rename it")
    return survey


def hold_out_enough(data: OwnData, pictures: int) -> OwnData:
    """The data with larger shares for val and test where they are so few that a share could be no picture at all."""
    least = min(_MOST_SHARE, math.ceil(100 * _LEAST_HELD_OUT / max(pictures, 1)) / 100)
    splits = {name: max(least, split) if isinstance(split, float) else split for name, split in data.splits.items()}
    return replace(data, splits=splits)


def print_survey(survey: "Survey", data: OwnData, paths: Sequence[Path]) -> None:
    print(f"{', '.join(map(str, paths))}: {data.kind}")
    for fact, value in survey.facts():
        print(f"  {fact:14} {value}")
    if survey.problems:
        kinds = Counter(problem.kind for problem in survey.problems)
        print(f"{len(survey.problems)} flaws: {', '.join(f'{kind} {count}' for kind, count in kinds.items())}")
        for problem in survey.problems[:_SHOWN]:
            print(f"  {problem}")
        if len(survey.problems) > _SHOWN:
            print(f"  and {len(survey.problems) - _SHOWN} more")
        print("The recipe stops at them until they are corrected; `on_bad: skip` leaves them out.")
    empty = [split for split, count in survey.pictures.items() if not count]
    if empty or not survey.classes:
        lacks = f"no picture for {' and '.join(empty)}" if empty else "nothing of any class"
        raise UserError(f"{', '.join(map(str, paths))}: has {lacks}; a recipe needs some to train on and to score")


def propose(survey: "Survey", data: OwnData, base: Recipe) -> dict[str, dict[str, Any]]:
    """What differs from the base, a mapping for each subsection, and a reason for each proposed number."""
    held_out = "of train, chosen by a hash of the picture's name"
    splits = {split: Value(value, held_out if isinstance(value, float) else "") for split, value in data.splits.items()}
    stop = "stop at data errors; skip: leave such pictures or objects out and list them in dataset.json"
    changes: dict[str, dict[str, Any]] = {
        "dataset": {
            "source": data.source,
            "splits": splits,
            "classes": Value(list(survey.classes), "another name is a data error; found: take every name"),
            "on_bad": Value("error", stop),
            "shards": Value(1),
        }
    }
    proposals = [*survey.proposals(), *training_length(survey, base)]
    proposals.append(Proposal("score", "min_score", 0.0, "raise it to what the first training reaches"))
    print(f"proposed, beside what {base.name} says:")
    for proposal in proposals:
        stays = proposal.value == getattr(getattr(base, proposal.section), proposal.key)
        value = "as there" if stays else proposal.value
        print(f"  {proposal.section}.{proposal.key}: {value} ({proposal.reason})")
        if not stays:
            changes.setdefault(proposal.section, {})[proposal.key] = Value(proposal.value, proposal.reason)
    return changes


def training_length(survey: "Survey", base: Recipe) -> Iterator[Proposal]:
    """Batches that are not larger than the data, and epochs for as many steps as the base takes."""
    pictures = survey.pictures["train"]
    for section, plan in (("train_float", base.train_float), ("train_qat", base.train_qat)):
        batch = min(plan.batch, pictures, max(_SMALL_BATCH, pictures // _STEPS_AN_EPOCH))
        if batch < plan.batch:
            yield Proposal(section, "batch", batch, f"{pictures} pictures in {pictures // batch} steps")
            if batch % plan.micro_batches:
                yield Proposal(section, "micro_batches", 1, "so small a batch needs none")
                yield Proposal(section, "at_once", 1, "there is one micro-batch")
        if section == "train_float":
            known = _count_pictures(base)
            steps = round(plan.epochs * (known // plan.batch)) if known else survey.usual_steps
            least, most = _EPOCHS
            epochs = min(most, max(least, round(steps / (pictures // batch))))
            whose = base.name if known else "a training from pre-trained weights"
            reason = f"of {pictures // batch} steps; {whose} takes {steps} steps in all"
            yield Proposal(section, "epochs", epochs, reason)
            yield Proposal(section, "validate_every", max(1, epochs // _VALIDATIONS), "epochs; about twenty times")


def _count_pictures(recipe: Recipe) -> int | None:
    """How many pictures a recipe trains on, if it renders them or if its data was prepared here."""
    if isinstance(recipe.dataset.source, Rendered):
        return recipe.dataset.source.pictures.train
    described = Path("data", recipe.name, "dataset.json")
    return int(json.loads(described.read_text())["splits"]["train"]["pictures"]) if described.exists() else None


def _require_new_name(name: str) -> None:
    require_recipe_name(name)
    if yaml.safe_load(name) != name:
        raise UserError(f"recipe {name!r}: YAML takes it for {yaml.safe_load(name)!r}; choose another name")
    if name in read_sections():
        raise UserError(f"{PARAMS}: there is a recipe {name!r} already; choose another name, or edit that one")


def _author() -> str:
    """The user's name in git's settings."""
    asked = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True, check=False)
    return " ".join(asked.stdout.split()) or "unknown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="what the new recipe is called")
    parser.add_argument("--from", dest="base", required=True, metavar="RECIPE", help="the recipe that it is like")
    parser.add_argument("--pictures", nargs="+", type=Path, default=[], metavar="PATH", help="own data")


def run() -> None:
    run_command(main, __doc__, add_arguments)
