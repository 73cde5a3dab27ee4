"""COCO's annotations arrive as VOC's, and what makes no sense in them is named with its place."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from helpers.making import encoded, picture
from octet.common.errors import UserError
from octet.recipe.shared.dataset import CocoSet
from octet.sources.packing import coco
from octet.sources.packing.tar import write_archive
from octet.sources.reading.archive import Archives
from octet.sources.reading.check import check
from octet.sources.voc.annotation import Object

CLASSES = ("cat", "dog")
INSTANCES: dict[str, Any] = {
    "categories": [{"id": 7, "name": "cat"}, {"id": 3, "name": "dog"}],
    "images": [
        {"id": 1, "file_name": "a.jpg", "width": 50, "height": 40},
        {"id": 2, "file_name": "b/a.png", "width": 50, "height": 40},
        {"id": 3, "file_name": "gone.jpg", "width": 50, "height": 40},
    ],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 3, "bbox": [0, 0, 50, 40], "iscrowd": 0},
        {"id": 2, "image_id": 1, "category_id": 7, "bbox": [10.5, 5.25, 20, 30.5], "iscrowd": 1},
        {"id": 3, "image_id": 1, "category_id": 7, "bbox": [10, 5, 0, 30]},
    ],
}


def make_coco(folder: Path, instances: Any) -> CocoSet:
    (folder / "images" / "b").mkdir(parents=True)
    (folder / "images" / "a.jpg").write_bytes(encoded(picture()))
    (folder / "images" / "b" / "a.png").write_bytes(encoded(picture(), "PNG"))
    (folder / "instances.json").write_text(instances if isinstance(instances, str) else json.dumps(instances))
    return CocoSet(instances=folder / "instances.json", pictures=folder / "images")


def test_boxes_labels_and_files_arrive(tmp_path: Path) -> None:
    write_archive(tmp_path / "coco.tar", coco.archive_files({"mine": make_coco(tmp_path, INSTANCES)}))
    with Archives([tmp_path / "coco.tar"]) as voc:
        assert voc.image_set("COCO/mine") == ["a", "b_a", "gone"]
        first, second, third = (check(voc.entry("COCO", id), CLASSES) for id in voc.image_set("COCO/mine"))
    assert first.annotation
    assert first.annotation.objects == (
        Object("dog", (1, 1, 50, 40)),
        Object("cat", (11.5, 6.25, 30.5, 35.75), difficult=True),
    )
    assert list(map(str, first.problems)) == [
        f"{tmp_path}/instances.json: images[0] (id 1) 'a.jpg': annotations[2] (id 3) 'cat': "
        "zero-size box: (11, 6, 10, 35)"
    ]
    assert second.repairs == ("PNG to JPEG",)
    (missing,) = map(str, third.problems)
    assert missing.startswith(f"{tmp_path}/instances.json: images[2] (id 3) 'gone.jpg': missing: there is no picture")


def test_a_flaw_in_a_picture_names_the_owners_file(tmp_path: Path) -> None:
    instances = make_coco(tmp_path, INSTANCES)
    (tmp_path / "images/b/a.png").write_bytes(b"no picture")
    write_archive(tmp_path / "coco.tar", coco.archive_files({"mine": instances}))
    with Archives([tmp_path / "coco.tar"]) as voc:
        (problem,) = check(voc.entry("COCO", "b_a"), CLASSES).problems
    assert str(problem).startswith(f"{tmp_path}/images/b/a.png: undecodable picture")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["annotations", 0, "image_id"], 9, "annotations[0] (id 1).image_id: 9 is the id of no image"),
        (["annotations", 1, "category_id"], 1, "annotations[1] (id 2).category_id: 1 is the id of no category"),
        (
            ["annotations", 1, "bbox"],
            [1, 2, 3],
            "(id 2).bbox: found [1, 2, 3], expected [x, y, width, height]",
        ),
        (["annotations", 1, "bbox"], [1, 2, 3, "4"], "annotations[1] (id 2).bbox: found"),
        (["annotations", 1, "bbox"], None, "annotations[1] (id 2).bbox: missing, or not of type list"),
        (["annotations", 2], "x", "annotations[2].image_id: missing"),
        (
            ["images", 1, "file_name"],
            "../../etc/passwd",
            "(id 2).file_name: '../../etc/passwd' is no path below",
        ),
        (
            ["images", 1, "file_name"],
            "a.jpg",
            "images[1] (id 2): has the id or the file's name of images[0] (id 1)",
        ),
        (["images", 1, "id"], 1, "images[1] (id 1): has the id or the file's name of images[0] (id 1)"),
        (["images", 1, "file_name"], "a.png", "images[1] (id 2): has the id or the file's name of images[0] (id 1)"),
        (["images", 1, "file_name"], "", "images[1] (id 2).file_name: '' is no path below"),
        (["images", 1, "file_name"], "x" * 300, "is no path below"),
        (["images", 1, "file_name"], "a\x08.jpg", "is no path below"),
        (["images", 1, "width"], "50px", "images[1] (id 2): width and height are not whole numbers"),
        (["images", 1, "height"], -5, "images[1] (id 2): width and height are not whole numbers"),
        (["categories", 1, "id"], 7, "categories[1] (id 7).id: 7 is the id of another category, too"),
        (["categories", 1, "name"], "d\0g", "categories[1] (id 3).name: 'd\\x00g', expected printable text"),
        (["annotations", 0, "iscrowd"], "0", "annotations[0] (id 1).iscrowd: found '0', expected 0 or 1"),
        (["annotations", 1, "bbox"], [1, 2, 3, 10**400], "annotations[1] (id 2).bbox: found"),
        (["images", 1, "id"], 1.5, "images[1].id: missing, or not of type int"),
        (["categories"], None, "categories: expected a list"),
    ],
)
def test_what_makes_no_sense_is_named(tmp_path: Path, path: list[Any], value: object, message: str) -> None:
    instances = copy.deepcopy(INSTANCES)
    inside: Any = instances
    for part in path[:-1]:
        inside = inside[part]
    inside[path[-1]] = value
    with pytest.raises(UserError) as error:
        list(coco.archive_files({"mine": make_coco(tmp_path, instances)}))
    assert "instances.json" in str(error.value).splitlines()[0]
    assert message in str(error.value)


def test_a_file_that_is_not_cocos_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"instances\.json: not valid JSON"):
        list(coco.archive_files({"mine": make_coco(tmp_path, "{")}))
    of = CocoSet(instances=tmp_path / "other.json", pictures=tmp_path)
    with pytest.raises(UserError, match=r"other\.json is not there"):
        list(coco.archive_files({"mine": of}))
    of = CocoSet(instances=tmp_path, pictures=tmp_path)
    with pytest.raises(UserError, match="Is a directory; expected a file in COCO's format"):
        list(coco.archive_files({"mine": of}))


def test_two_sets_may_have_files_of_the_same_name(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    sets = {folder.name: make_coco(folder, INSTANCES) for folder in folders}
    write_archive(tmp_path / "coco.tar", coco.archive_files(sets))
    with Archives([tmp_path / "coco.tar"]) as voc:
        assert voc.image_set("COCO/a") == ["a_a", "a_b_a", "a_gone"]
        assert voc.image_set("COCO/b") == ["b_a", "b_b_a", "b_gone"]
        assert len(voc.entry("COCO", "b_b_a").pictures) == 1


def test_file_names_may_have_spaces(tmp_path: Path) -> None:
    instances = copy.deepcopy(INSTANCES)
    instances["images"][0]["file_name"] = "photo (1).jpg"
    of = make_coco(tmp_path, instances)
    (of.pictures / "a.jpg").rename(of.pictures / "photo (1).jpg")
    write_archive(tmp_path / "coco.tar", coco.archive_files({"mine": of}))
    with Archives([tmp_path / "coco.tar"]) as voc:
        assert check(voc.entry("COCO", voc.image_set("COCO/mine")[0]), CLASSES).annotation
