"""Everything that `make test-gpu` looks at on a GPU, looked at on a CPU."""

import json

import pytest

from conftest import ROOT, Project
from octet.commands.gpu import _cases
from octet.recipe.shared.load import load_recipe

CASES = [
    "float",
    "float, again",
    "float in 16 bits",
    "float, compiled",
    "8 bits",
    "8 bits, compiled",
]


def test_no_training_of_a_gpus_recipe_is_measured_twice_but_to_compare_its_bytes() -> None:
    recipe = load_recipe("voc0712", ROOT / "params.yaml")
    cases = _cases(recipe, gpus=2)
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


def test_without_a_gpu_it_says_so(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.delenv("ALLOW_CPU", raising=False)
    result = project.octet("gpu", "quickstart")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "TensorFlow finds none" in line
    assert not (project.folder / "reports" / "gpu.json").exists()


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
    for case in found["cases"].values():
        assert case["devices"] == 1
        assert case["pictures_per_second"] > 0
        assert 0 <= case["waiting"] < 1
    assert found["text"] in result.stdout
    assert "pictures a second of quickstart: float " in found["text"]
