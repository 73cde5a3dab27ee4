"""Which processes a launcher describes, and which of them this is."""

import json
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from helpers.ports import free_addresses
from octet.common.errors import UserError
from octet.training.cluster import Cluster, read_cluster

TWO = {"worker": ["one:11", "two:22"]}


def tf_config(cluster: object, kind: str, index: object) -> dict[str, str]:
    return {"TF_CONFIG": json.dumps({"cluster": cluster, "task": {"type": kind, "index": index}})}


def test_tf_config() -> None:
    cluster = read_cluster(tf_config(TWO, "worker", 1))
    assert (cluster.addresses, cluster.index, cluster.is_chief) == (("one:11", "two:22"), 1, False)
    assert json.loads(cluster.tf_config) == json.loads(tf_config(TWO, "worker", 1)["TF_CONFIG"])


def test_a_chief_of_its_own_comes_first() -> None:
    named = {"chief": ["zero:1"], **TWO}
    assert read_cluster(tf_config(named, "chief", 0)).is_chief
    cluster = read_cluster(tf_config(named, "worker", 1))
    assert (cluster.addresses, cluster.index) == (("zero:1", "one:11", "two:22"), 2)
    assert cluster.name(0) == "the chief (zero:1)"
    assert cluster.name(2) == "worker 2 (two:22)"


def test_processes_of_one_host_are_neighbours() -> None:
    addresses = ("one:1", "one:2", "two:1", "two:2", "two:3")
    assert Cluster(addresses, 1).neighbours == (1, 2)
    assert Cluster(addresses, 2).neighbours == (0, 3)
    assert Cluster(addresses, 4).neighbours == (2, 3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "null",
        '{"cluster": {"worker": [1]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["one"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": [":11"]}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": []}, "task": {"type": "worker", "index": 0}}',
        '{"cluster": {"worker": ["one:11"]}, "task": {"type": "evaluator", "index": 0}}',
        '{"cluster": {"worker": ["one:11"]}, "task": {"type": "chief", "index": 0}}',
        '{"cluster": {"worker": ["one:11"]}, "task": {"type": ["worker"], "index": 0}}',
    ],
)
def test_a_tf_config_that_cannot_be_used(text: str) -> None:
    with pytest.raises(UserError, match=r"^TF_CONFIG: expected \{.*, found " + re.escape(text)):
        read_cluster({"TF_CONFIG": text})


@pytest.mark.parametrize("index", [2, -2, 1.5, "one", None])
def test_an_index_that_no_process_has(index: object) -> None:
    with pytest.raises(UserError, match=rf"^task.index in TF_CONFIG is {index}: expected a number from 0 to 1$"):
        read_cluster(tf_config(TWO, "worker", index))


@pytest.mark.parametrize("port", ["port", "0", "-1", "88888", "8888.0"])
def test_a_port_that_no_machine_has(port: str) -> None:
    message = rf"^the port of two:{port} in TF_CONFIG is {port}: expected a number from 1 to 65535$"
    with pytest.raises(UserError, match=message):
        read_cluster(tf_config({"worker": ["one:11", f"two:{port}"]}, "worker", 0))


@pytest.fixture
def step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What Slurm sets in a step, and `scontrol`, which a cluster has and which spells the list of nodes out."""
    scontrol = tmp_path / "scontrol"
    scontrol.write_text('#!/bin/sh\n[ "$*" = "show hostnames gpu[07-09]" ] && printf "gpu07\\ngpu08\\ngpu09\\n"\n')
    scontrol.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return {"SLURM_STEP_NODELIST": "gpu[07-09]", "SLURM_STEP_TASKS_PER_NODE": "2(x2),1", "SLURM_PROCID": "4"}


def test_a_step_of_slurm(step: dict[str, str]) -> None:
    cluster = read_cluster(step)
    assert cluster.addresses == ("gpu07:8888", "gpu07:8889", "gpu08:8888", "gpu08:8889", "gpu09:8888")
    assert cluster.index == 4
    assert read_cluster({**step, "OCTET_PORT": "9000"}).addresses[-1] == "gpu09:9000"


@pytest.mark.parametrize(
    ("name", "found", "expected"),
    [
        ("OCTET_PORT", "abc", "a number from 1 to 65534"),
        ("OCTET_PORT", "65535", "a number from 1 to 65534"),  # the second task of a node has the next one
        ("SLURM_PROCID", None, "a number from 0 to 4"),
        ("SLURM_PROCID", "5", "a number from 0 to 4"),
        ("SLURM_STEP_TASKS_PER_NODE", None, "the tasks of each of 3 nodes, like 2(x3),1"),
        ("SLURM_STEP_TASKS_PER_NODE", "2,two,1", "the tasks of each of 3 nodes, like 2(x3),1"),
        ("SLURM_STEP_TASKS_PER_NODE", "2(x2)", "the tasks of each of 3 nodes, like 2(x3),1"),
    ],
)
def test_a_step_of_slurm_that_cannot_be_used(step: dict[str, str], name: str, found: str | None, expected: str) -> None:
    environment = {key: value for key, value in {**step, name: found}.items() if value is not None}
    with pytest.raises(UserError) as raised:
        read_cluster(environment)
    assert str(raised.value) == f"{name} is {found or 'not set'}: expected {expected}"


def test_no_launcher() -> None:
    with pytest.raises(UserError, match="neither TF_CONFIG nor a step of Slurm"):
        read_cluster({})


def two_on_this_machine() -> list[Cluster]:
    addresses = tuple(free_addresses(2))
    return [Cluster(addresses, index) for index in range(2)]


def test_processes_wait_for_one_another() -> None:
    both = Barrier(2)

    def come(cluster: Cluster) -> None:
        cluster.wait_for_others(60)
        with socket.create_server(("", int(cluster.addresses[cluster.index].split(":")[1]))):  # as TensorFlow does next
            both.wait(60)

    with ThreadPoolExecutor() as threads:
        for ended in [threads.submit(come, cluster) for cluster in two_on_this_machine()]:
            ended.result()


def test_a_process_that_waits_answers_however_often_it_is_asked() -> None:
    """A socket keeps 128 connections that nobody takes, and lets the next ones wait."""
    chief, worker = two_on_this_machine()
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(chief.wait_for_others, 20)
        while worker.silent():
            assert not waiting.done()
        assert not any(worker.silent() for _ in range(400))
        with socket.create_server(("", int(worker.addresses[1].split(":")[1]))):
            waiting.result()


def test_who_does_not_come_is_named() -> None:
    chief, worker = two_on_this_machine()
    with pytest.raises(UserError, match=rf"^worker 1 \({worker.addresses[1]}\) did not come within 0.001 minutes"):
        chief.wait_for_others(0.06)
    with pytest.raises(UserError, match=r"^the chief \(.*\) did not come"):
        worker.wait_for_others(0.06)


def test_a_port_that_is_taken() -> None:
    chief, _ = two_on_this_machine()
    with (
        socket.create_server(("", int(chief.addresses[0].split(":")[1]))),
        pytest.raises(UserError, match=r"^the chief \(.*\) cannot listen at its port: Address already in use"),
    ):
        chief.wait_for_others(1)
