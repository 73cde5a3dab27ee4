"""Preprocessing of real archives: all errors are reported, and the output depends only on the input."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import Project, tiny_params
from helpers.making import CAT, annotation, encoded, make_archive, picture
from octet.data.reading.records import read_class_names
from octet.sources.voc.annotation import Object
from octet.tasks.detection.metric.truths import read_truths

DATA = "data/mine"
DOG = Object("dog", (1, 1, 20, 20), difficult=True, truncated=True)


def recipe(archive: Path, **dataset: Any) -> dict[str, Any]:
    """Make the tiny recipe read an archive of the user."""
    section = tiny_params()["quickstart"]
    file = {"name": archive.name, "bytes": None, "sha256": None, "sources": [str(archive)]}
    section["dataset"].update(
        source={"kind": "voc", "archives": [file]},
        splits={"train": ["VOC/*"], "val": 0.2, "test": 0.2},
        classes=["cat", "dog"],
        **dataset,
    )
    return {"mine": section}


def good_files(count: int) -> dict[str, bytes]:
    ids = [f"{number:06d}" for number in range(1, count + 1)]
    return {f"Annotations/{id}.xml": annotation(CAT, DOG, id=id) for id in ids} | {
        f"JPEGImages/{id}.jpg": encoded(picture()) for id in ids
    }


def bad_files() -> dict[str, bytes]:
    """Make good pictures, four faulty ones, a faulty object, and two pictures that are repaired."""
    return good_files(18) | {
        "JPEGImages/000001.jpg": b"",
        "Annotations/000002.xml": b"<annotation>",
        "Annotations/000003.xml": annotation(CAT, size=(90, 90)),
        "Annotations/000004.xml": annotation(CAT, Object("cow", CAT.box)),
        "JPEGImages/000005.jpg": encoded(picture(mode="L")),
        "JPEGImages/000006.jpg": encoded(picture(), "PNG"),
        "JPEGImages/000099.jpg": encoded(picture()),
    }


PROBLEMS = {
    "VOC/JPEGImages/000001.jpg: undecodable picture",
    "VOC/Annotations/000002.xml: not well-formed XML",
    "VOC/JPEGImages/000003.jpg: size disagrees: 90 x 90 in the annotation, 50 x 40 in the picture",
    "VOC/Annotations/000004.xml: object 'cow': unknown class: the recipe lists cat, dog",
    "VOC/JPEGImages/000099.jpg: missing: there is no annotation for it",
}


@pytest.fixture
def fetched(project: Project) -> Project:
    archive = make_archive(project.folder / "mine.tar", bad_files())
    project.write_params(recipe(archive, on_bad="skip"))
    assert project.stage("fetch", "mine").returncode == 0
    return project


def described(project: Project) -> dict[str, Any]:
    described: dict[str, Any] = json.loads((project.folder / DATA / "dataset.json").read_text())
    return described


def test_on_bad_error_reports_all_problems_and_writes_nothing(fetched: Project) -> None:
    fetched.write_params(recipe(fetched.folder / "mine.tar", on_bad="error"))
    result = fetched.stage("preprocess", "mine")
    head, *lines = result.stderr.splitlines()
    assert result.returncode == 1
    assert head == "octet: 5 things are wrong with the data (`on_bad: skip` in params.yaml leaves them out):"
    assert len(lines) == 5
    for problem in PROBLEMS:
        assert sum(line.startswith(problem) for line in lines) == 1, (problem, lines)
    assert sorted(path.name for path in (fetched.folder / DATA).iterdir()) == ["archives", "pretrained"]


def test_skip_leaves_out_and_lists_every_problem(fetched: Project) -> None:
    result = fetched.stage("preprocess", "mine")
    assert result.returncode == 0, result.stderr
    assert "left out: " in result.stdout
    dataset_json = described(fetched)
    splits = dataset_json["splits"].values()
    assert sum(summary["pictures"] for summary in splits) == 15
    assert sum(summary["objects_per_class"]["cat"] for summary in splits) == 15
    assert sum(summary["difficult"] for summary in splits) == 14
    assert (
        sum(sum(summary["box_sides"]["objects"]) for summary in splits)
        == sum(summary["objects"] for summary in splits)
        == 29
    )
    assert sum(summary["mended"].get("greyscale", 0) for summary in splits) == 1
    assert sum(summary["mended"].get("PNG to JPEG", 0) for summary in splits) == 1
    assert dataset_json["skipped"]["by_kind"] == {
        "missing": 1,
        "not well-formed XML": 1,
        "size disagrees": 1,
        "undecodable picture": 1,
        "unknown class": 1,
    }
    skipped = [
        ": ".join(filter(None, (problem["file"], problem["field"], problem["kind"], problem["found"])))
        for problem in dataset_json["skipped"]["list"]
    ]
    for problem in PROBLEMS:
        assert sum(line.startswith(problem) for line in skipped) == 1
    assert {problem["skipped"] for problem in dataset_json["skipped"]["list"]} == {"picture", "object"}
    truths = [
        truth for split in dataset_json["splits"] for truth in read_truths(fetched.folder / DATA / "records", split)
    ]
    assert sorted(truth.id for truth in truths) == [f"{number:06d}" for number in range(4, 19)]


def test_classes_are_found_and_sorted(fetched: Project) -> None:
    params = recipe(fetched.folder / "mine.tar", on_bad="skip")
    params["mine"]["dataset"]["classes"] = "found"
    fetched.write_params(params)
    assert fetched.stage("preprocess", "mine").returncode == 0
    assert described(fetched)["classes"] == ["cat", "cow", "dog"]
    assert read_class_names(fetched.folder / DATA / "records") == ("cat", "cow", "dog")


def test_names_are_found_but_errors_are_reported_first(project: Project) -> None:
    files = {name: b"<annotation>" if name.endswith("xml") else content for name, content in good_files(3).items()}
    params = recipe(make_archive(project.folder / "mine.tar", files), on_bad="error")
    params["mine"]["dataset"]["classes"] = "found"
    project.write_params(params)
    assert project.stage("fetch", "mine").returncode == 0
    result = project.stage("preprocess", "mine")
    assert result.returncode == 1
    assert result.stderr.count("not well-formed XML") == 3


def test_an_empty_split_is_reported(fetched: Project) -> None:
    params = recipe(fetched.folder / "mine.tar", on_bad="skip")
    params["mine"]["dataset"]["splits"]["test"] = 1e-6
    fetched.write_params(params)
    result = fetched.stage("preprocess", "mine")
    assert (result.returncode, result.stderr.splitlines()[0]) == (
        1,
        "octet: the test split is empty: see dataset of mine in params.yaml",
    )


@pytest.mark.parametrize(
    ("classes", "code", "told"),
    [
        (["kat", "dogg"], 1, "octet: the train split has no object of kat, dogg; the annotations name cat, cow, dog"),
        (["cow"], 1, " split has no object of cow; the annotations name cat, dog"),
        (
            ["cat", "bird", "fish"],
            0,
            "warning: the train split has no object of bird, fish; the annotations name cow, dog",
        ),
        (["dog"], 1, "octet: every object of the test split is marked difficult, which scoring leaves out"),
    ],
)
def test_classes_without_an_object_to_score_are_reported(
    fetched: Project, classes: list[str], code: int, told: str
) -> None:
    params = recipe(fetched.folder / "mine.tar", on_bad="skip")
    params["mine"]["dataset"]["classes"] = classes
    fetched.write_params(params)
    result = fetched.stage("preprocess", "mine")
    assert result.returncode == code, result.stderr
    assert told in result.stdout + result.stderr
    assert (fetched.folder / DATA / "records").exists() == (code == 0)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_the_number_of_workers_changes_no_byte(fetched: Project) -> None:
    outputs = []
    for prefix in ([], ["taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))]):
        result = fetched.run(*prefix, "python", "src/preprocess.py", "mine")
        assert result.returncode == 0, result.stderr
        outputs.append(fetched.bytes_of(f"{DATA}/records", f"{DATA}/dataset.json"))
    assert "1 core)" in result.stdout
    assert outputs[0] == outputs[1]


def test_a_rerun_after_a_kill_makes_the_same_bytes(project: Project) -> None:
    """The workers end with their parent, and its unfinished output does not disturb the next run."""
    archive = make_archive(project.folder / "mine.tar", good_files(1500))
    project.write_params(recipe(archive))
    assert project.stage("fetch", "mine").returncode == 0
    process = project.start("python", "-u", "src/preprocess.py", "mine")
    partial = project.folder / DATA / "records.partial"
    while not any(shard.stat().st_size for shard in partial.glob("train-*")):
        assert process.poll() is None, process.communicate()
    workers = children(process.pid)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert workers
    deadline = time.monotonic() + 60
    while any(map(is_running, workers)):
        assert time.monotonic() < deadline
    assert partial.exists()
    assert not (project.folder / DATA / "records").exists()
    outputs = []
    for _ in range(2):
        result = project.stage("preprocess", "mine")
        assert result.returncode == 0, result.stderr
        assert not partial.exists()
        outputs.append(project.bytes_of(f"{DATA}/records", f"{DATA}/dataset.json"))
    assert outputs[0] == outputs[1]
    assert described(project)["splits"]["train"]["pictures"] > 800


def is_running(pid: int) -> bool:
    """Tell whether a process runs; one that ended can stay listed as a zombie."""
    stat = Path("/proc", str(pid), "stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
