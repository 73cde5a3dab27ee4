"""octet devices writes what it prints, ends as the recipe asks, and says what is wrong with its input."""

import json
import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from conftest import Project, tiny_params
from octet.common.errors import UserError
from octet.devices.results import read_devices
from octet.devices.table import devices_table

HERE = ("--only", "litert-xnnpack", "--only", "edge-tpu")


@pytest.fixture
def converted(reproduced: Project, project: Project) -> Project:
    """A project with records, files and scores."""
    for made in ("data/quickstart/records", "models", "reports"):
        shutil.copytree(reproduced.folder / made, project.folder / made)
    return project


def must(project: Project, *runtimes: str) -> None:
    params = tiny_params()
    params["quickstart"]["devices"]["must"] = list(runtimes)
    project.write_params(params)


def test_what_is_printed_is_written(converted: Project) -> None:
    must(converted, "litert-xnnpack")
    result = converted.octet("devices", "quickstart", "--pictures", "3", *HERE)
    assert result.returncode == 0, result.stderr
    written = read_devices(converted.folder / "reports" / "quickstart" / "devices.json")
    assert written.pictures == 3
    assert devices_table(written, "mAP50") in result.stdout
    assert devices_table(written, "mAP50") in converted.octet("summary", "quickstart").stdout
    statuses = {name: row.status for name, row in written.runtimes.items()}
    assert statuses == {
        "litert-xnnpack": "equal",
        "litert-xnnpack/uint8": "equal",
        "litert-xnnpack/float32": "equal",
        "litert-xnnpack/float32_raw": "equal",
        "edge-tpu": "absent",
        "edge-tpu/uint8": "refused",
    }
    assert "TFLite_Detection_PostProcess" in written.runtimes["edge-tpu/uint8"].why
    scored = [row for row in written.runtimes.values() if row.status == "equal"]
    assert all(row.same_bytes == 1 and row.score is not None and row.milliseconds for row in scored)


def test_one_runtime_alone_leaves_what_is_known_of_others(converted: Project) -> None:
    """Of the same files and pictures; another number of pictures begins anew."""
    report = converted.folder / "reports" / "quickstart" / "devices.json"
    for pictures, runtime, known in (("3", HERE[1], 1), ("3", HERE[3], 2), ("2", HERE[3], 1)):
        result = converted.octet("devices", "quickstart", "--pictures", pictures, "--only", runtime)
        assert result.returncode == 0, result.stderr
        assert len({row.runtime for row in read_devices(report).runtimes.values()}) == known


def test_an_old_report_that_cannot_be_kept_is_told_before_anything_is_tried(converted: Project) -> None:
    """And what is told to do about it works."""
    report = converted.folder / "reports" / "quickstart" / "devices.json"
    report.write_text("{}")
    result = converted.octet("devices", "quickstart", "--pictures", "2", *HERE[2:])
    assert (result.returncode, "edge-tpu" in result.stdout) == (1, False)
    told = "octet: reports/quickstart/devices.json: recipe: Field required: run `octet devices` without --only\n"
    assert result.stderr == told
    assert report.read_text() == "{}"


def test_two_at_once_are_not_mixed(converted: Project) -> None:
    scratch = converted.folder / "runs" / "quickstart" / "devices"
    scratch.mkdir(parents=True)
    with FileLock(scratch / "lock"):
        result = converted.octet("devices", "quickstart", *HERE)
    assert (result.returncode, result.stderr) == (
        1,
        "octet: runs/quickstart/devices: another octet devices is running here: wait until it ends, or stop it\n",
    )


def test_a_runtime_that_must_and_does_not_fails_the_command(converted: Project) -> None:
    must(converted, "edge-tpu")
    result = converted.octet("devices", "quickstart", "--pictures", "2", *HERE)
    assert (result.returncode, result.stderr) == (
        1,
        "octet: quickstart fails on edge-tpu/uint8, which its devices.must lists\n",
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--only", "litert-xnpack"), "octet: --only: no runtime 'litert-xnpack'; did you mean 'litert-xnnpack'?\n"),
        (("--pictures", "0"), "found 0, expected 1 or more\n"),
    ],
)
def test_words_that_mean_nothing(converted: Project, words: tuple[str, ...], message: str) -> None:
    result = converted.octet("devices", "quickstart", *words)
    assert result.returncode
    assert result.stderr.endswith(message)


def test_a_recipe_that_asks_for_an_unknown_runtime(converted: Project) -> None:
    must(converted, "edgetpu")
    result = converted.octet("devices", "quickstart")
    expected = "octet: params.yaml: quickstart.devices.must: no runtime 'edgetpu'; did you mean 'edge-tpu'?\n"
    assert (result.returncode, result.stderr) == (1, expected)


def test_a_file_that_is_no_tflite(converted: Project) -> None:
    file = Path("models/quickstart/tflite/uint8_raw.tflite")
    (converted.folder / file).unlink()
    (converted.folder / file).write_text("no model")
    result = converted.octet("devices", "quickstart", "--pictures", "2", *HERE)
    assert result.returncode == 1
    assert result.stderr.startswith(f"octet: {file} cannot be used: ")
    assert result.stderr.endswith("run `dvc repro convert@quickstart` to make it again\n")
    assert not (converted.folder / "reports" / "quickstart" / "devices.json").exists()


def test_results_of_another_version_are_told(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_text(json.dumps({"recipe": "quickstart"}))
    with pytest.raises(UserError, match=r"devices.json: .*: run `octet devices` without --only"):
        read_devices(file)
