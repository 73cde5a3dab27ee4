"""A new recipe for own data: what lies there is recognized, and the files say what differs and keep all else."""

import json
import os
import shutil
import sys
import tarfile
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from conftest import ROOT, Project, tiny_params
from helpers.own_data import Rendered, write, write_coco, write_voc, write_yolo
from octet.commands.recipes.own_boxes import _split_up_voc
from octet.commands.recipes.own_data import find_own_data
from octet.common.errors import UserError
from octet.recipe.detection import Dataset, Model
from octet.recipe.shared.load import load_recipe
from octet.sources.packing import shapes
from octet.sources.packing.pack import pack_source
from octet.sources.reading.archive import Archives
from octet.sources.reading.check import check_picture
from octet.sources.reading.split import assign_splits


@pytest.fixture(scope="module")
def pictures() -> Rendered:
    return [shapes.render_picture(3, 160, f"{number:06d}") for number in range(1, 31)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The repository's own params.yaml and dvc.yaml, with their comments, in a folder beside the pictures'."""
    project = Project.new(tmp_path / "octet")
    for name in ("params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, project.folder / name)
    return project


def vocs_layout(photos: Path, rendered: Rendered) -> None:
    write_voc(photos / "JPEGImages", photos / "Annotations", rendered)
    write(photos / "SegmentationClass" / "000001.png", b"no picture to train on")


def image_sets(photos: Path, rendered: Rendered) -> None:
    vocs_layout(photos, rendered)
    ids = [annotation.id for _, annotation in rendered]
    for name, members in {"train": ids[:20], "val": ids[20:24], "trainval": ids[:24], "test": ids[24:]}.items():
        write(photos / "ImageSets/Main" / f"{name}.txt", "".join(f"{id}\n" for id in members))


def other_names(photos: Path, rendered: Rendered) -> None:
    write_voc(photos / "images", photos / "annots", rendered)


def apart(photos: Path, rendered: Rendered) -> None:
    write_voc(photos / "images", photos / "annots" / "xmls", rendered)


def one_folder(photos: Path, rendered: Rendered) -> None:
    write_voc(photos, photos, rendered)


def a_folder_for_each_split(photos: Path, rendered: Rendered) -> None:
    for split, part in (("train", rendered[:20]), ("valid", rendered[20:24]), ("test", rendered[24:])):
        write_voc(photos / split, photos / split, part)


def a_tar(photos: Path, rendered: Rendered) -> None:
    write_voc(photos / "JPEGImages", photos / "Annotations", rendered)
    with tarfile.open(photos.with_suffix(".tar"), "w") as tar:
        tar.add(photos, "photos")


def coco(photos: Path, rendered: Rendered) -> None:
    write_coco(photos / "images", photos / "instances.json", rendered)


def coco_by_split(photos: Path, rendered: Rendered) -> None:
    write_coco(photos / "train2017", photos / "annotations/instances_train2017.json", rendered[:24])
    write_coco(photos / "val2017", photos / "annotations/instances_val2017.json", rendered[24:])
    write_coco(photos / "val2017", photos / "annotations/person_keypoints_val2017.json", rendered[24:])
    write(photos / "annotations/captions_val2017.json", json.dumps({"images": [], "annotations": [{"caption": "x"}]}))


def data_yaml(photos: Path, rendered: Rendered) -> None:
    write_yolo(photos / "images/train", photos / "labels/train", rendered[:24])
    write_yolo(photos / "images/val", photos / "labels/val", rendered[24:])
    names = dict(enumerate(shapes.CLASSES))
    write(
        photos / "data.yaml",
        yaml.safe_dump({"path": ".", "train": "images/train", "val": "images/val", "names": names}),
    )


def roboflow(photos: Path, rendered: Rendered) -> None:
    for split, part in (("train", rendered[:20]), ("valid", rendered[20:24]), ("test", rendered[24:])):
        write_yolo(photos / split / "images", photos / split / "labels", part)
    paths = {"train": "../train/images", "val": "../valid/images", "test": "../test/images"}
    write(photos / "data.yaml", yaml.safe_dump({**paths, "nc": 6, "names": list(shapes.CLASSES)}))


def label_studio(photos: Path, rendered: Rendered) -> None:
    write_yolo(photos / "images", photos / "labels", rendered)
    write(photos / "classes.txt", "".join(f"{name}\n" for name in shapes.CLASSES))
    write(photos / "notes.json", "{}")
    write(photos / "README.txt", "how these were labelled")


def classes_txt(photos: Path, rendered: Rendered) -> None:
    write_yolo(photos, photos, rendered)
    write(photos / "classes.txt", "".join(f"{name}\n" for name in shapes.CLASSES))


SPLIT_BY_HASH = {"train": 21, "val": 1, "test": 8}
SPLIT_BY_OWNER = {"train": 20, "val": 4, "test": 6}
LAYOUTS: dict[str, tuple[Callable[[Path, Rendered], None], list[str], dict[str, int]]] = {
    "VOC's layout": (vocs_layout, ["photos"], SPLIT_BY_HASH),
    "image sets": (image_sets, ["photos"], SPLIT_BY_OWNER),
    "other names": (other_names, ["photos"], SPLIT_BY_HASH),
    "pictures and annotations": (other_names, ["photos/images", "photos/annots"], SPLIT_BY_HASH),
    "pictures and annotations apart": (apart, ["photos/images", "photos/annots/xmls"], SPLIT_BY_HASH),
    "one folder": (one_folder, ["photos"], SPLIT_BY_HASH),
    "a folder for each split": (a_folder_for_each_split, ["photos"], SPLIT_BY_OWNER),
    "a tar": (a_tar, ["photos.tar"], SPLIT_BY_HASH),
    "COCO": (coco, ["photos"], SPLIT_BY_HASH),
    "COCO, file and folder": (coco, ["photos/instances.json", "photos/images"], SPLIT_BY_HASH),
    "COCO by split": (coco_by_split, ["photos"], {"train": 20, "val": 6, "test": 4}),
    "data.yaml": (data_yaml, ["photos"], {"train": 21, "val": 6, "test": 3}),
    "Roboflow's YOLO": (roboflow, ["photos"], SPLIT_BY_OWNER),
    "Label Studio's YOLO": (label_studio, ["photos"], SPLIT_BY_HASH),
    "classes.txt": (classes_txt, ["photos"], SPLIT_BY_HASH),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_own_data_is_recognized(tmp_path: Path, pictures: Rendered, layout: str) -> None:
    make, paths, counts = LAYOUTS[layout]
    make(tmp_path / "photos", pictures)
    data = find_own_data([tmp_path / path for path in paths], "detection")
    rest = {"pretrained": None, "classes": "found", "on_bad": "error", "shards": 1}
    dataset = Dataset.model_validate({"source": data.source, "splits": data.splits, **rest})
    archives = tmp_path / "archives"
    archives.mkdir()
    pack_source(dataset.source, archives)
    own = [Path(source) for file in dataset.source.files for source in file.sources]
    with Archives([*own, *archives.iterdir()]) as voc:
        splits, problems = assign_splits(voc, dataset.splits)
        checked = [check_picture(entry, shapes.CLASSES) for entries in splits.values() for entry in entries]
    assert {split: len(entries) for split, entries in splits.items()} == counts
    assert problems == [problem for one in checked for problem in one.problems] == []
    objects = [thing.name for one in checked if one.annotation for thing in one.annotation.objects]
    assert sorted(objects) == sorted(thing.name for _, annotation in pictures for thing in annotation.objects)


def other_json(folder: Path) -> None:
    write(folder / "shapes.json", json.dumps({"shapes": [], "version": "1"}))
    write(
        folder / "numbers.json", json.dumps({"images": [{"file_name": "a.jpg"}], "annotations": [5], "categories": []})
    )
    write(folder / "deep.json", "[" * 100_000)


def large(folder: Path) -> None:
    for name in ("large.json", "large.yaml"):
        with (folder / name).open("wb") as sparse:
            sparse.truncate(1 << 42)


def pipes_and_devices(folder: Path) -> None:
    for name in ("a.json", "b.yaml", "classes.txt", "c.jpg", "d.xml"):
        os.mkfifo(folder / name)
    (folder / "e.json").symlink_to("/dev/zero")
    (folder / "f.yaml").symlink_to("/dev/zero")


def links(folder: Path) -> None:
    (folder / "circle").symlink_to(folder)
    (folder / "all").symlink_to("/")
    (folder / "nowhere.json").symlink_to(folder / "gone")


STRAYS = {
    "other JSON": other_json,
    "other YAML": lambda folder: write(folder / "list.yaml", "- a\n- b\n"),
    "large": large,
    "pipes and devices": pipes_and_devices,
    "links": links,
}


@pytest.mark.parametrize("strays", STRAYS)
def test_what_is_no_annotation_is_passed_by(tmp_path: Path, pictures: Rendered, strays: str) -> None:
    other_names(tmp_path / "photos", pictures)
    STRAYS[strays](tmp_path / "photos")
    path = str(tmp_path / "photos")
    source = {"kind": "folder", "path": path, "pictures": "images", "annotations": "annots"}
    assert find_own_data([tmp_path / "photos"], "detection").source == source


@pytest.mark.parametrize("folder", ["images", "data", "deep/er"])
@pytest.mark.parametrize("name", ["{}.json", "labels.json", "labels/labels.json", "_annotations.coco.json"])
def test_pictures_near_the_annotations_are_taken(tmp_path: Path, pictures: Rendered, name: str, folder: str) -> None:
    for one in ("a", "b"):
        write_coco(tmp_path / one / folder, tmp_path / one / name.format(one), pictures[:2])
    assert find_own_data([tmp_path], "detection").source["sets"] == {
        one: {"instances": f"{tmp_path}/{one}/{name.format(one)}", "pictures": f"{tmp_path}/{one}/{folder}"}
        for one in ("a", "b")
    }


def test_one_path_may_be_absolute_and_one_not(
    tmp_path: Path, pictures: Rendered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_coco(Path("photos/deep/er"), Path("labels/a.json"), pictures[:2])
    write_coco(Path("photos/deep/est"), Path("labels/b/a.json"), pictures[2:4])
    sets = find_own_data([tmp_path / "labels/a.json", Path("labels/b/a.json"), Path("photos")], "detection").source
    assert sets["sets"] == {
        "a": {"instances": f"{tmp_path}/labels/a.json", "pictures": "photos/deep/er"},
        "b": {"instances": "labels/b/a.json", "pictures": "photos/deep/est"},
    }


def with_yaml(text: str) -> Callable[[Path, Rendered], object]:
    return lambda photos, _: write(photos / "data.yaml", "names: [a]\n" + text)


def twice_coco(photos: Path, rendered: Rendered) -> None:
    for name in ("a/x", "a/y", "b"):
        write_coco(photos / name / "images", photos / name / "instances.json", rendered[:2])


def far_coco(photos: Path, rendered: Rendered) -> None:
    write_coco(photos / "a", photos / "labels" / "labels.json", rendered[:2])
    write_coco(photos / "b", photos / "labels" / "labels.json", rendered[:2])


def twice_yolo(photos: Path, rendered: Rendered) -> None:
    for name in ("a", "b"):
        write_yolo(photos / name / "images", photos / name / "labels", rendered[:2])
        write(photos / name / "data.yaml", "names: [a]\ntrain: images\n")


def twice_voc(photos: Path, rendered: Rendered) -> None:
    for name in ("a", "b"):
        write_voc(photos / f"images {name}", photos / f"annots {name}", rendered[:2])


def unprintable(name: bytes) -> Callable[[Path, Rendered], object]:
    return lambda photos, rendered: write_voc(photos / os.fsdecode(name), photos / "annots", rendered[:2])


NESTED = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in pairwise("abcdefghij")
)
MISTAKEN: dict[str, tuple[Callable[[Path, Rendered], object], str]] = {
    "not JSON": (lambda photos, _: write(photos / "a.json", '{"images": ['), r"a\.json: not valid JSON"),
    "nested names": (with_yaml(f"{NESTED}train: [*j]"), r"data\.yaml: .* with its aliases written out"),
    "not a path": (with_yaml("train: x\npath: [x]"), r"data\.yaml: path and train: expected the names of folders"),
    "null byte": (with_yaml('train: "a\\0b"'), r"data\.yaml: train: found 'a\\x00b', which is no folder"),
    "a set twice": (twice_coco, "a/x/instances.json and .*a/y/instances.json: found the set 'a' in both"),
    "pictures twice": (
        far_coco,
        r"labels\.json: its first picture, '.*', lies in .*a and .*b; name the one that is meant",
    ),
    "YOLO twice": (twice_yolo, r"a/data\.yaml and .*b/data\.yaml: found data in each; name one of them"),
    "XML twice": (twice_voc, "annots a and .*annots b: found .xml files in both"),
    "not UTF-8": (unprintable(b"caf\xe9"), r"'caf\\udce9': a recipe cannot name this"),
    "two lines": (unprintable(b"a\nb"), r"'a\\nb': a recipe cannot name this"),
    "right to left": (unprintable("a\u202eb".encode()), r"'a\\u202eb': a recipe cannot name this"),
}


@pytest.mark.parametrize("mistake", MISTAKEN)
def test_data_that_no_recipe_can_name_are_refused(tmp_path: Path, pictures: Rendered, mistake: str) -> None:
    make, message = MISTAKEN[mistake]
    make(tmp_path / "photos", pictures)
    with pytest.raises(UserError, match=message):
        find_own_data([tmp_path / "photos"], "detection")


@pytest.mark.parametrize("name", ["a.json", "a.tar", "a.yaml"])
def test_a_pipe_is_not_read(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match=f"{name}: is a pipe or a device"):
        find_own_data([tmp_path / name], "detection")


def test_text_and_values_of_other_recipes_stay(project: Project, pictures: Rendered) -> None:
    other_names(project.folder.parent / "photos", pictures)
    before = {name: (project.folder / name).read_text() for name in ("params.yaml", "dvc.yaml")}
    result = project.octet("new", "mine", "--from", "quickstart", "--pictures", "../photos")
    assert result.returncode == 0, result.stderr
    params, pipeline = ((project.folder / name).read_text() for name in before)
    kept = [line for line in params.splitlines() if line in before["params.yaml"].splitlines()]
    lost = set(before["params.yaml"].splitlines()) - set(kept)
    assert {line.partition(":")[0].strip() for line in lost} <= {
        "quickstart",
        "dataset",
        "model",
        "train_float",
        "train_qat",
        "convert",
    }
    values = yaml.safe_load(params)
    mine = values.pop("mine")
    assert values == yaml.safe_load(before["params.yaml"])
    assert {key for key in mine if mine[key] != values["quickstart"][key]} == {
        "dataset",
        "train_float",
        "train_qat",
        "convert",
        "score",
    }
    assert [line for line in pipeline.splitlines() if "mine" not in line][: len(before["dvc.yaml"].splitlines())] == (
        before["dvc.yaml"].splitlines()
    )
    dvc = yaml.safe_load(pipeline)
    assert list(dvc["vars"][0]["recipes"])[-1] == "mine"
    assert dvc["vars"][0]["recipes"]["mine"] == dvc["vars"][0]["recipes"]["quickstart"]
    assert dvc["artifacts"]["mine/detector"]["path"] == "models/mine/detector_uint8.tflite"


@pytest.mark.parametrize("base", ["voc0712", "voc2012", "voc2007_small"])
def test_without_pictures_a_recipe_is_like_its_base(project: Project, base: str) -> None:
    assert project.octet("new", "mine", "--from", base).returncode == 0
    assert project.octet("new", "mine2", "--from", "mine").returncode == 0
    values = yaml.safe_load((project.folder / "params.yaml").read_text())
    for section in ("mine", "mine2"):
        about = values[section].pop("convert")["about"]
        assert about["name"] == f"{section} detector"
        assert values[section] == {key: value for key, value in values[base].items() if key != "convert"}


def test_a_class_that_is_called_like_a_parameter_of_dvcs_is_only_a_name(project: Project, pictures: Rendered) -> None:
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    for number, (jpeg, _) in enumerate(pictures):
        write(project.folder / "photos" / "images" / f"{number}.jpg", jpeg)
        xml = f"<annotation><object><name>${{x}}</name>{box}</object></annotation>"
        write(project.folder / "photos" / "xml" / f"{number}.xml", xml)
    result = project.octet("new", "mine", "--from", "quickstart", "--pictures", "photos")
    assert result.returncode == 0, result.stderr
    project.set_up_dvc()
    described = project.run(sys.executable, "-c", "from dvc.repo import Repo; print(Repo().artifacts.read())")
    assert "${x}" in described.stdout, described.stderr


def squares(photos: Path, side: int, sides: Sequence[int]) -> None:
    """Thirty pictures of so many pixels, each with squares of these sides."""
    jpeg, annotation = shapes.render_picture(3, side, "000001")
    objects = "".join(
        f"<object><name>dot</name><bndbox><xmin>{5 + n}</xmin><ymin>7</ymin>"
        f"<xmax>{4 + n + of}</xmax><ymax>{6 + of}</ymax></bndbox></object>"
        for n, of in enumerate(sides)
    )
    assert max(sides) + len(sides) + 7 < min(annotation.width, annotation.height)
    for number in range(30):
        write(photos / "images" / f"{number}.jpg", jpeg)
        write(photos / "xml" / f"{number}.xml", f"<annotation>{objects}</annotation>")


def proposed_model(project: Project, base: str) -> tuple[Model, str]:
    """The network that is proposed for the photos, and the reason of its strides."""
    result = project.octet("new", "mine", "--from", base, "--pictures", "../photos")
    assert result.returncode == 0, result.stderr
    model = load_recipe("mine", project.folder / "params.yaml").model
    assert isinstance(model, Model)
    (told,) = [line for line in result.stdout.splitlines() if "model.strides" in line]
    return model, told.strip()


def test_small_objects_ask_for_a_larger_input_and_are_counted(project: Project) -> None:
    squares(project.folder.parent / "photos", 640, [16, 16, 16, 4])
    model, told = proposed_model(project, "quickstart")
    assert model.input_size > 256
    assert model.strides == (8, 16, 32)
    assert told.startswith(
        "model.strides: as there (25.0% of the objects are less than a cell of 8 px wide or high at "
    )
    assert told.endswith("px, easily missed)")


def test_the_coarser_cells_of_the_base_stay(project: Project) -> None:
    squares(project.folder.parent / "photos", 320, [150, 170])
    params = tiny_params()
    params["quickstart"]["model"].update(input_size=320, strides=[16, 32, 64])
    project.write_params(params)
    model, told = proposed_model(project, "quickstart")
    assert model.strides == (8, 16, 32, 64)
    assert "0.0% of the objects are less than a cell of 8 px" in told


def test_flaws_are_shown_and_the_recipe_is_written_all_the_same(project: Project, pictures: Rendered) -> None:
    coco(project.folder.parent / "photos", pictures)
    (project.folder.parent / "photos/images/000002.jpg").write_bytes(b"no picture")
    result = project.octet("new", "mine", "--from", "quickstart", "--pictures", "../photos")
    assert result.returncode == 0, result.stderr
    assert "1 flaws: undecodable picture 1" in result.stdout
    assert "../photos/images/000002.jpg: undecodable picture" in result.stdout
    assert "mine" in yaml.safe_load((project.folder / "params.yaml").read_text())


NOTHING: dict[str, tuple[list[str], str]] = {
    "the recipe is there": (["voc2007", "--from", "quickstart"], "there is a recipe 'voc2007' already"),
    "no such base": (["mine", "--from", "nosuch"], "no recipe 'nosuch'; there are: quickstart"),
    "a name for YAML": (["on", "--from", "quickstart"], "YAML takes it for True"),
    "a path as name": (["../mine", "--from", "quickstart"], "expected small letters, digits"),
    "no such path": (["mine", "--from", "quickstart", "--pictures", "../nosuch"], "../nosuch: there is nothing"),
    "pictures alone": (["mine", "--from", "quickstart", "--pictures", "../alone"], "no annotations that are known"),
    "an empty folder": (["mine", "--from", "quickstart", "--pictures", "../empty"], "found no pictures"),
}


@pytest.mark.parametrize("mistake", NOTHING)
def test_a_mistake_writes_nothing(project: Project, pictures: Rendered, mistake: str) -> None:
    (project.folder.parent / "empty").mkdir()
    write(project.folder.parent / "alone/1.jpg", pictures[0][0])
    before = project.bytes_of("params.yaml", "dvc.yaml")
    words, message = NOTHING[mistake]
    result = project.octet("new", *words)
    assert result.returncode == 1
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert project.bytes_of("params.yaml", "dvc.yaml") == before


def test_every_archive_of_vocs_layout_is_trained_on() -> None:
    sets = [f"{year}/{name}" for year in ("VOC2007", "VOC2012") for name in ("*", "train", "val")]
    assert _split_up_voc(sets) == {
        "train": ["VOC2007/train", "VOC2012/train"],
        "val": ["VOC2007/val", "VOC2012/val"],
        "test": 0.2,
    }
