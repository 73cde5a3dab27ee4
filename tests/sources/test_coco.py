"""COCO's annotations are converted to VOC's, and errors in them are reported with their place in the file."""

import copy
import json
import math
import os
import reprlib
from pathlib import Path
from typing import Any

import pytest

from helpers.making import encoded, picture
from octet.common.errors import UserError
from octet.recipe.shared.dataset import CocoSet
from octet.sources.packing.coco import coco_members
from octet.sources.packing.tar import write_archive
from octet.sources.reading.archive import Archives
from octet.sources.reading.check import check_picture
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


def test_boxes_classes_and_files_are_converted(tmp_path: Path) -> None:
    write_archive(tmp_path / "coco.tar", coco_members({"mine": make_coco(tmp_path, INSTANCES)}))
    with Archives([tmp_path / "coco.tar"]) as voc:
        ids = sorted(voc.image_set("COCO/mine"))
        assert ids == ["a", "b_a", "gone"]
        first, second, third = (check_picture(voc.entry("COCO", id), CLASSES) for id in ids)
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


def test_a_faulty_picture_is_reported_by_the_users_file(tmp_path: Path) -> None:
    instances = make_coco(tmp_path, INSTANCES)
    (tmp_path / "images/b/a.png").write_bytes(b"no picture")
    write_archive(tmp_path / "coco.tar", coco_members({"mine": instances}))
    with Archives([tmp_path / "coco.tar"]) as voc:
        (problem,) = check_picture(voc.entry("COCO", "b_a"), CLASSES).problems
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
            "(id 2).file_name: '../../etc/passwd' is not a path below",
        ),
        (
            ["images", 1, "file_name"],
            "a.jpg",
            "images[1] (id 2): has the same id or file name as images[0] (id 1)",
        ),
        (["images", 1, "id"], 1, "images[1] (id 1): has the same id or file name as images[0] (id 1)"),
        (["images", 1, "file_name"], "a.png", "images[1] (id 2): has the same id or file name as images[0] (id 1)"),
        (["images", 1, "file_name"], "", "images[1] (id 2).file_name: '' is not a path below"),
        (["images", 1, "file_name"], "x" * 300, "is not a path below"),
        (["images", 1, "file_name"], "a\x08.jpg", "is not a path below"),
        (["images", 1, "width"], "50px", "images[1] (id 2): width and height are not whole numbers"),
        (["images", 1, "height"], -5, "images[1] (id 2): width and height are not whole numbers"),
        (["categories", 1, "id"], 7, "categories[1] (id 7).id: 7 is also the id of another category"),
        (["categories", 1, "name"], "d\0g", "categories[1] (id 3).name: 'd\\x00g', expected printable text"),
        (["annotations", 0, "iscrowd"], "0", "annotations[0] (id 1).iscrowd: found '0', expected 0 or 1"),
        (["annotations", 0, "iscrowd"], ["x" * 99] * 99, ".iscrowd: found ['xxxxxxxxxxxx...xxxxxxxxxxxxx', "),
        (
            ["categories", 1, "name"],
            "x" * 300,
            "(id 3).name: 'xxxxxxxxxxxx...xxxxxxxxxxxxx', expected printable text of at",
        ),
        (["annotations", 1, "bbox"], [1, 2, 3, 10**400], "annotations[1] (id 2).bbox: found"),
        (["annotations", 1, "bbox"], [1, 2, 3, math.nan], "annotations[1] (id 2).bbox: found [1, 2, 3, nan]"),
        (["annotations", 0, "image_id"], True, "annotations[0] (id 1).image_id: missing, or not of type int"),
        (["annotations", 0, "image_id"], 10**4000, "annotations[0] (id 1).image_id: 100000000000000000...000"),
        (["images", 1, "width"], 10**4000, "images[1] (id 2): width and height are not whole numbers"),
        (["images", 1, "file_name"], "a\ud800.jpg", "images[1] (id 2).file_name: 'a\\ud800.jpg' is not a path"),
        (["images", 1, "file_name"], "a\u202egpj.exe", "images[1] (id 2).file_name: 'a\\u202egpj.exe' is not a path"),
        (["categories", 1, "name"], "d\ud800g", "categories[1] (id 3).name: 'd\\ud800g', expected printable text"),
        (["categories", 1, "name"], "d\u202eg", "categories[1] (id 3).name: 'd\\u202eg', expected printable text"),
        (["categories", 1, "name"], " ", "categories[1] (id 3).name: ' ', expected printable text"),
        (["images", 1, "id"], 1.5, "images[1].id: missing, or not of type int"),
        (["categories"], None, "categories: expected a list"),
    ],
    ids=reprlib.repr,
)
def test_invalid_content_is_reported(tmp_path: Path, path: list[Any], value: object, message: str) -> None:
    instances = copy.deepcopy(INSTANCES)
    parent: Any = instances
    for part in path[:-1]:
        parent = parent[part]
    parent[path[-1]] = value
    with pytest.raises(UserError) as error:
        list(coco_members({"mine": make_coco(tmp_path, instances)}))
    assert "instances.json" in str(error.value).splitlines()[0]
    assert message in str(error.value)
    assert len(str(error.value)) < 1000


