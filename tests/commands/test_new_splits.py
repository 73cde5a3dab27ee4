"""`octet new` keeps the split that own data has, by the words in the names of its sets, and refuses what is unclear."""

import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from helpers.own_data import Rendered, write, write_coco, write_voc
from octet.commands.recipes.own_classes import _set_name
from octet.commands.recipes.own_data import find_own_data
from octet.common.errors import UserError
from octet.recipe.detection import Dataset
from octet.sources.packing import shapes
from octet.sources.packing.pack import pack_source
from octet.sources.reading.archive import Archives
from octet.sources.reading.split import assign_splits


@pytest.fixture(scope="module")
def pictures() -> Rendered:
    return [shapes.render_picture(3, 64, f"{number:06d}") for number in range(12)]


def packed(photos: Path) -> Path:
    tar = photos.with_suffix(".tar")
    with tarfile.open(tar, "w") as archive:
        archive.add(photos, "photos")
    return tar


Make = Callable[[Path, Sequence[str], Rendered], Path]  # makes data with sets of these names; returns what to name


def coco_files(photos: Path, names: Sequence[str], rendered: Rendered) -> Path:
    for name, one in zip(names, rendered, strict=False):
        write_coco(photos / "images", photos / f"{name}.json", [one])
    return photos


def coco_folders(photos: Path, names: Sequence[str], rendered: Rendered) -> Path:
    for name, one in zip(names, rendered, strict=False):
        write_coco(photos / name, photos / name / "_annotations.coco.json", [one])
    return photos


def coco_files_of_one_name(photos: Path, names: Sequence[str], rendered: Rendered) -> Path:
    for name, one in zip(names, rendered, strict=False):
        write_coco(photos / name / "data", photos / name / "labels" / "labels.json", [one])
    return photos


def voc_folders(photos: Path, names: Sequence[str], rendered: Rendered) -> Path:
    for name, one in zip(names, rendered, strict=False):
        write_voc(photos / name, photos / name, [one])
    return photos


def voc_lists(photos: Path, names: Sequence[str], rendered: Rendered) -> Path:
    write_voc(photos / "JPEGImages", photos / "Annotations", rendered)
    for name, (_, annotation) in zip(names, rendered, strict=False):
        write(photos / "ImageSets/Main" / f"{name}.txt", f"{annotation.id}\n")
    return photos


def voc_archive(photos: Path, names: Sequence[str], rendered: Rendered) -> Path:
    for name, one in zip(names, rendered, strict=False):
        write_voc(photos / name / "JPEGImages", photos / name / "Annotations", [one])
    return packed(photos)


def class_folders(photos: Path, names: Sequence[str], rendered: Rendered) -> Path:
    for name, (jpeg, _) in zip(names, rendered, strict=False):
        write(photos / name / "cat" / "1.jpg", jpeg)
    return photos


def class_folders_below(photos: Path, names: Sequence[str], rendered: Rendered) -> Path:
    for name, (jpeg, _) in zip(names, rendered, strict=False):
        write(photos / name / "pets" / "cat" / "1.jpg", jpeg)
    return photos


def class_archive(photos: Path, names: Sequence[str], rendered: Rendered) -> Path:
    return packed(class_folders(photos, names, rendered))


KINDS: dict[str, tuple[Make, str]] = {
    "COCO's files": (coco_files, "detection"),
    "COCO's files in folders": (coco_folders, "detection"),
    "COCO's files of one name": (coco_files_of_one_name, "detection"),
    "folders in VOC's format": (voc_folders, "detection"),
    "VOC's lists": (voc_lists, "detection"),
    "an archive in VOC's layout": (voc_archive, "detection"),
    "class folders": (class_folders, "classification"),
    "class folders one below": (class_folders_below, "classification"),
    "an archive of class folders": (class_archive, "classification"),
}


Splits = dict[str, list[str] | float]


def splits_of(kind: str, photos: Path, names: Sequence[str], rendered: Rendered) -> Splits:
    """What is proposed for sets of these names: of each split the names in it, in their order, or its share."""
    make, task = KINDS[kind]
    splits = find_own_data([make(photos, names, rendered)], task).splits
    return {split: sets if isinstance(sets, float) else _names_of(sets, names) for split, sets in splits.items()}


def _names_of(image_sets: Sequence[str], names: Sequence[str]) -> list[str]:
    found = [name for name in names if any(name in image_set.split("/") for image_set in image_sets)]
    assert len(found) == len(image_sets)
    return found


