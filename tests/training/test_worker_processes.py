"""Processes that train together: the bytes of one process with as many devices, also after one of them is gone."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from helpers.classifying import write_classifier_records
from helpers.detecting import write_detector_records
from helpers.small_networks import CLASSES

SCRIPT = Path(__file__).with_name("train_in_team.py")
PICTURES = 26  # three steps an epoch, and two pictures left over


def start(
    folder: Path, kind: str, replicas: int, addresses: list[str], index: int = 0, task: str = "classification"
) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))}
    environment["PYTHONUNBUFFERED"] = "1"
    if addresses:
        own = {"type": "worker", "index": index}
        environment["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": own})
    return subprocess.Popen(
        [sys.executable, SCRIPT, folder, task, "train_float", kind, str(replicas)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_two(folder: Path, task: str = "classification") -> list[subprocess.Popen[str]]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    addresses = [f"127.0.0.1:{free.getsockname()[1]}" for free in sockets]
    for free in sockets:
        free.close()
    return [start(folder, "workers", 2, addresses, index, task) for index in range(2)]


def read_until(process: subprocess.Popen[str], beginning: str) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith(beginning):
            return
    raise AssertionError("".join(said))


def ends(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str]]:
    said = [process.communicate()[0] for process in processes]
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


def results(folder: Path) -> dict[str, str]:
    files = sorted((folder / "models" / "train_float").iterdir())
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module")
def mirrored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one process trained on two parts of the CPU."""
    folder = tmp_path_factory.mktemp("mirrored")
    write_classifier_records(folder / "records", PICTURES)
    ((code, said),) = ends([start(folder, "mirrored", 2, [])])
    assert code == 0, said
    line = "each batch of 8 pictures is split over 2 CPUs of this machine, 4 on each; learning rate and schedule stay"
    assert line in said
    return folder


@pytest.fixture
def records(mirrored: Path, tmp_path: Path) -> Path:
    """A folder with the same records, and nothing trained."""
    shutil.copytree(mirrored / "records", tmp_path / "records")
    return tmp_path


def test_mirrored_devices_give_the_same_bytes_again(mirrored: Path, records: Path) -> None:
    ((code, said),) = ends([start(records, "mirrored", 2, [])])
    assert code == 0, said
    assert results(records) == results(mirrored)


def test_two_processes_give_the_bytes_of_one_also_after_one_was_killed(mirrored: Path, records: Path) -> None:
    chief, worker = processes = start_two(records)
    read_until(chief, "epoch 1/")
    worker.send_signal(signal.SIGTERM)  # a request that any of them gets is for all
    for code, said in ends(processes):
        assert code == 130, said
        assert "stopped; the same command goes on from here" in said
    (checkpoint,) = (records / "runs").rglob("step-*.checkpoint")

    chief, worker = start_two(records)
    read_until(chief, "going on after step")
    worker.kill()
    worker.communicate()
    ((code, said),) = ends([chief])
    assert code == 1
    (line,) = [line for line in said.splitlines() if line.startswith("octet: ")]
    assert re.fullmatch(
        r"octet: worker 1 \(127.0.0.1:\d+\) is gone, so all stop; the last checkpoint is good, "
        r"and the same command goes on from it",
        line,
    )
    assert checkpoint.exists()

    for code, said in ends(start_two(records)):
        assert code == 0, said
    assert results(records) == results(mirrored)


def test_a_process_trains_on_pictures_with_more_objects_than_any_that_it_verified(tmp_path: Path) -> None:
    """Each process verifies its share of the records, and gets pictures of all of them to train on."""
    objects = [1, 5] * 8  # the first process verifies the pictures with one object, the second the others
    write_detector_records(tmp_path / "records", objects, CLASSES, ("train", "val"))
    for code, said in ends(start_two(tmp_path, "detection")):
        assert code == 0, said
