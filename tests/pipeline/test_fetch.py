"""The fetch stage with a real server: a download serves every recipe, and continues after a kill."""

import hashlib
import signal
import threading
from pathlib import Path
from typing import Any

import h5py
import pytest

from conftest import Project, tiny_params
from helpers.making import make_set
from helpers.server import Answer, Server, ranged, stalled, status, whole


@pytest.fixture
def weights(tmp_path: Path) -> bytes:
    with h5py.File(tmp_path / "backbone.h5", "w") as file:
        file["Conv1/kernel:0"] = [1.0]
    return (tmp_path / "backbone.h5").read_bytes()


@pytest.fixture
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_set(tmp_path_factory.mktemp("made") / "voc.tar", "trainval", 400).read_bytes()


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("OCTET_CACHE", str(folder))
    return folder


def recipe(server: Server, archive: bytes) -> dict[str, Any]:
    section = tiny_params()["quickstart"]
    sha256 = hashlib.sha256(archive).hexdigest()
    sources = [server.url("official/voc.tar"), server.url("mirror/voc.tar")]
    section["dataset"].update(
        source={
            "kind": "voc",
            "archives": [{"name": "voc.tar", "bytes": len(archive), "sha256": sha256, "sources": sources}],
        },
        pretrained={"name": "backbone.h5", "bytes": None, "sha256": None, "sources": [server.url("backbone.h5")]},
        splits={"train": ["VOC/trainval"], "val": 0.1, "test": 0.1},
        classes=["cat"],
    )
    return section


def serving(official: list[Answer], archive: bytes, weights: bytes) -> Server:
    answers = {"official/voc.tar": official, "mirror/voc.tar": [ranged(archive)], "backbone.h5": [whole(weights)]}
    return Server(**answers)


def test_one_download_serves_every_recipe(project: Project, archive: bytes, weights: bytes) -> None:
    """The mirror is used because the official host has no file; the second recipe needs no network."""
    with serving([status(404)], archive, weights) as server:
        section = recipe(server, archive)
        project.write_params({"one": section, "two": section})
        result = project.stage("fetch", "one")
        assert result.returncode == 0, result.stderr
        assert f"{server.url('official/voc.tar')}: 404 Not Found" in result.stdout
        assert f"backbone.h5: first seen with SHA-256 {hashlib.sha256(weights).hexdigest()}" in result.stdout
    result = project.stage("fetch", "two")
    assert result.returncode == 0, result.stderr
    files = [project.folder / "data" / name / "archives" / "voc.tar" for name in ("one", "two")]
    assert files[0].read_bytes() == archive
    assert files[0].stat().st_ino == files[1].stat().st_ino
    assert (project.folder / "data/two/pretrained/backbone.h5").read_bytes() == weights
    assert project.stage("preprocess", "two").returncode == 0


def test_the_stage_continues_a_download_after_a_kill(
    project: Project, archive: bytes, weights: bytes, cache: Path
) -> None:
    half, go_on = len(archive) // 2, threading.Event()
    with serving([stalled(archive, half, go_on), ranged(archive)], archive, weights) as server:
        project.write_params({"one": recipe(server, archive)})
        process = project.start("python", "-u", "src/fetch.py", "one")
        partial = cache / "files" / f"{hashlib.sha256(archive).hexdigest()}.partial"
        while not (partial.exists() and partial.stat().st_size == half):
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        go_on.set()
        assert not (project.folder / "data/one/archives").exists()
        result = project.stage("fetch", "one")
        assert result.returncode == 0, result.stderr
        assert f"bytes={half}-" in server.ranges()
    assert (project.folder / "data/one/archives/voc.tar").read_bytes() == archive


def test_without_a_working_source_each_is_reported_and_nothing_is_written(project: Project, archive: bytes) -> None:
    with Server(**{"official/voc.tar": [status(403)], "mirror/voc.tar": [whole(b"<html>sorry</html>")]}) as server:
        project.write_params({"one": recipe(server, archive)})
        result = project.stage("fetch", "one")
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "octet: no source gave voc.tar:",
        f"  {server.url('official/voc.tar')}: 403 Forbidden",
        f"  {server.url('mirror/voc.tar')}: has 18 bytes, expected {len(archive)}",
        "If you have a copy, name its path under `sources` in params.yaml.",
    ]
    assert not list((project.folder / "data").rglob("*.tar"))
