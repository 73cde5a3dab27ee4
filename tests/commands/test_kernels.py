"""The shipped file is scored with other kernels on the same pictures, and the changes stand in the ledger's form."""

import json
from pathlib import Path

import pytest

from conftest import Project, detection_recipe
from helpers.classifying import write_classifier_project
from octet.commands.rounding.scores import score_kernels
from octet.common.files import write_json
from octet.data.reading.pictures import picture_batches
from octet.measuring.files import FileFacts
from octet.measuring.kernels import read_kernel_scores
from octet.reporting.measured import kernels_section
from octet.tasks.classification.predicting.part import Predicting
from octet.tflite.running.operators import file_facts

FILE = ("bytes", "sha256")  # of the file, not of its answers
VARIANTS = ["uint8", "uint8, builtin kernels", "uint8, reference kernels"]


@pytest.fixture
def evaluated(project: Project, reproduced: Project) -> Project:
    """A project in which a recipe is scored."""
    project.take(reproduced, "data", "models", "reports")
    return project


def test_the_steps_have_both_metrics_with_intervals(evaluated: Project) -> None:
    result = evaluated.octet("kernels", "quickstart")
    assert result.returncode == 0, result.stderr
    reports = evaluated.folder / "reports" / "quickstart"
    scores, evaluation = (json.loads((reports / f"{name}.json").read_text()) for name in ("kernels", "evaluation"))
    assert list(scores["variants"]) == VARIANTS
    assert scores["pictures"] == evaluation["dataset"]["images"]
    shipped = {name: score for name, score in evaluation["variants"]["uint8"].items() if name not in FILE}
    assert scores["variants"]["uint8"] == shipped
    recipe = detection_recipe(evaluated.folder / "params.yaml")
    steps = {(step["from"], step["to"], step["metric"]): step for step in scores["ledger"]}
    assert list(steps) == [("uint8", to, metric) for metric in recipe.max_drops for to in VARIANTS[1:]]
    for (_, to, metric), step in steps.items():
        change = scores["variants"][to][metric] - scores["variants"]["uint8"][metric]
        assert step["delta"] == pytest.approx(change, abs=2e-5)
        assert step["ci95"][0] <= step["ci95"][1]
        assert f"uint8 → {to}" in result.stdout
    read = read_kernel_scores(reports / "kernels.json", "quickstart")
    section = kernels_section(read, recipe, read.sha256)
    assert "The shipped file with other" in section
    assert section.count("uint8 → uint8, reference kernels") == len(recipe.max_drops)


def test_a_file_that_was_not_evaluated_is_refused(evaluated: Project) -> None:
    file = evaluated.folder / "models/quickstart/detector_uint8.tflite"
    file.write_bytes(file.read_bytes() + b"\0")
    result = evaluated.octet("kernels", "quickstart")
    assert result.returncode == 1
    assert "detector_uint8.tflite: is not the file that was evaluated" in result.stderr
    assert not (evaluated.folder / "reports/quickstart/kernels.json").exists()


def test_a_classifier_is_scored_likewise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recipe = write_classifier_project(tmp_path)
    file, records = Path("models", recipe.name, recipe.shipped_file), Path("data", recipe.name, "records")
    predicting = Predicting(recipe, records)
    batches = picture_batches(records, "test", recipe.model.input_size, 4).as_numpy_iterator()
    outputs = predicting.collect(predicting.file_outputs(file, batches))
    write_json(Path("reports", recipe.name, recipe.outputs_folder, "uint8.json"), outputs)
    facts = FileFacts.model_validate(file_facts(file.read_bytes()))
    scores = score_kernels(recipe, file, facts, ["reference"])
    (step,) = scores.ledger
    assert (step.before, step.after, step.metric) == ("uint8", "uint8, reference kernels", "top1")
    (comparison,) = scores.comparisons
    assert (comparison.before, comparison.after) == (step.before, step.after)
    assert scores.pictures == len(outputs)
