"""What differs is named: the stage, the output, and of a folder the files."""

import copy
from pathlib import Path

import pytest

from conftest import Project
from octet.commands.reproduction.comparison import Hashes, differences, read_hashes


@pytest.fixture
def hashes(reproduced: Project) -> Hashes:
    return read_hashes(reproduced.folder / "dvc.lock", "quickstart")


@pytest.fixture
def cache(reproduced: Project) -> Path:
    return reproduced.folder / ".dvc/cache"


def differing(reference: Hashes, rerun: Hashes, cache: Path) -> dict[str, list[str]]:
    return {stage: outputs for stage, outputs in differences(reference, rerun, [cache]).items() if outputs}


def test_the_same_run(hashes: Hashes, cache: Path) -> None:
    assert {stage.removesuffix("@quickstart") for stage in hashes} == {
        "fetch",
        "preprocess",
        "train_float",
        "train_control",
        "train_qat",
        "convert",
        "evaluate",
        "layers",
        "score",
        "report",
    }
    assert differing(hashes, hashes, cache) == {}


def test_a_file(hashes: Hashes, cache: Path) -> None:
    planted = copy.deepcopy(hashes)
    planted["preprocess@quickstart"]["data/quickstart/dataset.json"] = "0" * 32
    assert differing(planted, hashes, cache) == {"preprocess@quickstart": ["data/quickstart/dataset.json"]}


def test_a_folder_of_which_the_files_are_known(hashes: Hashes, cache: Path) -> None:
    """Two folders of the run stand for two versions of one: both have history.csv and weights.h5."""
    planted = copy.deepcopy(hashes)
    folder = "models/quickstart/float"
    planted["train_float@quickstart"][folder] = hashes["train_qat@quickstart"]["models/quickstart/qat"]
    assert differing(planted, hashes, cache) == {"train_float@quickstart": [f"{folder}/: history.csv, weights.h5"]}


def test_a_folder_of_which_only_the_hash_is_known(hashes: Hashes, cache: Path) -> None:
    planted = copy.deepcopy(hashes)
    planted["train_float@quickstart"]["models/quickstart/float"] = "0" * 32 + ".dir"
    (output,) = differing(planted, hashes, cache)["train_float@quickstart"]
    assert output.startswith("models/quickstart/float/ (which files is not known")
