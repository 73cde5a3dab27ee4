"""Preprocessing real archives: what is wrong is told whole, what is left is the same bytes however it was made."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import Project, tiny_params
from helpers.making import CAT, annotation, encoded, make_archive, picture
from octet.data.reading.records import read_labels
from octet.sources.voc.annotation import Object
from octet.tasks.detection.metric.truths import read_truths

DATA = "data/mine"
DOG = Object("dog", (1, 1, 20, 20), difficult=True, truncated=True)


def recipe(archive: Path, **dataset: Any) -> dict[str, Any]:
    """The tiny recipe on an archive of one's own."""
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
    """Twelve good pictures, four bad ones, a bad object, and two to mend."""
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


def test_error_tells_everything_that_is_wrong_and_writes_nothing(fetched: Project) -> None:
    fetched.write_params(recipe(fetched.folder / "mine.tar", on_bad="error"))
    result = fetched.stage("preprocess", "mine")
    head, *lines = result.stderr.splitlines()
    assert result.returncode == 1
    assert head == "octet: 5 things are wrong with the data (`on_bad: skip` in params.yaml leaves them out):"
    assert len(lines) == 5
    for problem in PROBLEMS:
        assert sum(line.startswith(problem) for line in lines) == 1, (problem, lines)
    assert sorted(path.name for path in (fetched.folder / DATA).iterdir()) == ["archives", "pretrained"]


def test_skip_goes_on_and_lists_every_skip(fetched: Project) -> None:
    result = fetched.stage("preprocess", "mine")
    assert result.returncode == 0, result.stderr
    assert "left out: " in result.stdout
    told = described(fetched)
    splits = told["splits"].values()
    assert sum(of["pictures"] for of in splits) == 15
    assert sum(of["objects_per_class"]["cat"] for of in splits) == 15
    assert sum(of["difficult"] for of in splits) == 14
    assert sum(sum(of["box_sides"]["objects"]) for of in splits) == sum(of["objects"] for of in splits) == 29
    assert sum(of["mended"].get("greyscale", 0) for of in splits) == 1
    assert sum(of["mended"].get("PNG to JPEG", 0) for of in splits) == 1
    assert told["skipped"]["by_kind"] == {
        "missing": 1,
        "not well-formed XML": 1,
        "size disagrees": 1,
        "undecodable picture": 1,
        "unknown class": 1,
    }
    skipped = [
        ": ".join(filter(None, (of["file"], of["field"], of["kind"], of["found"]))) for of in told["skipped"]["list"]
    ]
    for problem in PROBLEMS:
        assert sum(line.startswith(problem) for line in skipped) == 1
    assert {of["skipped"] for of in told["skipped"]["list"]} == {"picture", "object"}
    truths = [truth for split in told["splits"] for truth in read_truths(fetched.folder / DATA / "records", split)]
    assert sorted(truth.id for truth in truths) == [f"{number:06d}" for number in range(4, 19)]


def test_classes_are_found_and_sorted(fetched: Project) -> None:
    params = recipe(fetched.folder / "mine.tar", on_bad="skip")
    params["mine"]["dataset"]["classes"] = "found"
    fetched.write_params(params)
    assert fetched.stage("preprocess", "mine").returncode == 0
    assert described(fetched)["classes"] == ["cat", "cow", "dog"]
    assert read_labels(fetched.folder / DATA / "records") == ("cat", "cow", "dog")


def test_names_are_found_but_what_is_wrong_is_told_first(project: Project) -> None:
    files = {name: b"<annotation>" if name.endswith("xml") else content for name, content in good_files(3).items()}
    params = recipe(make_archive(project.folder / "mine.tar", files), on_bad="error")
    params["mine"]["dataset"]["classes"] = "found"
    project.write_params(params)
    assert project.stage("fetch", "mine").returncode == 0
    result = project.stage("preprocess", "mine")
    assert result.returncode == 1
    assert result.stderr.count("not well-formed XML") == 3


def test_an_empty_split_is_named(fetched: Project) -> None:
    params = recipe(fetched.folder / "mine.tar", on_bad="skip")
    params["mine"]["dataset"]["splits"]["test"] = 1e-6
    fetched.write_params(params)
    result = fetched.stage("preprocess", "mine")
    assert (result.returncode, result.stderr.splitlines()[0]) == (
        1,
        "octet: the test split is empty: see dataset of mine in params.yaml",
    )


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two cores")
def test_the_number_of_workers_changes_no_byte(fetched: Project) -> None:
    outputs = []
    for prefix in ([], ["taskset", "--cpu-list", str(min(os.sched_getaffinity(0)))]):
        result = fetched.run(*prefix, "python", "src/preprocess.py", "mine")
        assert result.returncode == 0, result.stderr
        outputs.append(fetched.bytes_of(f"{DATA}/records", f"{DATA}/dataset.json"))
    assert "1 core)" in result.stdout
    assert outputs[0] == outputs[1]


def test_killed_in_the_middle_and_run_again_is_the_same_bytes(project: Project) -> None:
    """Its workers end with it, and what it left does not get in the way."""
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
    while any(map(runs, workers)):
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


def runs(pid: int) -> bool:
    """Whether it does; one that ended may stay on the list until somebody asks for its exit code."""
    stat = Path("/proc", str(pid), "stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
