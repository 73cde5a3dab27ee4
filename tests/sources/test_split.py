"""Every picture is in one split, and the pictures of a held-out share are always the same."""

from pathlib import Path

import pytest

from helpers.making import make_archive, make_set
from helpers.own_data import write_yolo
from octet.recipe.shared.dataset import Splits, YoloSet
from octet.sources.packing import shapes
from octet.sources.packing.tar import write_archive
from octet.sources.packing.yolo import yolo_members
from octet.sources.reading.archive import Archives
from octet.sources.reading.split import assign_splits, held_out_split


@pytest.fixture
def voc(tmp_path: Path) -> Archives:
    sets = {"one": b"000001\n000002\n", "two": b"000002\n000003\n", "twice": b"000004\n000004\n"}
    make_archive(tmp_path / "sets.tar", {f"ImageSets/Main/{name}.txt": ids for name, ids in sets.items()})
    return Archives([make_set(tmp_path / "all.tar", "all", 400), tmp_path / "sets.tar"])


def assigned_ids(voc: Archives, **splits: object) -> tuple[dict[str, list[str]], list[tuple[str, str, str]]]:
    assigned, problems = assign_splits(voc, Splits.model_validate(splits))
    ids = {split: [entry.id for entry in entries] for split, entries in assigned.items()}
    return ids, [(problem.file, problem.field, problem.kind) for problem in problems]


def test_image_sets_become_splits(voc: Archives) -> None:
    assigned, problems = assigned_ids(voc, train=["VOC/one"], val=["VOC/twice"], test=["VOC/all"])
    assert assigned["train"] == []
    assert len(assigned["test"]) == 400
    assert problems == [
        ("VOC/twice", "id 000004", "id in two splits"),
        ("VOC/twice", "id 000004", "id in two splits"),
        ("VOC/one", "id 000001", "id in two splits"),
        ("VOC/one", "id 000002", "id in two splits"),
    ]


def test_an_id_that_is_listed_twice_is_used_once(voc: Archives) -> None:
    assigned, problems = assigned_ids(voc, train=["VOC/one", "VOC/two"], val=["VOC/twice"], test=0.001)
    assert assigned["train"] == ["000001", "000002", "000003"]
    assert assigned["val"] == ["000004"]
    assert problems == [("VOC/twice", "id 000004", "listed twice"), ("VOC/two", "id 000002", "listed twice")]


def test_two_pictures_with_one_id_are_reported(tmp_path: Path) -> None:
    paths = [make_set(tmp_path / f"{folder}.tar", "all", count, folder) for folder, count in (("A", 3), ("B", 1))]
    with Archives(paths) as voc:
        assigned, problems = assigned_ids(voc, train=["A/all", "B/all"], val=0.0001, test=0.0001)
    assert assigned["train"] == ["000001", "000002", "000003"]
    assert problems == [("B/all", "id 000001", "duplicate id")]


def test_a_share_is_held_out_of_train_and_stays_the_same(voc: Archives) -> None:
    assigned, problems = assigned_ids(voc, train=["VOC/all"], val=0.1, test=0.25)
    assert problems == []
    assert sorted(id for members in assigned.values() for id in members) == [
        f"{number:06d}" for number in range(1, 401)
    ]
    assert 20 < len(assigned["val"]) < 60
    assert 70 < len(assigned["test"]) < 130
    fewer, _ = assigned_ids(voc, train=["VOC/one", "VOC/two"], val=0.1, test=0.25)
    for split in assigned:
        assert set(fewer[split]) <= set(assigned[split])  # whatever other pictures exist
    larger, _ = assigned_ids(voc, train=["VOC/all"], val=0.1, test=0.3)
    assert set(assigned["test"]) < set(larger["test"])


def test_augmented_copies_are_held_out_together() -> None:
    splits = Splits.model_validate({"train": ["a/*"], "val": 0.3, "test": 0.3})
    names = [f"{number}_jpg" for number in range(50)]
    assert len({held_out_split(name, splits) for name in names}) == 3
    for name in names:
        versions = {held_out_split(f"{name}.rf.{version:032x}", splits) for version in range(5)}
        assert versions == {held_out_split(name, splits)}


@pytest.mark.parametrize(
    ("sets", "told"), [(("train", "test"), "id in two splits"), (("train", "train"), "listed twice")]
)
def test_a_file_that_two_sets_name_is_used_once(tmp_path: Path, sets: tuple[str, str], told: str) -> None:
    """Each set puts its own name before the id."""
    rendered = [shapes.render_picture(3, 64, "000001")]
    write_yolo(tmp_path / "images", tmp_path / "labels", rendered)
    (tmp_path / "classes.txt").write_text("\n".join(shapes.CLASSES))
    one = YoloSet(pictures=tmp_path / "images", labels=tmp_path / "labels")
    write_archive(tmp_path / "yolo.tar", yolo_members(tmp_path / "classes.txt", {"first": one, "second": one}))
    named = [f"YOLO/{name}" for name in ("first", "second")]
    splits = dict(zip(sets, ([name] for name in named), strict=True)) if len(set(sets)) == 2 else {sets[0]: named}
    with Archives([tmp_path / "yolo.tar"]) as voc:
        assigned, problems = assigned_ids(voc, **{"val": 0.0001, "test": 0.0001, **splits})
    assert sum(map(len, assigned.values())) == 1
    assert [kind for _, _, kind in problems] == [told]


def test_a_held_out_share_never_touches_test(voc: Archives) -> None:
    assigned, _ = assigned_ids(voc, train=["VOC/all"], val=0.5, test=["VOC/one", "VOC/two"])
    assert assigned["test"] == ["000001", "000002", "000003"]
    assert not set(assigned["test"]) & {*assigned["train"], *assigned["val"]}
