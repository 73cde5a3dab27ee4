"""The recipe that is made for a GPU, with a small network and few pictures and epochs, on the CPU."""

import hashlib
import json
from typing import Any

import pytest
import yaml

from conftest import ROOT, STAGES, Project
from octet.common.tensorflow import keras
from octet.sources.packing import shapes
from octet.sources.packing.tar import PackedFile, write_archive
from octet.sources.voc.annotation import Annotation, Object, serialize_annotation

PICTURES = {
    ("VOC2007", "trainval"): range(1, 41),
    ("VOC2012", "trainval"): range(41, 81),
    ("VOC2007", "test"): range(81, 85),
}


def make_archive(project: Project, file: dict[str, Any], folder: str, split: str, classes: list[str]) -> None:
    """An archive under the official one's name, with rendered pictures, and the recipe's entry for it."""
    rendered = [shapes.render_picture(7, 200, f"{number:06d}") for number in PICTURES[folder, split]]
    members = {f"ImageSets/Main/{split}.txt": "".join(f"{of.id}\n" for _, of in rendered).encode()}
    for jpeg, of in rendered:
        things = tuple(Object(classes[shapes.CLASSES.index(thing.name)], thing.box) for thing in of.objects)
        members[f"Annotations/{of.id}.xml"] = serialize_annotation(
            Annotation(of.id, folder, of.width, of.height, things)
        )
        members[f"JPEGImages/{of.id}.jpg"] = jpeg
    path = project.folder / file["name"]
    write_archive(
        path, [PackedFile(f"VOCdevkit/{folder}/{name}", content) for name, content in sorted(members.items())]
    )
    content = path.read_bytes()
    file.update(bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), sources=[str(path)])


def shrunk(project: Project) -> dict[str, Any]:
    """The recipe, with fewer pictures and epochs."""
    recipe: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())["voc0712"]
    first, second, test = recipe["dataset"]["source"]["archives"]
    classes = recipe["dataset"]["classes"]
    make_archive(project, first, "VOC2007", "trainval", classes)
    make_archive(project, second, "VOC2012", "trainval", classes)
    make_archive(project, test, "VOC2007", "test", classes)
    weights = project.folder / recipe["dataset"]["pretrained"]["name"]
    model = recipe["model"]
    model.update(alpha=0.35, input_size=64)  # the switches stay: bfloat16, XLA, frozen blocks, strides
    side = (model["input_size"],) * 2
    keras.applications.MobileNetV2((*side, 3), model["alpha"], include_top=False, weights=None).save_weights(weights)
    recipe["dataset"]["pretrained"].update(bytes=weights.stat().st_size, sources=[str(weights)])
    recipe["train_float"].update(epochs=1, validate_every=1, warmup_epochs=0.5)
    recipe["train_qat"].update(epochs=1, validate_every=1, calibration_batches=1)
    recipe["convert"]["calibration_pictures"] = 4
    recipe["report"]["pictures"] = 2
    return recipe


@pytest.mark.slow
def test_it_goes_through_every_stage(project: Project, monkeypatch: Any) -> None:
    monkeypatch.setenv("ALLOW_CPU", "1")
    project.write_params({"voc0712": shrunk(project)})
    for stage in STAGES:
        result = project.stage(stage, "voc0712")
        assert result.returncode == 0, f"{stage}: {result.stderr}"
    evaluation = json.loads((project.folder / "reports/voc0712/evaluation.json").read_text())
    assert evaluation["dataset"]["images"] == len(PICTURES["VOC2007", "test"])
    assert len(evaluation["variants"]) == 9
    assert (project.folder / "reports/voc0712/report.html").exists()
