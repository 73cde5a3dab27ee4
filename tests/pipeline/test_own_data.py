"""The page about one's own data, done as it says."""

import json
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT, Project, tiny_params
from octet.sources.packing import shapes
from octet.sources.voc.annotation import Annotation, serialize

PAGE = (ROOT / "docs" / "own-data.md").read_text()
FOLDER, TAR, COCO = (yaml.safe_load(block)["dataset"] for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
REPRODUCE = ("make", "--old-file=.venv/runtime", "DOCKER=nosuch", "reproduce", "RECIPE=mine")
FIRST, LAST = 1, 40


def rendered(first: int, last: int) -> list[tuple[bytes, Annotation]]:
    return [shapes.render(3, 96, f"{number:06d}") for number in range(first, last + 1)]


def put_into(photos: Path, pictures: list[tuple[bytes, Annotation]]) -> None:
    for jpeg, of in pictures:
        for name, content in ((f"JPEGImages/{of.id}.jpg", jpeg), (f"Annotations/{of.id}.xml", serialize(of))):
            (photos / name).parent.mkdir(parents=True, exist_ok=True)
            (photos / name).write_bytes(content)


def put_into_coco(photos: Path, pictures: list[tuple[bytes, Annotation]]) -> None:
    (photos / "images").mkdir(parents=True)
    images, boxes = [], []
    for number, (jpeg, of) in enumerate(pictures):
        (photos / "images" / f"{of.id}.jpg").write_bytes(jpeg)
        images.append({"id": number, "file_name": f"{of.id}.jpg", "width": of.width, "height": of.height})
        for thing in of.objects:
            xmin, ymin, xmax, ymax = thing.box
            box = [float(side) for side in (xmin - 1, ymin - 1, xmax - xmin + 1, ymax - ymin + 1)]
            kind = shapes.CLASSES.index(thing.name)
            boxes.append({"image_id": number, "category_id": kind, "bbox": box, "iscrowd": int(thing.difficult)})
    kinds = [{"id": kind, "name": name} for kind, name in enumerate(shapes.CLASSES)]
    (photos / "instances.json").write_text(json.dumps({"images": images, "annotations": boxes, "categories": kinds}))


@pytest.fixture
def clone(tmp_path: Path) -> Project:
    """A working copy with a folder beside it, as on the page."""
    (tmp_path / "octet").mkdir()
    project = Project.new(tmp_path / "octet")
    shutil.copy(ROOT / "Makefile", project.folder)
    (project.folder / ".venv").symlink_to(ROOT / ".venv")
    return project


def take_up(project: Project, dataset: dict[str, Any]) -> None:
    section = tiny_params()["quickstart"]
    section["train_float"]["epochs"] = section["train_qat"]["epochs"] = 1
    project.write_params({"mine": {**section, "dataset": dataset}})


def described(project: Project) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((project.folder / "data/mine/dataset.json").read_text())
    return content


@pytest.mark.slow
def test_a_folder_from_its_pictures_to_its_scores_and_again_when_it_changed(clone: Project) -> None:
    photos = clone.folder.parent / "photos"
    put_into(photos, rendered(FIRST, LAST))
    take_up(clone, FOLDER)
    clone.set_up_dvc()
    result = clone.run(*REPRODUCE)
    assert result.returncode == 0, result.stderr
    assert "uint8_raw" in result.stdout
    before = described(clone)
    assert before["classes"] == list(shapes.CLASSES)
    assert (clone.folder / "models/mine/labels.txt").read_text().split() == before["classes"]

    result = clone.run(*REPRODUCE)
    assert result.returncode == 0, result.stderr
    assert "Running stage" not in result.stdout

    put_into(photos, [(b"not a picture", rendered(1, 1)[0][1])])
    result = clone.run(*REPRODUCE)
    assert result.returncode != 0
    assert "photos/JPEGImages/000001.jpg: undecodable picture" in result.stderr


@pytest.mark.parametrize("kind", ["folder", "tar", "coco"])
def test_the_same_pictures_from_each_kind_of_source(clone: Project, kind: str) -> None:
    photos = clone.folder.parent / "photos"
    pictures = rendered(FIRST, LAST)
    (put_into_coco if kind == "coco" else put_into)(photos, pictures)
    if kind == "tar":
        with tarfile.open(photos.with_suffix(".tar"), "w") as tar:
            tar.add(photos, "photos")
    take_up(clone, {"folder": FOLDER, "tar": TAR, "coco": COCO}[kind])
    for stage in ("fetch", "preprocess"):
        result = clone.stage(stage, "mine")
        assert result.returncode == 0, result.stderr
    splits = described(clone)["splits"]
    assert {split: of["pictures"] for split, of in splits.items()} == {"train": 28, "val": 3, "test": 9}
    assert sum(of["objects"] for of in splits.values()) == sum(len(of.objects) for _, of in pictures)


def test_image_sets_of_the_folder(clone: Project) -> None:
    photos = clone.folder.parent / "photos"
    put_into(photos, rendered(1, 9))
    (photos / "ImageSets" / "Main").mkdir(parents=True)
    for split, ids in (("train", range(1, 6)), ("val", range(6, 8)), ("test", range(8, 10))):
        (photos / "ImageSets" / "Main" / f"{split}.txt").write_text("".join(f"{id:06d}\n" for id in ids))
    names = {split: [f"photos/{split}"] for split in ("train", "val", "test")}
    for of in names.values():
        assert f"[{of[0]}]" in PAGE
    take_up(clone, {**FOLDER, "splits": names})
    for stage in ("fetch", "preprocess"):
        result = clone.stage(stage, "mine")
        assert result.returncode == 0, result.stderr
    assert {split: of["pictures"] for split, of in described(clone)["splits"].items()} == {
        "train": 5,
        "val": 2,
        "test": 2,
    }


@pytest.mark.parametrize(
    ("image", "hint"), [("", ""), ("cpu", "; the container sees the repository alone: DOCKER_RUN_FLAGS='--volume ")]
)
def test_a_folder_that_is_not_there_is_named(
    clone: Project, monkeypatch: pytest.MonkeyPatch, image: str, hint: str
) -> None:
    monkeypatch.setenv("OCTET_IMAGE", image)
    take_up(clone, FOLDER)
    result = clone.stage("fetch", "mine")
    assert result.returncode == 1
    assert result.stderr.startswith(f"octet: ../photos is not there{hint}")
    assert not (clone.folder / "data" / "mine").exists() or not list((clone.folder / "data" / "mine").iterdir())


def test_a_folder_without_vocs_layout_is_named(clone: Project) -> None:
    (clone.folder.parent / "photos").mkdir()
    take_up(clone, FOLDER)
    result = clone.stage("fetch", "mine")
    assert (result.returncode, result.stderr) == (
        1,
        "octet: ../photos: expected a folder in VOC's layout, with JPEGImages and Annotations in it\n",
    )
