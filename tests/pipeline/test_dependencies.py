"""dvc.yaml declares for each stage exactly the code that it runs."""

import pytest
import yaml

from pipeline.imports import SRC, closure

STAGES = yaml.safe_load((SRC.parent / "dvc.yaml").read_text())["stages"]


@pytest.mark.parametrize("stage", STAGES)
def test_declared_code_is_the_import_closure(stage: str) -> None:
    declared = {dep for dep in STAGES[stage]["deps"] if dep.startswith("src/")}
    assert declared == closure(SRC / f"{stage}.py")


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_depends_on_its_locks_and_says_what_it_does(stage: str) -> None:
    assert "requirements/runtime.txt" in STAGES[stage]["deps"]
    assert ("requirements/cuda.txt" in STAGES[stage]["deps"]) == stage.startswith("train_")  # what uses a GPU
    assert STAGES[stage]["desc"]


def test_every_recipe_of_the_pipeline_has_its_section() -> None:
    (variables,) = yaml.safe_load((SRC.parent / "dvc.yaml").read_text())["vars"]
    assert variables["recipes"] == list(yaml.safe_load((SRC.parent / "params.yaml").read_text()))


def test_the_closure_sees_what_python_imports() -> None:
    script = SRC / "fetch.py"
    assert "src/octet/voc/shapes.py" in closure(script)
    assert "src/octet/tensorflow.py" not in closure(script)
    assert "src/octet/tensorflow.py" in closure(SRC / "train_float.py")
