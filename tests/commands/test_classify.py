"""`octet classify` says what the scores are of, and leaves to `octet detect` what is no classifier."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from conftest import CLASSIFIER, ROOT, Project, tiny_params
from helpers.classifying import CLASSES, classifier_params, classifier_recipe, write_classifier_file
from helpers.classifying import write_classifier_records as write_records
from octet.commands.looking.kinds import CLASSIFICATION, DETECTION
from octet.commands.looking.results import PictureResult
from octet.commands.looking.words import describe_findings
from octet.common.tensorflow import tflite
from octet.data.reading.pictures import picture_batches
from octet.data.reading.records import read_pictures
from octet.tasks.classification.predicting.part import Predicting
from octet.tasks.classification.using.part import Answer
from octet.tasks.detection.using.part import Detection
from octet.tflite.files.conversion import pack_model

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_classifier_file(tmp_path_factory.mktemp("model") / "classifier_uint8.tflite")


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_records(tmp_path_factory.mktemp("data") / "records", splits=["test"])


@pytest.fixture
def photos(records: Path, tmp_path: Path) -> Path:
    """A folder with the pictures of the test split."""
    (tmp_path / "photos").mkdir()
    for id, jpeg in read_pictures(records, "test"):
        (tmp_path / "photos" / f"{id}.jpg").write_bytes(jpeg)
    return tmp_path / "photos"


@pytest.fixture
def octet(tmp_path: Path) -> Run:
    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, ROOT / "src" / "octet", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    return run


def test_the_same_answers_as_the_scores_are_of(
    octet: Run, model: Path, records: Path, photos: Path, tmp_path: Path
) -> None:
    result = octet("classify", "--model", model, photos, "--json", "found.json", "--csv", "found.csv")
    assert (result.returncode, result.stderr) == (0, "")
    predicting = Predicting(classifier_recipe(), records)
    batches = picture_batches(records, "test", 16, 5).as_numpy_iterator()
    scored = predicting.collect(predicting.file_outputs(model, batches))
    found = json.loads((tmp_path / "found.json").read_text())
    assert [Path(of["source"]).stem for of in found] == [of["image_id"] for of in scored]
    for ours, theirs in zip(found, scored, strict=True):
        assert set(ours["answers"][0]) == {"label", "score"}
        assert [of["label"] for of in ours["answers"]] == [CLASSES[class_] for class_ in theirs["classes"]]
        np.testing.assert_allclose([of["score"] for of in ours["answers"]], theirs["scores"], atol=1e-4)
    with (tmp_path / "found.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["source", "frame", "label", "score"]
    assert [row[2] for row in rows[1:]] == [of["label"] for picture in found for of in picture["answers"]]


def test_a_file_that_does_not_say_how_it_expects_pixels_is_not_run_on_a_guess(
    octet: Run, model: Path, photos: Path, tmp_path: Path
) -> None:
    """It is refused once, and not with each picture."""
    bare = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(model.read_bytes()))
    bare.metadata = None
    (tmp_path / "bare.tflite").write_bytes(pack_model(bare, model.stat().st_size))
    (tmp_path / "labels.txt").write_text("\n".join(CLASSES))
    words = ("classify", "--model", "bare.tflite", "--labels", "labels.txt", photos, "--json", "bare.json")
    refused = octet(*words)
    (line,) = refused.stderr.splitlines()
    assert (refused.returncode, ".jpg" in refused.stdout) == (1, False)
    assert line.startswith("octet: bare.tflite: its input is float32, ") and "--pixels raw (0..255), unit" in line
    assert not (tmp_path / "bare.json").exists()
    assert octet(*words, "--pixels", "signed").returncode == 0
    assert octet("classify", "--model", model, photos, "--json", "own.json").returncode == 0
    given, own = (json.loads((tmp_path / f"{of}.json").read_text()) for of in ("bare", "own"))
    assert [of["answers"][0]["label"] for of in given] == [of["answers"][0]["label"] for of in own]


def test_how_many_classes_are_told_and_how_sure(octet: Run, model: Path, photos: Path) -> None:
    for words, most, least in ((["--top", "1"], 1, 0), (["--min-score", "0.5"], 1, 0.5), (["--min-score", "1"], 0, 1)):
        result = octet("classify", "--model", model, photos, "--json", "-", *words)
        answers = [picture["answers"] for picture in json.loads(result.stdout)]
        assert max(map(len, answers)) == most
        assert all(of["score"] >= least for told in answers for of in told)
    refused = octet("classify", "--model", model, photos, "--top", "0")
    assert (refused.returncode, "found 0, expected 1 or more" in refused.stderr) == (2, True)


def test_the_first_run_is_told_apart_from_the_median(octet: Run, model: Path, photos: Path) -> None:
    said = octet("classify", "--model", model, photos).stdout.splitlines()
    time = r"\d+\.\d ms"
    assert re.fullmatch(rf".*000000\.jpg: dark 0\.\d\d, .*, {time} -> .*/000000\.classified\.jpg", said[1])
    last = rf"12 pictures, {time} each \(median, after {time} for a first run to warm up\): 4 dark, 4 light, 4 red"
    assert re.fullmatch(last, said[-1])


def test_no_copy_is_looked_at_again(octet: Run, model: Path, photos: Path) -> None:
    (photos / "other.detected.jpg").write_bytes(b"not read")
    for _ in range(2):
        result = octet("classify", "--model", model, photos)
        assert result.returncode == 0
        assert result.stdout.splitlines()[-1].startswith("12 pictures, ")
    assert len(list(photos.glob("*.classified.jpg"))) == 12


def test_a_broken_picture_is_named_and_the_rest_goes_on(octet: Run, model: Path, photos: Path) -> None:
    (photos / "1.jpg").write_bytes(b"no picture")
    result = octet("classify", "--model", model, photos, "--json", "-")
    assert result.returncode == 1
    assert "1.jpg: not a picture" in result.stderr and "octet: 1 of 13 failed" in result.stderr
    assert len(json.loads(result.stdout)) == 12


def test_a_video_is_told_by_what_most_of_it_shows(octet: Run, model: Path, tmp_path: Path) -> None:
    video = cv2.VideoWriter(str(tmp_path / "clip.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 8, (96, 64))
    for brightness in (60, 60, 200):
        video.write(np.full((64, 96, 3), brightness, np.uint8))
    video.release()
    result = octet("classify", "--model", model, "clip.mp4")
    assert "\nclip.mp4: 2 dark, 1 light, " in result.stdout
    assert (tmp_path / "clip.classified.mp4").exists()


def test_a_recipe_of_another_task_is_sent_to_its_command(octet: Run, photos: Path, tmp_path: Path) -> None:
    params = {"shapes": tiny_params()["quickstart"], "kinds": classifier_params()}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    for command, recipe, told in (
        ("classify", "shapes", "shapes trains a detector, not a classifier: use octet detect"),
        ("detect", "kinds", "kinds trains a classifier, not a detector: use octet classify"),
    ):
        result = octet(command, "--recipe", recipe, photos)
        assert (result.returncode, result.stderr) == (1, f"octet: {told}\n")


def test_without_a_name_each_command_takes_the_recipe_of_its_task(
    octet: Run, model: Path, photos: Path, tmp_path: Path
) -> None:
    params = {"shapes": tiny_params()["quickstart"], "kinds": classifier_params()}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    for folder, name in (("shapes", "detector_uint8.tflite"), ("kinds", model.name)):
        (tmp_path / "models" / folder).mkdir(parents=True)
        (tmp_path / "models" / folder / name).write_bytes(model.read_bytes())
    result = octet("classify", photos)
    assert (result.returncode, result.stderr) == (0, "octet: taking kinds, the only recipe with results here\n")
    refused = octet("detect", photos)
    assert refused.returncode == 1
    assert "taking shapes, " in refused.stderr
    assert "has one output, [1, 3], as classifiers have; expected a detector: use octet classify" in refused.stderr


def test_the_pages_star_is_a_star_and_its_program_says_so_too(classified: Project, octet: Run, tmp_path: Path) -> None:
    (program,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "classify.md").read_text(), re.DOTALL)
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    (tmp_path / "models").symlink_to(classified.folder / "models")
    theirs = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert theirs.returncode == 0, theirs.stderr
    model = f"models/{CLASSIFIER}/classifier_uint8.tflite"
    (ours,) = json.loads(octet("classify", "--model", model, "docs/star.jpg", "--out", ".", "--json", "-").stdout)
    assert ours["answers"][0]["label"] == theirs.stdout.split()[0] == "star"
    assert len(theirs.stdout.splitlines()) == len(ours["answers"]) == 3


def test_words_for_what_was_found() -> None:
    def seen(*findings: Answer | Detection) -> PictureResult:
        return PictureResult("x", None, 4, 4, findings)

    answers = Answer("cat", 0.9), Answer("dog", 0.1)
    assert describe_findings([seen(*answers)], CLASSIFICATION) == "cat 0.90, dog 0.10"
    assert describe_findings([seen(*answers), seen(*answers)], CLASSIFICATION) == "2 cat"
    assert describe_findings([seen()], CLASSIFICATION) == "nothing"
    cats = [Detection("cat", 0.9, (0, 0, 1, 1))] * 2
    assert describe_findings([seen(*cats)], DETECTION) == "2 cat"
