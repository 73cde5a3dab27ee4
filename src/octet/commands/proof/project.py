"""A project in a folder of its own, with rendered pictures in the place of a recipe's data."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from octet.common.errors import UserError
from octet.recipe.shared.load import PARAMS, load_recipe, read_sections
from octet.recipe.shared.recipe import Recipe

_STEPS, _SIDE = 24, 500  # of an epoch; px, as large as VOC's pictures
_SOURCES = {"detection": "shapes", "classification": "one_shape"}


def make_project(folder: Path, base: Recipe) -> Recipe:
    """Render the data of a recipe that is otherwise like the base, with random weights, and return the recipe.

    It is not compiled, which takes a minute on a GPU, and its stages start several times.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "src").symlink_to(Path("src").resolve())
    section: dict[str, Any] = read_sections()[base.name]
    pictures = {"train": _STEPS * base.train_float.batch, "val": 8, "test": 8}
    source = {"kind": _SOURCES[base.task], "seed": 7, "side": _SIDE, "pictures": pictures}
    splits = {split: [f"SHAPES/{split}"] for split in pictures}
    section["dataset"] |= {"source": source, "splits": splits, "classes": "found", "pretrained": None, "shards": 2}
    both = {"device": "gpu", "strategy": {"kind": "one", "replicas": 1}, "at_once": 1, "xla": False}
    both |= {"epochs": 1, "warmup_epochs": 0.5}
    for name in ("train_float", "train_qat"):
        plan = getattr(base, name).on_one_device()
        section[name] |= {**both, "micro_batches": plan.parts}  # of what is at once, one
    section["train_float"]["frozen_blocks"] = 0
    (folder / PARAMS).write_text(yaml.safe_dump({"proof": section}, sort_keys=False))
    for stage in ("fetch", "preprocess"):
        run_stage(folder, stage)
    return load_recipe("proof", folder / PARAMS)


def run_stage(folder: Path, stage: str, expected: str = "", number: signal.Signals | None = None) -> None:
    """Run a stage of the project, to its end or until it says what is expected and gets a signal."""
    process = subprocess.Popen(
        [sys.executable, "-u", f"src/{stage}.py", "proof"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "src"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if number and line.startswith(expected):
            process.send_signal(number)
    if process.wait() and not number:
        raise UserError(f"{stage} failed: {''.join(said[-5:]).strip()}")
    if expected and not any(line.startswith(expected) for line in said):
        raise UserError(f"{stage} never said {expected!r}, but: {''.join(said[-5:]).strip()}")


def weights_after_a_kill(folder: Path) -> tuple[bytes, bytes]:
    """The weights of a float training that ran through, and of one that was stopped, killed, and went on.

    It is an error if nothing was stopped, or did not go on: the weights would be the same without any proof.
    """
    weights = folder / "models" / "proof" / "float" / "weights.h5"
    run_stage(folder, "train_float")
    through = weights.read_bytes()
    shutil.rmtree(weights.parent)
    run_stage(folder, "train_float", "before the first step", signal.SIGTERM)
    run_stage(folder, "train_float", "going on after step", signal.SIGKILL)
    run_stage(folder, "train_float", "going on after step")
    return through, weights.read_bytes()
