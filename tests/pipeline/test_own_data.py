"""The page about own data, done as it says."""

import json
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from conftest import ROOT, Project, tiny_params
from helpers.making import encoded
from helpers.own_data import Rendered, write, write_coco, write_voc, write_yolo
from octet.common.tensorflow import keras
from octet.sources.packing import shapes

PAGE = (ROOT / "docs" / "own-data.md").read_text()
FOLDER, COCO, YOLO, TAR = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
NEW = ("new", "mine", "--from", "quickstart", "--pictures", "../photos")
REPRODUCE = ("make", "--old-file=.venv/runtime", "DOCKER=nosuch", "reproduce", "RECIPE=mine")
FIRST, LAST = 1, 40


def rendered(first: int, last: int) -> Rendered:
    return [shapes.render_picture(3, 96, f"{number:06d}") for number in range(first, last + 1)]


@pytest.fixture
def clone(tmp_path: Path) -> Project:
    """A working copy with a folder beside it, as on the page."""
    (tmp_path / "octet").mkdir()
    project = Project.new(tmp_path / "octet")
    shutil.copy(ROOT / "Makefile", project.folder)
    (project.folder / ".venv").symlink_to(ROOT / ".venv")
    return project


def add_recipe(project: Project, dataset: dict[str, Any]) -> None:
    section = tiny_params()["quickstart"]
    rest = {"pretrained": None, "classes": "found", "on_bad": "error", "shards": 1}
    project.write_params({"mine": {**section, "dataset": {**rest, **dataset}}})


def described(project: Project) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((project.folder / "data/mine/dataset.json").read_text())
    return content


@pytest.mark.slow
def test_thirty_pictures_in_two_folders_become_a_file_that_tells_them_apart(clone: Project) -> None:
    """As on the page, but for the browser, and with weights of nothing in the place of those that are downloaded."""
    lines = (
        "octet new pets --from flowers_small --pictures ../photos",
        "make reproduce RECIPE=pets RUNNER=local",
        "make classify RECIPE=pets SOURCE=../photos/cat",
    )
    assert all(line in PAGE for line in lines)
    photos, weights = clone.folder.parent / "photos", clone.folder.parent / "mobilenet.h5"
    for name, colour in (("cat", (200, 60, 60)), ("dog", (60, 60, 200))):
        for number in range(15):
            write(photos / name / f"{number}.jpg", encoded(Image.new("RGB", (64 + number, 64), colour)))
    keras.applications.MobileNetV2((64, 64, 3), alpha=0.35, include_top=False, weights=None).save_weights(weights)
    base = yaml.safe_load((ROOT / "params.yaml").read_text())["flowers_small"]
    base["dataset"]["pretrained"] |= {"bytes": None, "sources": [str(weights)]}
    clone.write_params({"flowers_small": base})
    clone.set_up_dvc()
    assert clone.octet(*lines[0].split()[1:]).returncode == 0
    result = clone.run(*REPRODUCE[:-1], "RECIPE=pets")
    assert result.returncode == 0, result.stderr
    assert (clone.folder / "models/pets/labels.txt").read_text().split() == ["cat", "dog"]
    shown = clone.run(*REPRODUCE[:3], "classify", "RECIPE=pets", "SOURCE=../photos/cat")
    assert shown.returncode == 0, shown.stderr
    assert len(list((photos / "cat").glob("*.classified.jpg"))) == 15

    result = clone.run(*REPRODUCE[:-1], "RECIPE=pets")
    assert result.returncode == 0, result.stderr
    ran = [line for line in result.stdout.splitlines() if line.startswith("Running stage")]
    assert ran == ["Running stage 'fetch@pets':"]  # and its archive is the same: nothing is learnt from drawn copies


@pytest.mark.slow
def test_the_three_lines_and_again_when_the_pictures_changed(clone: Project) -> None:
    assert f".venv/bin/octet {' '.join(NEW)}\nmake reproduce RECIPE=mine" in PAGE
    photos = clone.folder.parent / "photos"
    write_voc(photos / "images", photos / "annots", rendered(FIRST, LAST))
    clone.set_up_dvc()
    result = clone.octet(*NEW)
    assert result.returncode == 0, result.stderr
    result = clone.run(*REPRODUCE)
    assert result.returncode == 0, result.stderr
    assert "uint8_raw" in result.stdout
    assert described(clone)["classes"] == list(shapes.CLASSES)
    assert (clone.folder / "models/mine/labels.txt").read_text().split() == list(shapes.CLASSES)

    result = clone.run(*REPRODUCE)
    assert result.returncode == 0, result.stderr
    assert "Running stage" not in result.stdout

    write(photos / "images" / "000001.jpg", b"not a picture")
    result = clone.run(*REPRODUCE)
    assert result.returncode != 0
    assert "../photos/images/000001.jpg: undecodable picture" in result.stderr