SPELLINGS = [
    ("train", "val", "test"),
    ("Train", "Val", "Test"),
    ("TRAINING", "VALIDATION", "TESTING"),
    ("coco_train", "coco_valid", "coco_test"),
    ("annotations-train2017", "annotations-val2017", "annotations-test2017"),
    ("train_flowers", "val_flowers", "test_flowers"),
    ("my.Trainset", "my.valdata", "my.testImages"),
    ("trainA", "vals", "testA"),
    ("train.v1", "valid.v2", "test-dev2017"),
]


@pytest.mark.parametrize("names", SPELLINGS, ids="-".join)
@pytest.mark.parametrize("kind", KINDS)
def test_a_word_of_a_sets_name_is_its_split(
    tmp_path: Path, pictures: Rendered, kind: str, names: tuple[str, str, str]
) -> None:
    train, val, test = names
    assert splits_of(kind, tmp_path / "photos", names, pictures) == {"train": [train], "val": [val], "test": [test]}


@pytest.mark.parametrize("names", [("Train", "Test"), ("flowers_train", "flowers_test"), ("trainval", "test")])
@pytest.mark.parametrize("kind", KINDS)
def test_without_a_set_to_validate_by_some_of_train_are_taken(
    tmp_path: Path, pictures: Rendered, kind: str, names: tuple[str, str]
) -> None:
    train, test = names
    assert splits_of(kind, tmp_path / "photos", names, pictures) == {"train": [train], "val": 0.1, "test": [test]}


OTHER_WORDS = ["latest", "contest", "trained", "valley", "Interval", "retrain", "testimony", "eastval", "te\u017ft"]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "VOC's lists"])
def test_other_words_are_trained_on(tmp_path: Path, pictures: Rendered, kind: str) -> None:
    splits = splits_of(kind, tmp_path / "photos", OTHER_WORDS, pictures)
    assert splits == {"train": OTHER_WORDS, "val": 0.1, "test": 0.2}


def test_lists_of_other_words_are_no_split(tmp_path: Path, pictures: Rendered) -> None:
    voc_lists(tmp_path / "photos", ["default", *OTHER_WORDS], pictures)
    splits = find_own_data([tmp_path / "photos"], "detection").splits
    assert splits == {"train": ["photos/*"], "val": 0.1, "test": 0.2}