def test_a_file_that_is_not_cocos_is_reported(tmp_path: Path) -> None:
    coco_set = CocoSet(instances=tmp_path / "other.json", pictures=tmp_path)
    with pytest.raises(UserError, match=r"other\.json does not exist"):
        list(coco_members({"mine": coco_set}))
    coco_set = CocoSet(instances=tmp_path, pictures=tmp_path)
    with pytest.raises(UserError, match="is a folder, a pipe or a device, expected a file"):
        list(coco_members({"mine": coco_set}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON: Expecting property name"),
        ("[" * 100_000, "not valid JSON: maximum recursion depth"),
        ('{"images": ' + "9" * 5000 + "}", "not valid JSON: Exceeds the limit"),
        ('{"images": [], "images": []}', "not valid JSON: 'images' stands twice in an object"),
        ('{"images": [{"id": 1, "id": 2}]}', "not valid JSON: 'id' stands twice in an object"),
        ("[]", "images: expected a list, as in COCO's instances files"),
    ],
    ids=["cut", "deep", "long", "twice", "twice within", "list"],
)
def test_text_that_is_not_cocos_is_reported(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        list(coco_members({"mine": make_coco(tmp_path, text)}))
    assert str(tmp_path / "instances.json") in str(error.value)
    assert message in str(error.value)


def test_a_file_without_an_end_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as sparse:
        sparse.truncate(2**31 + 1)
    os.mkfifo(tmp_path / "pipe.json")
    for name, message in (("large", "has more than 2,147,483,648 bytes"), ("pipe", "is a pipe or a device")):
        with pytest.raises(UserError, match=rf"{name}\.json: {message}"):
            list(coco_members({"mine": CocoSet(instances=tmp_path / f"{name}.json", pictures=tmp_path)}))


def test_a_picture_without_an_end_is_refused(tmp_path: Path) -> None:
    coco_set = make_coco(tmp_path, INSTANCES)
    with (coco_set.pictures / "a.jpg").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(UserError, match=r"a\.jpg: has more than 134,217,728 bytes"):
        list(coco_members({"mine": coco_set}))


def test_two_sets_can_have_files_with_the_same_name(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    sets = {folder.name: make_coco(folder, INSTANCES) for folder in folders}
    write_archive(tmp_path / "coco.tar", coco_members(sets))
    with Archives([tmp_path / "coco.tar"]) as voc:
        assert sorted(voc.image_set("COCO/a")) == ["a_a", "a_b_a", "a_gone"]
        assert sorted(voc.image_set("COCO/b")) == ["b_a", "b_b_a", "b_gone"]
        assert len(voc.entry("COCO", "b_b_a").pictures) == 1


def test_file_names_can_have_spaces(tmp_path: Path) -> None:
    instances = copy.deepcopy(INSTANCES)
    instances["images"][0]["file_name"] = "photo (1).jpg"
    coco_set = make_coco(tmp_path, instances)
    (coco_set.pictures / "a.jpg").rename(coco_set.pictures / "photo (1).jpg")
    write_archive(tmp_path / "coco.tar", coco_members({"mine": coco_set}))
    with Archives([tmp_path / "coco.tar"]) as voc:
        assert "photo (1)" in voc.image_set("COCO/mine")
        assert check_picture(voc.entry("COCO", "photo (1)"), CLASSES).annotation
