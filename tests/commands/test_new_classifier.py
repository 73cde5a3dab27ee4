"""`octet new` recognizes pictures of one class each, and proposes a classifier's recipe for them."""

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, Project
from helpers.labelled import labelled_example, write_tfrecords
from helpers.making import encoded, picture
from helpers.own_data import write
from octet.commands.recipes.own_data import find_own_data
from octet.common.errors import UserError
from octet.recipe.classification import Dataset
from octet.recipe.shared.load import load_recipe
from octet.sources.packing.pack import pack_source
from octet.sources.reading.class_folders import ClassFolders

CLASSES = ("cat", "dog")


def jpeg(number: int) -> bytes:
    """A picture like no other."""
    return encoded(picture((40 + number, 40)))


def write_classes(top: Path, numbers: range) -> None:
    for name in CLASSES:
        for number in numbers:
            write(top / name / f"{number}.jpg", jpeg(number + 50 * (name == "dog")))


def folders(photos: Path) -> None:
    write_classes(photos, range(15))


def folders_by_split(photos: Path) -> None:
    for split, numbers in (("Train", range(10)), ("validation", range(10, 12)), ("test", range(12, 15))):
        write_classes(photos / split, numbers)


def stray_pictures(photos: Path) -> None:
    write_classes(photos, range(15))
    write(photos / "1.jpg", jpeg(30))
    write(photos / "cat" / "old" / "1.jpg", jpeg(31))


def tar(photos: Path) -> None:
    write_classes(photos, range(15))
    with tarfile.open(photos.with_suffix(".tar"), "w") as archive:
        archive.add(photos, "photos")


def tgz(photos: Path) -> None:
    write_classes(photos, range(15))
    with tarfile.open(photos.with_suffix(".tgz"), "w:gz") as archive:
        archive.add(photos, ".")


def examples(numbers: range, *, named: bool = True) -> list[bytes]:
    return [
        labelled_example(
            image__encoded=jpeg(number + 50 * label),
            image__class__label=label,
            **{"image__class__text": name.encode()} if named else {},
        )
        for label, name in enumerate(CLASSES)
        for number in numbers
    ]


def records(photos: Path) -> None:
    photos.mkdir()
    write_tfrecords(photos / "pets.tfrecord", examples(range(15)))


def records_by_split(photos: Path) -> None:
    photos.mkdir()
    for split, numbers in (("train", range(10)), ("val", range(10, 12)), ("test", range(12, 15))):
        write_tfrecords(photos / f"{split}-00000-of-00002", examples(numbers))
        write_tfrecords(photos / f"{split}-00001-of-00002", [])


def numbered_records(photos: Path) -> None:
    photos.mkdir()
    write_tfrecords(photos / "pets-train.tfrecord-00000-of-00001", examples(range(15), named=False))
    write(photos / "label.labels.txt", "cat\ndog\n")


def numbered_labels(photos: Path) -> None:
    numbered_records(photos)
    write(photos / "label.labels.txt", "0:cat\n1:dog\n")


