"""An invalid params.yaml is refused; the message names the recipe, the key, the value found and what is allowed."""

import copy
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvc.utils.hydra import apply_overrides

from conftest import ROOT, tiny_params
from octet.common.errors import UserError
from octet.recipe.shared.load import load_recipe

VOC = {"kind": "voc", "archives": [{"name": "a.tar", "bytes": None, "sha256": "abc", "sources": ["a.tar"]}]}
TPU = {"strategy": {"kind": "tpu", "replicas": 8}, "xla": False}
WEIGHTS = {"name": "w.h5", "bytes": None, "sha256": None, "sources": ["w.h5"]}


def load(folder: Path, params: Any) -> Any:
    file = folder / "params.yaml"
    file.write_text(params if isinstance(params, str) else yaml.safe_dump(params))
    return load_recipe("quickstart", file)


def test_the_projects_own_recipes_are_valid() -> None:
    file = ROOT / "params.yaml"
    for name in yaml.safe_load(file.read_text()):
        assert load_recipe(name, file).name == name


def test_a_recipe_cannot_be_changed(tmp_path: Path) -> None:
    recipe = load(tmp_path, tiny_params())
    with pytest.raises(ValueError, match="frozen"):
        recipe.model.alpha = 1.0


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("train_float.epochs", "ten", ["quickstart.train_float.epochs", "'ten'", "integer"]),
        ("train_float.epochs", 0, ["quickstart.train_float.epochs", "found 0", "greater than 0"]),
        ("train_float.epoch", 3, ["quickstart.train_float.epoch", "did you mean 'epochs'"]),
        ("train_float.augmentation.zzz", 3, ["quickstart.train_float.augmentation.zzz", "allowed: brightness"]),
        ("model.input_size", 100, ["quickstart.model.input_size", "found 100", "multiple of 32"]),
        ("model.suppression.iou_threshold", 0.0, ["suppression.iou_threshold", "found 0.0", "equal to 0.001"]),
        ("model.strides", [32, 16], ["quickstart.model", "strides are [32, 16]", "double each"]),
        ("model.strides", [16, 64], ["quickstart.model", "strides are [16, 64]", "double each"]),
        ("model.strides", [64, 128], ["quickstart.model", "strides are [64, 128]", "start at"]),
        ("model.strides", [12, 24], ["quickstart.model.strides.0", "found 12", "8, 16, 32"]),
        ("model.strides", [16], ["quickstart.model.strides", "at least 2"]),
        ("model.batch_norm_momentum", 1.0, ["quickstart.model.batch_norm_momentum", "found 1.0", "less than 1"]),
        ("train_float.micro_batches", 3, ["quickstart.train_float", "batch of 8", "3 equal micro_batches"]),
        ("train_float.at_once", 2, ["quickstart.train_float", "1 micro_batches cannot be computed 2 at_once"]),
        ("train_float.strategy.kind", "all", ["quickstart.train_float.strategy.kind", "'all'", "'mirrored'"]),
        ("train_float.strategy.replicas", 2, ["quickstart.train_float.strategy", "one has one replica, found 2"]),
        (
            "train_float.strategy",
            {"kind": "mirrored", "replicas": 3},
            ["quickstart.train_float", "batch of 8", "split evenly over 3 replicas"],
        ),
        ("train_qat.strategy", {"kind": "tpu", "replicas": 8}, ["quickstart.train_qat", "fake quantization", "TPU"]),
        (
            "train_float",
            {**tiny_params()["quickstart"]["train_float"], **TPU, "precision": "bfloat16"},
            ["quickstart.train_float", "precision bfloat16 is refused on a TPU"],
        ),
        (
            "train_float.frozen_blocks",
            3,
            ["quickstart: train_float.frozen_blocks 3", "weights are random: set it to 0"],
        ),
        ("train_float.precision", "int8", ["quickstart.train_float.precision", "'int8'", "'bfloat16'"]),
        ("train_float.learning_rate", float("inf"), ["quickstart.train_float.learning_rate", "finite"]),
        ("train_float.seed", 2**40, ["quickstart.train_float.seed", "less than 2147483648"]),
        ("train_float.warmup_epochs", 99.0, ["quickstart.train_float", "more than epochs"]),
        ("dataset.classes", ["a", "a"], ["quickstart.dataset", "contain a name twice"]),
        ("name", "other", ["quickstart.name: no such key"]),
        ("task", "detektion", ["quickstart.task: found 'detektion'; expected one of classification, detection"]),
        ("task", None, ["quickstart.task: is missing; expected one of classification, detection"]),
        ("model.backbone", "mobilenet_v9", ["quickstart.model.backbone: found 'mobilenet_v9'; expected one of mobil"]),
        ("train_float.assignment.most_cells", 0, ["quickstart.train_float.assignment.most_cells", "greater than 0"]),
        ("report.pictures", 0, ["quickstart.report.pictures", "found 0", "greater than 0"]),
        ("score.max_drop", True, ["quickstart.score.max_drop", "True", "number"]),
        (
            "dataset.source.kind",
            "zip",
            ["quickstart.dataset.source.kind", "'zip'", "'shapes', 'voc', 'folder', 'coco'"],
        ),
        ("dataset.source.sed", 3, ["quickstart.dataset.source.sed", "did you mean 'seed'"]),
        ("dataset.source", {}, ["quickstart.dataset.source.kind: is missing"]),
        ("dataset.source", {"kind": "folder"}, ["quickstart.dataset.source.path: is missing"]),
        ("dataset.source", VOC, ["dataset.source.archives.0.sha256: found 'abc'; string should match"]),
        ("dataset.source", {**VOC, "archives": []}, ["dataset.source.archives", "at least 1"]),
        ("dataset.pretrained", {**WEIGHTS, "name": "w.bin"}, ["dataset: ", "pretrained 'w.bin'", "ends in .h5"]),
        ("dataset.pretrained", {**WEIGHTS, "name": "w\0.h5"}, ["dataset.pretrained.name: found 'w\\x00.h5'"]),
        ("dataset.pretrained", {**WEIGHTS, "name": "w\u202e.h5"}, ["dataset.pretrained.name", "w\\u202e.h5"]),
        ("dataset.classes", "all", ["dataset.classes: found 'all'; expected a list of names, or the word found"]),
        ("dataset.classes", ["cat", " "], ["dataset.classes: found ['cat', ' ']"]),
        ("dataset.classes", ["cat", "\u202etac"], [r"found ['cat', '\u202etac']; expected a list", "can be shown"]),
        ("dataset.classes", ["\u200bcat"], [r"dataset.classes: found ['\u200bcat']; expected a list", "can be shown"]),
        ("dataset.classes", ["\x1b[2Jcat"], [r"dataset.classes: found ['\x1b[2Jcat']; expected", "can be shown"]),
        ("dataset.splits.train", ["V\x07/a"], [r"dataset.splits.train.0: found 'V\x07/a'; expected it in letters"]),
        ("convert.about.author", "a\u2066b", [r"convert.about.author: found 'a\u2066b'; expected it in letters"]),
        ("dataset.splits.val", 1.5, ["dataset.splits.val: found 1.5; expected a share of train between 0 and 1"]),
        ("dataset.splits.test", [], ["dataset.splits.test: found []", "or a list of image sets"]),
        ("dataset.splits", {"train": ["V/*"], "val": 0.5, "test": 0.5}, ["dataset.splits", "nothing to train on"]),
    ],
)
def test_an_invalid_value_is_reported(tmp_path: Path, key: str, value: object, expected: list[str]) -> None:
    params = copy.deepcopy(tiny_params())
    *path, last = key.split(".")
    section = params["quickstart"]
    for part in path:
        section = section[part]
    section[last] = value
    with pytest.raises(UserError) as error:
        load(tmp_path, params)
    for words in expected:
        assert words in str(error.value)