@pytest.mark.parametrize("name", ["train_test_mix", "test_of_train", "Val+Test", "train_val"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_name_of_two_splits_is_refused(tmp_path: Path, pictures: Rendered, kind: str, name: str) -> None:
    with pytest.raises(
        UserError, match=r"found words of more than one split, .*; rename it, or write `splits` in params.yaml"
    ):
        splits_of(kind, tmp_path / "photos", [name, "first_train"], pictures)


def test_files_of_tfrecords_follow_the_same_rule() -> None:
    assert _set_name(Path("flowers-Train.tfrecord-*")) == "train"
    assert _set_name(Path("validation-*")) == "validation"
    assert _set_name(Path("latest pets.tfrecord")) == "latest_pets"
    with pytest.raises(UserError, match=r"'pets-train-test.tfrecord': found words of more than one split"):
        _set_name(Path("pets-train-test.tfrecord"))


@pytest.mark.parametrize(
    "kind", ["COCO's files", "class folders", "class folders one below", "an archive in VOC's layout"]
)
def test_what_joins_train_and_val_is_not_used_beside_both(tmp_path: Path, pictures: Rendered, kind: str) -> None:
    names = ["a_train", "a_trainval", "a_val", "test"]
    splits = splits_of(kind, tmp_path / "photos", names, pictures)
    assert splits == {"train": ["a_train"], "val": ["a_val"], "test": ["test"]}


@pytest.mark.parametrize(
    "names",
    [
        ("train", "trainval", "test"),
        ("trainval", "val", "test"),
        ("a_train", "a_val", "trainval"),
        ("valid", "trainval"),
    ],
    ids="-".join,
)
@pytest.mark.parametrize("kind", ["COCO's files", "class folders", "an archive in VOC's layout"])
def test_what_may_repeat_pictures_is_refused(
    tmp_path: Path, pictures: Rendered, kind: str, names: Sequence[str]
) -> None:
    with pytest.raises(UserError, match=r"trainval.*: found beside .*, whose pictures it may repeat; .* `splits`"):
        splits_of(kind, tmp_path / "photos", names, pictures)


@pytest.mark.parametrize("name", ["pets-test", "test_of_train"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("VOC's lists", "COCO's files of one name")])
def test_a_set_alone_is_trained_on_whatever_its_name(tmp_path: Path, pictures: Rendered, kind: str, name: str) -> None:
    splits = splits_of(kind, tmp_path / "photos", [name], pictures)
    assert splits == {"train": [name], "val": 0.1, "test": 0.2}


def test_the_name_of_the_folder_around_all_sets_tells_nothing(tmp_path: Path, pictures: Rendered) -> None:
    for kind in ("class folders", "an archive of class folders"):
        splits = splits_of(kind, tmp_path / kind / "test_photos", ["a", "b"], pictures)
        assert splits == {"train": ["a", "b"], "val": 0.1, "test": 0.2}


# --- VOC's lists ------------------------------------------------------------------------------------------------------

MEMBERS = {"train": range(6), "val": range(6, 8), "trainval": range(8), "test": range(8, 12)}
LISTED: dict[str, tuple[Sequence[str], dict[str, range]]] = {
    "train and val": (["train", "val"], {"train": MEMBERS["train"], "val": MEMBERS["val"]}),
    "train, val, test": (["train", "val", "test"], {name: MEMBERS[name] for name in ("train", "val", "test")}),
    "trainval and test": (["trainval", "test"], {"test": MEMBERS["test"]}),
    "all four": (["train", "val", "trainval", "test"], {name: MEMBERS[name] for name in ("train", "val", "test")}),
}


def write_lists(photos: Path, lists: Sequence[str], rendered: Rendered) -> None:
    write_voc(photos / "JPEGImages", photos / "Annotations", rendered)
    for name in lists:
        ids = [rendered[number][1].id for number in MEMBERS[name.lower()]]
        write(photos / "ImageSets/Main" / f"{name}.txt", "".join(f"{id}\n" for id in ids))
        # VOC has lists of each class, too, with a flag for every picture; one of its classes is the train.
        write(photos / "ImageSets/Main" / f"train_{name}.txt", "".join(f"{id} -1\n" for id in ids))


@pytest.mark.parametrize("capital", [False, True])
@pytest.mark.parametrize("packs", [False, True])
@pytest.mark.parametrize("case", LISTED)
def test_vocs_lists_are_used_and_no_picture_twice(
    tmp_path: Path, pictures: Rendered, case: str, packs: bool, capital: bool
) -> None:
    lists, expected = LISTED[case]
    photos = tmp_path / "photos"
    write_lists(photos, [name.capitalize() if capital else name for name in lists], pictures)
    data = find_own_data([packed(photos) if packs else photos], "detection")
    rest = {"pretrained": None, "classes": "found", "on_bad": "error", "shards": 1}
    dataset = Dataset.model_validate({"source": data.source, "splits": data.splits, **rest})
    archives = tmp_path / "archives"
    archives.mkdir()
    pack_source(dataset.source, archives)
    with Archives([*(Path(file.sources[0]) for file in dataset.source.files), *archives.iterdir()]) as voc:
        splits, problems = assign_splits(voc, dataset.splits)
    assert not problems
    assigned = {split: [entry.id for entry in entries] for split, entries in splits.items()}
    assert {split: assigned[split] for split in expected} == {
        split: [pictures[number][1].id for number in numbers] for split, numbers in expected.items()
    }
    used = sorted(id for ids in assigned.values() for id in ids)
    assert used == sorted({pictures[number][1].id for name in lists for number in MEMBERS[name]})


@pytest.mark.parametrize("lists", [["test"], ["val"], ["val", "test"]], ids=" ".join)
def test_lists_without_one_to_train_on_are_refused(tmp_path: Path, pictures: Rendered, lists: Sequence[str]) -> None:
    write_lists(tmp_path / "photos", lists, pictures)
    with pytest.raises(UserError, match=r"found photos/(test|val).*; expected pictures to train on besides"):
        find_own_data([tmp_path / "photos"], "detection")


@pytest.mark.parametrize("packs", [False, True])
def test_each_folder_has_its_own_lists_or_is_used_in_full(tmp_path: Path, pictures: Rendered, packs: bool) -> None:
    kit = tmp_path / "photos"
    write_lists(kit / "VOC2007", ["trainval", "test"], pictures)
    write_lists(kit / "VOC2012", ["train", "val", "trainval"], pictures)
    write_voc(kit / "more" / "JPEGImages", kit / "more" / "Annotations", pictures)
    splits = find_own_data([packed(kit) if packs else kit], "detection").splits
    assert {split: sorted(sets) for split, sets in splits.items()} == {
        "train": ["VOC2007/trainval", "VOC2012/train", "more/*"],
        "val": ["VOC2012/val"],
        "test": ["VOC2007/test"],
    }