def test_the_page_shows_what_the_command_writes(clone: Project) -> None:
    photos = clone.folder.parent / "photos"
    write_voc(photos / "images", photos / "annots", rendered(FIRST, LAST))
    assert clone.octet(*NEW).returncode == 0
    dataset = yaml.safe_load((clone.folder / "params.yaml").read_text())["mine"]["dataset"]
    assert {key: dataset[key] for key in FOLDER} == FOLDER


@pytest.mark.parametrize("kind", ["folder", "tar", "coco", "yolo"])
def test_the_same_pictures_from_each_kind_of_source(clone: Project, kind: str) -> None:
    photos, pictures = clone.folder.parent / "photos", rendered(FIRST, LAST)
    if kind == "folder":
        write_voc(photos / "images", photos / "annots", pictures)
    elif kind == "coco":
        write_coco(photos / "images", photos / "instances.json", pictures)
    elif kind == "yolo":
        write_yolo(photos / "images", photos / "labels", pictures)
        write(photos / "data.yaml", yaml.safe_dump({"names": list(shapes.CLASSES)}))
    else:
        write_voc(photos / "JPEGImages", photos / "Annotations", pictures)
        with tarfile.open(photos.with_suffix(".tar"), "w") as tar:
            tar.add(photos, "photos")
    add_recipe(clone, {"folder": FOLDER, "tar": TAR, "coco": COCO, "yolo": YOLO}[kind])
    for stage in ("fetch", "preprocess"):
        result = clone.stage(stage, "mine")
        assert result.returncode == 0, result.stderr
    splits = described(clone)["splits"]
    assert {split: summary["pictures"] for split, summary in splits.items()} == {"train": 28, "val": 3, "test": 9}
    objects = sum(summary["objects"] for summary in splits.values())
    assert objects == sum(len(annotation.objects) for _, annotation in pictures)


def test_image_sets_of_a_folder_with_vocs_names(clone: Project) -> None:
    photos = clone.folder.parent / "photos"
    write_voc(photos / "JPEGImages", photos / "Annotations", rendered(1, 9))
    for split, ids in (("train", range(1, 6)), ("val", range(6, 8)), ("test", range(8, 10))):
        write(photos / "ImageSets" / "Main" / f"{split}.txt", "".join(f"{id:06d}\n" for id in ids))
    splits = {split: [f"photos/{split}"] for split in ("train", "val", "test")}
    for split in splits:
        assert f"`{split}: [photos/{split}]`" in PAGE
    add_recipe(clone, {"source": {"kind": "folder", "path": "../photos"}, "splits": splits})
    for stage in ("fetch", "preprocess"):
        result = clone.stage(stage, "mine")
        assert result.returncode == 0, result.stderr
    counts = {split: summary["pictures"] for split, summary in described(clone)["splits"].items()}
    assert counts == {"train": 5, "val": 2, "test": 2}


@pytest.mark.parametrize(
    ("image", "hint"), [("", ""), ("cpu", "; the container sees the repository alone: DOCKER_RUN_FLAGS='--volume ")]
)
def test_a_folder_that_is_not_there_is_named(
    clone: Project, monkeypatch: pytest.MonkeyPatch, image: str, hint: str
) -> None:
    monkeypatch.setenv("OCTET_IMAGE", image)
    add_recipe(clone, FOLDER)
    result = clone.stage("fetch", "mine")
    assert result.returncode == 1
    assert result.stderr.startswith(f"octet: ../photos does not exist{hint}")
    assert not (clone.folder / "data" / "mine").exists() or not list((clone.folder / "data" / "mine").iterdir())


@pytest.mark.parametrize(
    ("lies_there", "message"),
    [
        (
            "other/1.jpg",
            "../photos: has no pictures in a folder 'images', where they are expected, with their XML files in ",
        ),
        ("images/1.jpg", "../photos/annots does not exist"),
    ],
)
def test_a_folder_that_lacks_a_part_is_named(clone: Project, lies_there: str, message: str) -> None:
    write(clone.folder.parent / "photos" / lies_there, rendered(1, 1)[0][0])
    add_recipe(clone, FOLDER)
    result = clone.stage("fetch", "mine")
    assert result.returncode == 1
    assert result.stderr.startswith(f"octet: {message}")