BY_HASH = None
BY_OWNER = {"train": 20, "val": 4, "test": 6}
LAYOUTS: dict[str, tuple[Callable[[Path], None], str, dict[str, int] | None, list[str]]] = {
    "folders": (folders, "photos", BY_HASH, []),
    "folders by split": (folders_by_split, "photos", BY_OWNER, []),
    "stray pictures": (stray_pictures, "photos", BY_HASH, ["no class", "too deep"]),
    "a tar": (tar, "photos.tar", BY_HASH, []),
    "a compressed tar": (tgz, "photos.tgz", BY_HASH, []),
    "TFRecords": (records, "photos", BY_HASH, []),
    "a file of TFRecords": (records, "photos/pets.tfrecord", BY_HASH, []),
    "TFRecords by split": (records_by_split, "photos", BY_OWNER, []),
    "TFRecords by number": (numbered_records, "photos", BY_HASH, []),
    "TFRecords with numbered labels": (numbered_labels, "photos", BY_HASH, []),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pictures_of_one_class_each_are_recognized(tmp_path: Path, layout: str) -> None:
    make, path, counts, kinds = LAYOUTS[layout]
    make(tmp_path / "photos")
    data = find_own_data([tmp_path / path], "classification")
    rest = {"pretrained": None, "classes": "found", "on_bad": "error", "shards": 1}
    dataset = Dataset.model_validate({"source": data.source, "splits": data.splits, **rest})
    archives = tmp_path / "archives"
    archives.mkdir()
    for file in dataset.source.files:
        shutil.copy(file.sources[0], archives)
    pack_source(dataset.source, archives)
    with ClassFolders(sorted(archives.iterdir())) as opened:
        splits, problems = opened.assign(dataset.splits)
    found = {split: len(pictures) for split, pictures in splits.items()}
    assert found == counts if counts else sum(found.values()) == 30
    assert sorted(problem.kind for problem in problems) == kinds
    assert {picture.class_name for pictures in splits.values() for picture in pictures} == set(CLASSES)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The repository's own params.yaml and dvc.yaml, in a folder beside the pictures'."""
    project = Project.new(tmp_path / "octet")
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, project.folder / name)
    return project


def test_a_few_pictures_train_the_last_layer_alone_and_leave_some_to_validate(project: Project) -> None:
    photos = project.folder.parent / "photos"
    folders(photos)
    shutil.copy(photos / "cat/3.jpg", photos / "dog/other.jpg")
    write(photos / "dog/4.jpg", b"no picture")
    result = project.octet("new", "pets", "--from", "flowers_small", "--pictures", "../photos")
    assert result.returncode == 0, result.stderr
    assert "../photos/dog/4.jpg: class 'dog': undecodable picture" in result.stdout
    assert "../photos/dog/other.jpg: class 'dog': same picture in two classes" in result.stdout
    recipe = load_recipe("pets", project.folder / "params.yaml")
    assert recipe.dataset.splits.val == 0.15  # not a tenth, of 28 pictures
    assert recipe.train_float.frozen_blocks == "all"
    assert recipe.model.input_size == 64
    assert recipe.convert.about.name == "pets classifier"
    dvc = yaml.safe_load((project.folder / "dvc.yaml").read_text())
    assert dvc["vars"][0]["recipes"]["pets"]["task"] == "classification"
    assert dvc["artifacts"]["pets/classifier"]["path"] == "models/pets/classifier_uint8.tflite"
    assert dvc["artifacts"]["pets/classifier"]["desc"] == "Tells cat, dog apart, in eight bits"


def unnamed_records(photos: Path) -> None:
    numbered_records(photos)
    (photos / "label.labels.txt").unlink()


def write_pictures(top: Path, *names: str) -> None:
    for number, name in enumerate(names):
        write(top / name / f"{number}.jpg", jpeg(number))


MISTAKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "pictures alone": (
        lambda photos: write(photos / "1.jpg", jpeg(1)),
        "photos: found pictures in .*photos, but no classes",
    ),
    "splits without classes": (
        lambda photos: write_pictures(photos, "train", "test"),
        "photos: has pictures directly in test, train, and no folders that are named like classes",
    ),
    "a split without classes": (
        lambda photos: write_pictures(photos, "train/cat", "train/dog", "test"),
        "photos: has pictures directly in test, and no folders",
    ),
    "pictures without labels": (
        lambda photos: write_pictures(photos, "train/cat", "train/dog", "test/cat", "test/dog", "pred/pred"),
        "pred: has the classes pred, and none of them is in .*test, .*train;",
    ),
    "nothing": (lambda photos: photos.mkdir(), "photos: found no pictures, but no classes that are known"),
    "numbers alone": (unnamed_records, "of-00001: its first record has no image/class/text, and there is no labels"),
}


@pytest.mark.parametrize("mistake", MISTAKEN)
def test_pictures_without_classes_are_refused(tmp_path: Path, mistake: str) -> None:
    make, message = MISTAKEN[mistake]
    make(tmp_path / "photos")
    with pytest.raises(UserError, match=message):
        find_own_data([tmp_path / "photos"], "classification")


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    write_pictures(tmp_path / "vehicles", "bus", "car", "train")
    assert find_own_data([tmp_path / "vehicles"], "classification").splits["train"] == ["vehicles"]


def test_one_class_alone_is_refused(project: Project) -> None:
    """As of a detector's data, with all pictures in folders called images."""
    write_pictures(project.folder.parent / "photos", *["images"] * 12)
    result = project.octet("new", "mine", "--from", "quickstart_classifier", "--pictures", "../photos")
    assert result.returncode == 1
    assert "all pictures are of the class 'images', and a classifier tells two or more apart" in result.stderr


UNFIT = {
    "a space in an archive's name": ("my pets.tar", "cat", "dataset.source.archives.0.name: found 'my pets.tar'"),
    "two spaces in a class": ("pets.tar", "golden  retriever", "the class 'golden  retriever': has a space at an end"),
}


@pytest.mark.parametrize("mistake", UNFIT)
def test_names_that_no_recipe_can_have_are_told(project: Project, mistake: str) -> None:
    archive, name, told = UNFIT[mistake]
    photos = project.folder.parent / "pets"
    write_classes(photos, range(15))
    (photos / "cat").rename(photos / name)
    with tarfile.open(project.folder.parent / archive, "w") as tar:
        tar.add(photos, "pets")
    result = project.octet("new", "mine", "--from", "quickstart_classifier", "--pictures", f"../{archive}")
    assert result.returncode == 1
    assert told in result.stderr
    assert "Traceback" not in result.stderr