def test_a_missing_key_is_reported(tmp_path: Path) -> None:
    params = tiny_params()
    del params["quickstart"]["model"]["suppression"]["iou_threshold"]
    with pytest.raises(UserError, match=r"quickstart\.model\.suppression\.iou_threshold: is missing"):
        load(tmp_path, params)


def test_all_mistakes_are_reported_together(tmp_path: Path) -> None:
    params = tiny_params()
    params["quickstart"]["model"]["alpha"] = -1
    params["quickstart"]["train_qat"]["batch"] = "many"
    with pytest.raises(UserError) as error:
        load(tmp_path, params)
    assert len(str(error.value).splitlines()) == 2


def test_an_unknown_recipe_is_refused_with_the_known_names(tmp_path: Path) -> None:
    load(tmp_path, tiny_params())
    with pytest.raises(UserError, match="no recipe 'nosuch'; there are: quickstart"):
        load_recipe("nosuch", tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("quickstart: [", "not valid YAML"),
        ("- a", "expected one section per recipe"),
        ("quickstart: 3", "expected a section"),
    ],
)
def test_a_file_that_is_not_params_yaml_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        load(tmp_path, text)


@pytest.mark.parametrize(
    "name", ["", "../mine", "a b", "-x", "x-", "Mine", "x;touch ran", "${x}", "x\n", "ü", 300 * "x$"]
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """Also where params.yaml has such a section: the name stands in paths and in commands."""
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump({name: tiny_params()["quickstart"]}))
    with pytest.raises(UserError, match=r"^recipe '.*expected small letters, digits, - and _") as error:
        load_recipe(name, file)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize("name", ["recipes", "item", "key"])
