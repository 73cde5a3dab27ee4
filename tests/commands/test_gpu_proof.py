"""Everything that `make test-gpu` looks at on a GPU, looked at on a CPU."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, Project
from octet.commands.gpu import _cases, _findings, _measure, _paragraph
from octet.commands.proof.project import run_stage, weights_after_a_kill
from octet.common.errors import UserError
from octet.recipe.shared.load import load_recipe

CASES = [
    "float",
    "float, again",
    "float in 16 bits",
    "float, compiled",
    "8 bits",
    "8 bits, compiled",
    "float on 2 parts of the CPU",
]


def test_no_training_of_a_gpus_recipe_is_measured_twice_but_to_compare_its_bytes() -> None:
    recipe = load_recipe("voc0712", ROOT / "params.yaml")
    cases = _cases(recipe, "GPUs", 2)
    assert list(cases)[2:] == [
        "float in 32 bits",
        "float, not compiled",
        "8 bits",
        "8 bits, not compiled",
        "float on 2 GPUs",
    ]
    measured = [getattr(recipe, training).model_copy(update=changes) for training, changes in cases.values()]
    assert measured[0] == measured[1]
    assert all(measured[1:].count(plan) == 1 for plan in measured[1:])


@pytest.mark.parametrize("kind", ["mirrored", "workers", "tpu"])
def test_a_training_of_several_devices_is_measured_on_one_in_as_many_parts(kind: str) -> None:
    recipe = load_recipe("voc0712", ROOT / "params.yaml")
    plans = {
        name: (plan := getattr(recipe, name)).model_copy(
            update={"xla": False, "strategy": plan.strategy.model_copy(update={"kind": kind, "replicas": 8})}
        )
        for name in ("train_float", "train_qat")
    }
    alone = [plan.on_one_device() for plan in plans.values()]
    assert all((plan.strategy.kind, plan.pictures_at_once) == ("one", 4) for plan in alone)
    cases = _cases(recipe.model_copy(update=plans), "GPUs", 8)
    on_eight = "float on 8 GPUs"  # as the recipe has it; in parts, compiling one device's would take too long
    assert list(cases) == ["float", "float, again", "float in 32 bits", "8 bits", on_eight]
    _, changes = cases[on_eight]
    assert (changes["strategy"].replicas, changes["micro_batches"]) == (8, 1)


def test_what_fails_in_its_process_leaves_a_reason() -> None:
    assert _measure(json.loads, "") == {"failed": "Expecting value: line 1 column 1 (char 0)"}
    assert "terminated abruptly" in _measure(os._exit, 1)["failed"]


MEASURED: dict[str, Any] = {
    "sha256": "0",
    "pictures_per_second": 90.0,
    "waiting": 0.0,
    "peak_bytes": 10**9,
    "estimated_bytes": 10**9,
}


def test_a_case_that_failed_leaves_the_others_in_the_paragraph() -> None:
    recipe = load_recipe("voc0712", ROOT / "params.yaml")
    cases: dict[str, dict[str, Any]] = {
        "float": MEASURED,
        "float, again": MEASURED,
        "8 bits": {"failed": "out of memory"},
    }
    findings = _findings(cases, same_after_a_kill=True)
    assert all(findings.values())
    text = _paragraph(recipe, "a GPU", None, cases, findings)
    assert "float 90, float, again 90, 8 bits failed; 1.0 GB at most." in text
    assert "train_float takes" in text
    assert "train_qat takes" not in text


def test_where_all_cases_failed_nothing_is_found_to_be_so() -> None:
    recipe = load_recipe("voc0712", ROOT / "params.yaml")
    cases: dict[str, dict[str, Any]] = {name: {"failed": "no kernel"} for name in ("float", "float, again", "8 bits")}
    findings = _findings(cases, same_after_a_kill=False)
    assert not any(findings.values())
    text = _paragraph(recipe, "a GPU", "1.2", cases, findings)
    assert text.startswith("On a GPU (driver 1.2), pictures a second of voc0712: float failed, float, again failed, ")
    assert "GB" not in text


STAGE = """
import time
from pathlib import Path
print("begins", flush=True)
if {waits}:
    time.sleep(60)
    Path("waited").touch()
"""


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    return tmp_path / "src" / "train_float.py"


def test_a_stage_of_which_nothing_is_expected_may_be_silent(stage: Path) -> None:
    stage.write_text("")
    run_stage(stage.parents[1], "train_float")


def test_a_stage_that_says_what_was_expected_is_stopped_there(stage: Path) -> None:
    stage.write_text(STAGE.format(waits=True))
    run_stage(stage.parents[1], "train_float", "begins", signal.SIGKILL)
    assert not (stage.parents[1] / "waited").exists()


@pytest.mark.parametrize("number", [None, signal.SIGKILL])
def test_a_stage_that_never_says_what_was_expected_is_an_error(stage: Path, number: signal.Signals | None) -> None:
    stage.write_text(STAGE.format(waits=False))
    with pytest.raises(UserError, match="train_float never said 'going on after step'"):
        run_stage(stage.parents[1], "train_float", "going on after step", number)


def test_a_training_that_does_not_go_on_proves_nothing(stage: Path) -> None:
    """It begins anew every time, so its weights are the same whatever a kill does."""
    stage.write_text(
        "from pathlib import Path\n"
        "weights = Path('models/proof/float/weights.h5')\n"
        "weights.parent.mkdir(parents=True, exist_ok=True)\n"
        "weights.write_bytes(b'same')\n"
        "print('before the first step')\n"
    )
    with pytest.raises(UserError, match="never said"):
        weights_after_a_kill(stage.parents[1])


def test_steps_are_counted_from_one(project: Project) -> None:
    result = project.octet("gpu", "quickstart", "--steps", "0")
    assert (result.returncode, "found 0, expected 1 or more" in result.stderr) == (2, True)


def test_without_a_gpu_it_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.delenv("ALLOW_CPU", raising=False)
    result = project.octet("gpu", "quickstart")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "TensorFlow finds none" in line
    assert not (project.folder / "reports" / "gpu.json").exists()


def test_what_a_recipe_called_gpu_has_learnt_stays(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setenv("ALLOW_CPU", "1")
    (project.folder / "src" / "fetch.py").write_text("raise SystemExit('no disk')\n")  # ends it once it has its folder
    checkpoint = project.folder / "runs" / "gpu" / "train_float" / "step-1.checkpoint"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.touch()
    result = project.octet("gpu", "quickstart")
    assert result.stderr.splitlines()[-1] == "octet: fetch failed: no disk"
    assert checkpoint.exists()


@pytest.mark.slow
def test_all_that_a_cpu_can_show(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setenv("ALLOW_CPU", "1")
    result = project.octet("gpu", "quickstart", "--steps", "2")
    assert result.returncode == 0, result.stdout + result.stderr
    found = json.loads((project.folder / "reports" / "gpu.json").read_text())
    assert list(found["cases"]) == CASES
    assert found["the same bytes twice"]
    assert found["the same bytes after a kill"]
    for name, case in found["cases"].items():
        assert case["devices"] == (2 if name == CASES[-1] else 1)
        assert case["pictures_per_second"] > 0
        assert 0 <= case["waiting"] < 1
    assert found["text"] in result.stdout
    assert "pictures a second of quickstart: float " in found["text"]
