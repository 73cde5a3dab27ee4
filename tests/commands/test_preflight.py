"""What would fail after hours fails before the first download."""

import pytest

from conftest import Project, tiny_params


@pytest.fixture
def on_a_gpu(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A recipe that trains on a GPU, on a machine that shows none."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.delenv("ALLOW_CPU", raising=False)
    params = tiny_params()
    params["quickstart"]["train_float"]["device"] = "gpu"
    project.write_params(params)
    return project


def test_a_recipe_for_a_gpu_is_stopped_where_there_is_none(on_a_gpu: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    result = on_a_gpu.octet("preflight", "quickstart")
    assert result.returncode == 1
    assert result.stderr.startswith("octet: this recipe trains on a GPU (`device: gpu`) and TensorFlow finds none")
    monkeypatch.setenv("ALLOW_CPU", "1")
    assert on_a_gpu.octet("preflight", "quickstart").returncode == 0


def test_what_was_trained_elsewhere_needs_no_gpu(on_a_gpu: Project) -> None:
    """Its weights come from a DVC remote."""
    (on_a_gpu.folder / "dvc.lock").write_text("schema: '2.0'\nstages:\n  train_float@quickstart:\n    cmd: x\n")
    assert on_a_gpu.octet("preflight", "quickstart").returncode == 0


def test_a_recipe_for_the_cpu_passes(project: Project) -> None:
    result = project.octet("preflight", "quickstart")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