def test_a_name_that_the_pipeline_uses_is_refused(tmp_path: Path, name: str) -> None:
    """DVC would take the section for the variable, and no recipe would run any more."""
    with pytest.raises(UserError, match=f"^recipe '{name}': dvc.yaml uses this name"):
        load_recipe(name, tmp_path / "params.yaml")


@pytest.mark.parametrize("number", ["010", "0_1", "1:30", "1:30.5", "1_000", "0b11", "-07"])
def test_a_number_that_dvc_reads_in_another_way_is_refused(tmp_path: Path, number: str) -> None:
    """YAML 1.1 takes 010 for eight, YAML 1.2 for ten: dvc.lock would note another number than was trained with."""
    file = tmp_path / "params.yaml"
    file.write_text(f"a: 0\nquickstart:\n  epochs: {number}\n")
    with pytest.raises(UserError, match=re.escape(f"params.yaml: not valid YAML: line 3: found the number {number}")):
        load_recipe("quickstart", file)


def test_aliases_of_aliases_are_refused_before_they_are_written_out(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 10)
    )
    with pytest.raises(UserError, match=r"params\.yaml: not valid YAML: .* with its aliases written out") as error:
        load(tmp_path, bomb + "quickstart: *a9\n")
    assert len(str(error.value)) < 400


LARGE = list(range(20_000))


@pytest.mark.parametrize(
    "params",
    [
        LARGE,
        {"quickstart": LARGE},
        {"quickstart": {"task": LARGE}},
        {"quickstart": tiny_params()["quickstart"] | {"model": LARGE}},
        {"quickstart": tiny_params()["quickstart"] | {"dataset": {"source": {"kind": str(LARGE)}}}},
        {"quickstart": tiny_params()["quickstart"] | {f"key{number}": 1 for number in LARGE}},
        {f"name{number}": {} for number in LARGE},
    ],
)
def test_a_message_is_short_whatever_was_found(tmp_path: Path, params: Any) -> None:
    with pytest.raises(UserError) as error:
        load(tmp_path, params)
    assert len(str(error.value)) < 10_000


def test_an_experiment_changes_only_the_keys_that_it_names(tmp_path: Path) -> None:
    """`dvc exp run -S` rewrites params.yaml, and not everything that YAML allows survives that."""
    expected = yaml.safe_load((ROOT / "params.yaml").read_text())
    expected["voc2007"]["train_float"]["ema_decay"] = 0.5
    shutil.copy(ROOT / "params.yaml", tmp_path)
    apply_overrides(tmp_path / "params.yaml", ["voc2007.train_float.ema_decay=0.5"])
    assert yaml.safe_load((tmp_path / "params.yaml").read_text()) == expected


def test_a_step_for_several_devices_is_not_compiled(tmp_path: Path) -> None:
    params = tiny_params()
    params["quickstart"]["train_float"].update(strategy={"kind": "mirrored", "replicas": 2}, xla=True)
    with pytest.raises(UserError, match=r"quickstart.train_float: .*xla compiles for one device: set it to false"):
        load(tmp_path, params)


def test_every_replica_has_a_part_of_every_micro_batch(tmp_path: Path) -> None:
    params = tiny_params()
    params["quickstart"]["train_float"].update(strategy={"kind": "mirrored", "replicas": 2}, micro_batches=8)
    with pytest.raises(UserError, match="a batch of 8 in 8 micro_batches cannot be split evenly over 2 replicas"):
        load(tmp_path, params)
