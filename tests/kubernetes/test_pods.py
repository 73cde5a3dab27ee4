"""The pods of deploy/kubernetes agree on their names, their number and their port."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT
from octet.training.cluster import read_cluster

MANIFESTS = ROOT / "deploy" / "kubernetes"


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((MANIFESTS / name).read_text()))


def start(pod: int, environment: dict[str, str], folder: Path) -> subprocess.Popen[str]:
    """Start what a pod runs, with what stands in the folder for the commands."""
    return subprocess.Popen(
        ["bash", MANIFESTS / "train.sh"],
        env={**environment, "JOB_COMPLETION_INDEX": str(pod), "PATH": f"{folder}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        text=True,
    )


def write_command(file: Path, text: str) -> None:
    file.write_text(text)
    file.chmod(0o755)


def runs(pod: int, environment: dict[str, str], folder: Path) -> list[str]:
    """What a pod runs, after each command the TF_CONFIG that it has."""
    for command in ("octet", "dvc"):
        write_command(folder / command, f'#!/bin/sh\necho "{command} $* | $TF_CONFIG"\n')
    process = start(pod, environment, folder)
    out, _ = process.communicate()
    assert process.returncode == 0
    return out.splitlines()


def test_without_a_default_remote_nothing_is_pushed(tmp_path: Path) -> None:
    write_command(tmp_path / "dvc", '#!/bin/sh\n[ "$1" = config ] || echo "dvc $*"\n')
    write_command(tmp_path / "octet", '#!/bin/sh\necho "octet $*"\n')
    process = start(0, {"PODS": "1", "RECIPE": "mine"}, tmp_path)
    out, _ = process.communicate()
    *_, before, last = out.splitlines()
    assert (process.returncode, before) == (0, "dvc repro report@mine")
    assert last == "no default remote is set: the results stay in the volume"


def test_each_pod_finds_the_others(tmp_path: Path) -> None:
    service, job = documents("train.yaml")
    container = job["spec"]["template"]["spec"]["containers"][0]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert int(environment["PODS"]) == job["spec"]["completions"] == job["spec"]["parallelism"]
    names = [f"octet-{pod}.octet:8888" for pod in range(int(environment["PODS"]))]
    assert job["metadata"]["name"] == "octet"
    assert job["spec"]["template"]["spec"]["subdomain"] == service["metadata"]["name"] == "octet"
    assert service["spec"]["ports"] == [{"port": 8888}]
    for pod in range(len(names)):
        command, _, tf_config = runs(pod, environment, tmp_path)[0].partition(" | ")
        assert command == f"octet worker train_float {environment['RECIPE']}"
        cluster = read_cluster({"TF_CONFIG": tf_config})
        assert (list(cluster.addresses), cluster.index) == (names, pod)
        assert json.loads(tf_config)["task"]["type"] == "worker"


def test_the_first_pod_ends_with_the_report_and_the_push(tmp_path: Path) -> None:
    first, second = (runs(pod, {"PODS": "2", "RECIPE": "mine"}, tmp_path) for pod in (0, 1))
    commands = [line.partition(" | ")[0] for line in first]
    trainings = [f"octet worker {stage} mine" for stage in ("train_float", "train_control", "train_qat")]
    assert commands == [*trainings, "dvc repro report@mine", "octet push mine"]
    assert [line.partition(" | ")[0] for line in second] == trainings


TRAINING = f"""#!{sys.executable}
import signal, sys

signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("training", *sys.argv[2:], flush=True)
print("saved" if signal.sigtimedwait([signal.SIGTERM], 60) else "nobody asked it to stop", flush=True)
sys.exit(130)
"""


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])  # Kubernetes' own, and that of the image
def test_a_pod_that_is_told_to_end_saves_before_it_does(tmp_path: Path, asked: signal.Signals) -> None:
    """The signal reaches the first process of a pod alone, the shell."""
    write_command(tmp_path / "octet", TRAINING)
    process = start(0, {"PODS": "1", "RECIPE": "mine"}, tmp_path)
    assert process.stdout is not None
    assert process.stdout.readline() == "training train_float mine\n"
    process.send_signal(asked)
    out, _ = process.communicate()
    assert (process.returncode, out) == (130, "saved\n")


def test_a_pod_whose_training_fails_does_nothing_more(tmp_path: Path) -> None:
    write_command(tmp_path / "octet", '#!/bin/sh\necho "$*"\nexit 3\n')
    process = start(0, {"PODS": "1", "RECIPE": "mine"}, tmp_path)
    out, _ = process.communicate()
    assert (process.returncode, out) == (3, "worker train_float mine\n")


def test_all_manifests_are_about_one_recipe_and_one_volume_that_the_image_may_write_to() -> None:
    volume, files = documents("volume.yaml")
    (prepare,) = documents("prepare.yaml")
    _, train = documents("train.yaml")
    recipes, volumes = set(), {volume["metadata"]["name"]}
    *_, user = re.findall(r"^USER (\d+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for pod in (files["spec"], prepare["spec"]["template"]["spec"], train["spec"]["template"]["spec"]):
        env = pod["containers"][0].get("env", [])
        recipes |= {entry["value"] for entry in env if entry["name"] == "RECIPE"}
        volumes |= {v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v}
        assert pod["securityContext"]["fsGroup"] == int(user)
    assert len(recipes) == len(volumes) == 1
