"""The container at work: as a user that it does not know, on a clone of the project, with no network.

`make test-image` builds what this runs and says in IMAGE and VARIANT which it is.
"""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from conftest import ROOT

DOCKER, IMAGE, VARIANT = (os.environ[name] for name in ("DOCKER", "IMAGE", "VARIANT"))
UID, GID = 12345, 12346
MODEL = "models/quickstart/detector_uint8.tflite"
FAST = ["tests/sources", "tests/recipe", "tests/backbones", "tests/reporting/test_drawing.py"]


def docker(*arguments: str) -> str:
    return subprocess.run([*DOCKER.split(), *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is committed, belonging to a user that the image does not know."""
    folder = tmp_path_factory.mktemp("image") / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    (folder.parent / "cache").mkdir()
    for path in (folder.parent / "cache", folder, *folder.rglob("*")):
        os.chown(path, UID, GID, follow_symlinks=False)
    return folder


def make(clone: Path, target: str, network: str = "none") -> list[str]:
    """The command of a user who runs a target in the container."""
    return [
        *(
            "make",
            target,
            "RECIPE=quickstart",
            "RUNNER=docker",
            f"DOCKER={DOCKER}",
            f"IMAGE={IMAGE}",
            f"VARIANT={VARIANT}",
        ),
        *(f"USER_FLAGS=--user {UID}:{GID}", f"DOCKER_RUN_FLAGS=--network {network}"),
        f"OCTET_CACHE={clone.parent / 'cache'}",
    ]


def run(clone: Path, *command: str, stdin: Path = Path(os.devnull)) -> str:
    with stdin.open() as given:
        result = subprocess.run(command, cwd=clone, stdin=given, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def started(clone: Path, *command: str) -> subprocess.Popen[str]:
    """A command with a process group of its own, so that it can be interrupted as a terminal does it."""
    return subprocess.Popen(
        command, cwd=clone, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )


@pytest.fixture
def tensorboard(clone: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    port = 16006
    process = started(clone, *make(clone, "tensorboard", network="host"), f"PORT={port}")
    yield process, port
    os.killpg(process.pid, signal.SIGINT)
    process.communicate()


def test_it_says_what_it_is() -> None:
    (inspected,) = json.loads(docker("image", "inspect", IMAGE))
    config = inspected["Config"]
    environment = dict(pair.split("=", 1) for pair in config["Env"])
    assert config["User"] not in ("", "0", "root")
    assert environment["TF_USE_LEGACY_KERAS"] == "1"
    assert environment["NVIDIA_VISIBLE_DEVICES"] == "all"
    assert environment["NVIDIA_DRIVER_CAPABILITIES"] == "compute,utility"
    assert config["Labels"]["octet.variant"] == VARIANT
    assert len(config["Labels"]["octet.lock"]) == 64
    revision = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    assert config["Labels"]["org.opencontainers.image.revision"].startswith(revision.stdout.strip())


def test_it_holds_no_cache_and_no_source() -> None:
    search = "find ~root/.cache /octet /var/lib/apt/lists /tmp -mindepth 1 2>/dev/null; test -d /octet"
    assert docker("run", "--rm", "--network", "none", "--user", "0", IMAGE, "bash", "-c", search) == ""


def test_the_doctor_finds_it_well(clone: Path) -> None:
    said = run(clone, *make(clone, "doctor"))
    assert f"inside the container ({VARIANT})" in said
    assert f"uid {UID}" in said
    assert "quickstart will run here" in said


def test_the_fast_tests_pass(clone: Path) -> None:
    assert " passed" in run(clone, *make(clone, "test"), f"TESTS={' '.join(FAST)}")


def stages_of_quickstart(folder: Path) -> dict[str, Any]:
    """What dvc.lock says of each of its stages; on the host, other recipes may have run as well."""
    stages = yaml.safe_load((folder / "dvc.lock").read_text())["stages"]
    return {name: stage for name, stage in stages.items() if name.endswith("@quickstart")}


def test_interrupted_and_run_again_it_makes_the_bytes_that_the_host_makes(clone: Path) -> None:
    process = started(clone, *make(clone, "reproduce"))
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 1/"):
            break
    os.killpg(process.pid, signal.SIGINT)
    rest = process.communicate()[0]
    assert "octet: stopped" in rest
    assert process.returncode != 0
    assert not docker("ps", "--quiet", "--filter", f"ancestor={IMAGE}")
    assert not [*clone.glob("models/**/*.partial")]

    again = run(clone, *make(clone, "reproduce"))
    assert "going on after step" in again
    assert "running on the CPU" in again
    assert (clone / MODEL).read_bytes() == (ROOT / MODEL).read_bytes()
    assert stages_of_quickstart(clone) == stages_of_quickstart(ROOT)
    for path in clone.rglob("*"):
        owner = path.lstat()
        assert (owner.st_uid, owner.st_gid) == (UID, GID), path


def test_detect_finds_in_the_container_what_it_finds_on_the_host(clone: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / MODEL, clone / "shipped.tflite")
    picture, flags = "docs/shapes.jpg", "--out found --json found.json"
    find = [*make(clone, "detect"), "MODEL=shipped.tflite"]
    run(clone, *find, f"SOURCE={picture}", f"DETECT_FLAGS={flags}")
    on_host = ("--out", str(tmp_path), "--json", str(tmp_path / "found.json"))
    run(ROOT, ".venv/bin/octet", "detect", "--model", MODEL, *on_host, picture)
    (found,), (expected,) = (json.loads((of / "found.json").read_text()) for of in (clone, tmp_path))
    assert found == expected
    assert found["detections"]
    assert (clone / "found" / "shapes.detected.jpg").is_file()
    run(clone, *find, "SOURCE=-", "DETECT_FLAGS=--json piped.json", stdin=ROOT / picture)
    (piped,) = json.loads((clone / "piped.json").read_text())
    assert piped["detections"] == expected["detections"]


def test_tensorboard_answers_from_the_container(tensorboard: tuple[subprocess.Popen[str], int]) -> None:
    process, port = tensorboard
    assert process.stdout
    said = next(line for line in process.stdout if "TensorBoard" in line and "http" in line)
    assert str(port) in said
    with urlopen(f"http://127.0.0.1:{port}/") as page:
        assert b"TensorBoard" in page.read()


def released(script: str, user: str = f"{UID}:{GID}") -> str:
    """What a script says in the image that holds the source."""
    return docker("run", "--rm", "--network", "none", "--user", user, f"{IMAGE}-release", "bash", "-c", script)


def test_the_release_holds_the_source_and_runs_without_git() -> None:
    said = released("dvc repro fetch@quickstart && ls data/quickstart/archives && git --version && ls -A")
    assert "shapes.tar" in said
    assert ".git\n" not in said
    assert "tests" not in said.split()


@pytest.mark.parametrize("user", [f"{UID}:{GID}", f"{UID}:0", "1000"])
def test_the_release_lets_nobody_change_the_source(user: str) -> None:
    written = ("./data", "./models", "./reports", "./runs", "./.dvc/cache", "./.dvc/tmp", "./dvc.lock")
    assert sorted(released("find . -writable", user).split()) == sorted(written)


def test_octet_of_the_release_runs_in_any_folder_and_leaves_no_stage_stale() -> None:
    """What Python compiles while it runs is no change of the code."""
    said = released("cd /tmp && octet --help && cd /octet && octet stale quickstart")
    assert said.startswith("Octet's commands")
    assert said.endswith("dvc.lock is up to date: quickstart\n")
