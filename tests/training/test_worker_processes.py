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
from helpers.ports import free_addresses
from helpers.small_networks import CLASSES

SCRIPT = Path(__file__).with_name("train_in_team.py")
GOES_ON = ", so all stop; the last checkpoint is good, and the same command goes on from it"
OTHERS = "this process has other parameters, data, code or packages than the chief: give all the same commit"
PICTURES = 26  # three steps an epoch, and two pictures left over


def start(
    folder: Path,
    kind: str,
    replicas: int,
    addresses: list[str],
    index: int = 0,
    task: str = "classification",
    *mishap: str,
    code: Path = ROOT / "src",
) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(code), str(ROOT / "tests")))}
    environment["PYTHONUNBUFFERED"] = "1"
    if addresses:
        own = {"type": "worker", "index": index}
        environment["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": own})
    return subprocess.Popen(
        [sys.executable, SCRIPT, folder, task, "train_float", kind, str(replicas), *mishap],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start_two(
    folder: Path, task: str = "classification", *mishap: str, host: str = "127.0.0.1"
) -> list[subprocess.Popen[str]]:
    addresses = free_addresses(2, host)
    return [start(folder, "workers", 2, addresses, index, task, *mishap) for index in range(2)]


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


def ends_alone(process: subprocess.Popen[str]) -> str:
    """The message with which a process ends that has lost another."""
    ((code, said),) = ends([process])
    assert code == 1, said
    assert "Traceback" not in said
    (line,) = [line for line in said.splitlines() if line.startswith("octet: ")]
    return line.removeprefix("octet: ")


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

    for killed, name in ((1, "worker 1"), (0, "the chief")):
        processes = start_two(records)
        read_until(processes[0], "going on after step")
        processes[killed].kill()
        processes[killed].communicate()
        said = ends_alone(processes[1 - killed])
        assert re.fullmatch(name + r" \(127.0.0.1:\d+\) is gone" + GOES_ON, said)
        assert checkpoint.exists()

    for code, said in ends(start_two(records)):
        assert code == 0, said
    assert results(records) == results(mirrored)


def test_a_process_trains_on_pictures_with_more_objects_than_any_that_it_verified(tmp_path: Path) -> None:
    """Each process verifies its share of the records, and gets pictures of all of them to train on."""
    objects = [1, 5] * 8  # the first process verifies the pictures with one object, the second the others
    write_detector_records(tmp_path / "records", objects, CLASSES, ("train", "val"))
    for code, said in ends(start_two(tmp_path, "detection", host="[::1]")):
        assert code == 0, said


def test_a_process_that_dies_before_the_training_begins_is_named(records: Path) -> None:
    chief, worker = start_two(records, "classification", "dies")
    worker.communicate()
    assert re.fullmatch(r"worker 1 \(127.0.0.1:\d+\) is gone" + GOES_ON, ends_alone(chief))


def test_another_program_at_a_process_port_is_not_waited_for_without_end(records: Path) -> None:
    """It takes connections, as a process of the training does."""
    (own,) = free_addresses(1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        ((code, said),) = ends([start(records, "workers", 2, [own, address], 0, "classification", "alone")])
    assert code == -signal.SIGKILL
    assert f"\noctet: worker 1 ({address}) took a connection and has not begun within" in said


def test_a_process_whose_pictures_do_not_come_is_not_waited_for_without_end(records: Path) -> None:
    chief, worker = start_two(records, "classification", "hangs")
    try:
        said = ends_alone(chief)
    finally:
        worker.kill()
        worker.communicate()
    assert re.fullmatch(
        r"worker 1 \(127.0.0.1:\d+\) has kept the chief \(127.0.0.1:\d+\) waiting for [\d.]+ minutes and counts as "
        r"hanging, so the others stop: end it; the last checkpoint is good, and the same command goes on from it",
        said,
    )


def test_a_process_with_other_records_is_refused(records: Path, tmp_path: Path) -> None:
    addresses = free_addresses(2)
    write_classifier_records(tmp_path / "others" / "records", PICTURES + 1)
    chief = start(records, "workers", 2, addresses, 0)
    said = ends_alone(start(tmp_path / "others", "workers", 2, addresses, 1))
    assert said.startswith(OTHERS)
    ends_alone(chief)


def test_a_process_with_another_loss_is_refused(records: Path, tmp_path: Path) -> None:
    """Its code is not needed before the first step."""
    shutil.copytree(ROOT / "src", tmp_path / "code")
    loss = tmp_path / "code" / "octet" / "tasks" / "classification" / "learning" / "loss.py"
    loss.write_text(loss.read_text() + "\nLATER = True\n")
    addresses = free_addresses(2)
    chief = start(records, "workers", 2, addresses, 0)
    said = ends_alone(start(records, "workers", 2, addresses, 1, code=tmp_path / "code"))
    assert said.startswith(OTHERS)
    ends_alone(chief)
