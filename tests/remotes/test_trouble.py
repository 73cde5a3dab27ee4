"""What goes wrong with a remote ends in one line and an untouched workspace; once mended, the same command works."""

import hashlib
import json
import signal
import sys
from pathlib import Path

import pytest
import yaml

from remotes.cable import Cable
from remotes.conftest import RECIPE, RESULTS, Clone
from remotes.stores import S3, Folder, Sftp, Store

MODEL = f"models/{RECIPE}/detector_uint8.tflite"
LADDER = f"models/{RECIPE}/tflite"
MEMBER = f"{LADDER}/float16.tflite"


def object_of(made: Clone, path: str) -> str:
    """Where a remote keeps a file of the workspace."""
    stages = yaml.safe_load((made.folder / "dvc.lock").read_text())["stages"]
    md5 = {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}
    if path not in md5:
        folder, _, name = path.rpartition("/")
        listed = json.loads((made.folder / ".dvc/cache" / _object(md5[folder])).read_text())
        md5[path] = next(each["md5"] for each in listed if each["relpath"] == name)
    return _object(md5[path])


def _object(md5: str) -> str:
    return f"files/md5/{md5[:2]}/{md5[2:]}"


def assert_named_by_md5(files: dict[str, bytes]) -> None:
    for name, content in files.items():
        assert "".join(name.split("/")[-2:]).removesuffix(".dir") == hashlib.md5(content).hexdigest()


def assert_has_all(clone: Clone, made: Clone) -> None:
    assert clone.bytes_of(*RESULTS) == made.bytes_of(*RESULTS)


@pytest.mark.parametrize(("kind", "path"), [("folder", LADDER), ("sftp", MEMBER), ("s3", MODEL)], ids=str)
def test_a_damaged_file(path: str, made: Clone, clone: Clone, full: Store) -> None:
    """A byte has changed: the size is right, and a list is still a list."""
    name = object_of(made, path)
    content = full.read(name)
    damaged = content.replace(b"float16", b"float61") if path == LADDER else bytes([content[0] ^ 1]) + content[1:]
    assert damaged != content
    full.write(name, damaged)
    for each in (made, clone):
        each.use(full.options())
    clone.fails("pull", "damaged on the remote", path, name, f"make push RECIPE={RECIPE} AGAIN=1")
    made.push("--again")
    assert full.read(name) == content
    clone.pull()
    assert_has_all(clone, made)


@pytest.mark.parametrize("kind", ["sftp", "s3"])
def test_a_push_again_that_is_killed(made: Clone, full: Sftp | S3) -> None:
    """Nobody loses what was there."""
    before = set(full.names())
    with Cable(full.server.port, "up", after=1_000_000, silent=True) as cable:
        made.use(full.options(cable.port))
        process = made.start("python", "src/octet", "push", RECIPE, "--again")
        assert cable.broken.wait(60)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    names = {name for name in full.names() if not name.endswith(".tmp")}
    assert names == before
    assert_named_by_md5({name: full.read(name) for name in names})


@pytest.mark.parametrize(("kind", "path"), [("sftp", LADDER), ("s3", MEMBER)], ids=str)
def test_a_missing_file(path: str, made: Clone, clone: Clone, full: Store) -> None:
    for each in (made, clone):
        each.use(full.options())
    name = object_of(made, path)
    full.delete(name)
    clone.fails("pull", "not on the remote", path, name, f"make push RECIPE={RECIPE}`")
    made.push()
    assert name in full.names()
    clone.pull()
    assert_has_all(clone, made)


@pytest.mark.parametrize("kind", ["folder"])
def test_a_damaged_cache(made: Clone, clone: Clone, full: Store) -> None:
    """What another command of DVC brought unchecked is neither pushed on nor kept."""
    name = object_of(made, MODEL)
    content = full.read(name)
    clone.use(full.options())
    clone.pull()
    cached = clone.folder / ".dvc/cache" / name
    for file in (cached, clone.folder / MODEL):
        file.unlink()
        file.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        file.chmod(0o444)
    clone.push("--again")
    assert full.read(name) == content
    (clone.folder / MODEL).unlink()
    clone.pull()
    assert_has_all(clone, made)


@pytest.mark.parametrize(("command", "kind"), [("push", "sftp"), ("pull", "s3")])
def test_wrong_credentials(command: str, made: Clone, clone: Clone, full: Sftp | S3) -> None:
    who = made if command == "push" else clone
    who.use(full.refused())
    url = full.options()["url"].removeprefix("ssh://").removeprefix("s3://")
    who.fails(command, "remote store (", url, "cannot be used: PermissionError")


@pytest.mark.parametrize("kind", ["folder", "sftp", "s3"])
def test_a_remote_that_is_down(kind: str, made: Clone, clone: Clone, full: Store) -> None:
    clone.use(full.gone())
    clone.fails("pull", "remote store", "is no folder" if kind == "folder" else "cannot be used")
    clone.use(full.options())
    clone.pull()
    assert_has_all(clone, made)


@pytest.mark.parametrize("kind", ["sftp", "s3"])
def test_a_push_that_is_killed(made: Clone, clone: Clone, empty: Sftp | S3) -> None:
    with Cable(empty.server.port, "up", after=3_000_000, silent=True) as cable:
        made.use(empty.options(cable.port))
        process = made.start("python", "src/octet", "push", RECIPE)
        assert cable.broken.wait(60)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    names = empty.names()
    assert not any(name.endswith(".dir") for name in names)  # who sees a folder's list takes the folder for whole
    assert_named_by_md5({name: empty.read(name) for name in names if not name.endswith(".tmp")})
    for each in (made, clone):
        each.use(empty.options())
    clone.fails("pull", "on the remote", f"make push RECIPE={RECIPE}")
    made.push()
    clone.pull()
    assert_has_all(clone, made)


def test_a_disk_that_is_not_mounted(made: Clone, tmp_path: Path) -> None:
    """DVC itself would make the folder, on the wrong disk."""
    made.use({"url": str(tmp_path / "disk" / "models")})
    made.fails("push", "remote store", "is no folder")
    assert not (tmp_path / "disk").exists()


KILLED_IN_THE_MIDDLE = """
import itertools, os, runpy, signal, sys

def kill_before_the_fifth_file(event, details, numbers=itertools.count(1)):
    if event == "os.rename" and "/store/" in str(details[1]) and next(numbers) == 5:
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill_before_the_fifth_file)
sys.path.insert(0, "src")
runpy.run_path("src/octet", run_name="__main__")
"""


def test_a_push_to_a_folder_that_is_killed(made: Clone, clone: Clone, tmp_path: Path) -> None:
    store = Folder(tmp_path / "store")
    for each in (made, clone):
        each.use(store.options())
    result = made.run(sys.executable, "-c", KILLED_IN_THE_MIDDLE, "push", RECIPE)
    assert result.returncode == -signal.SIGKILL
    assert len(store.names()) == 5  # four, and half of one under another name
    clone.fails("pull", "not on the remote")
    made.push()
    clone.pull()
    assert_has_all(clone, made)


@pytest.mark.parametrize("kind", ["sftp"])
def test_a_connection_that_breaks(made: Clone, clone: Clone, full: Sftp) -> None:
    with Cable(full.server.port, "down", after=3_000_000) as cable:
        clone.use(full.options(cable.port))
        clone.fails("pull", f"127.0.0.1:{cable.port}", "did not come")
        assert cable.broken.is_set()
    came = clone.bytes_of(".dvc/cache/files")
    assert came
    assert_named_by_md5(came)
    clone.use(full.options())
    clone.pull()
    assert_has_all(clone, made)


def test_no_remote(clone: Clone) -> None:
    for command in ("push", "pull"):
        clone.fails(command, "no default remote", "dvc remote add --default NAME URL", "docs/remotes.md")


def test_no_results(clone: Clone) -> None:
    clone.use({"url": str(clone.folder)})
    (clone.folder / "dvc.lock").unlink()
    clone.fails("pull", "dvc.lock has no results of", f"report@{RECIPE}", f"make reproduce RECIPE={RECIPE}")


def test_no_recipe(clone: Clone) -> None:
    result = clone.run("python", "src/octet", "pull", "nosuch")
    assert (result.returncode, result.stderr) == (1, "octet: params.yaml: no recipe 'nosuch'; there are: quickstart\n")


def test_a_kind_of_remote_that_is_not_installed(clone: Clone) -> None:
    clone.use({"url": "hdfs://somebody@example.com/models"})
    clone.fails("pull", "hdfs", "requires 'dvc-hdfs'", "docs/remotes.md")


def test_nothing_here_to_push(clone: Clone, tmp_path: Path) -> None:
    clone.use(Folder(tmp_path / "store").options())
    clone.fails("push", "whole neither in this cache nor on the remote", "data/", "more")


def test_a_file_of_ones_own_is_kept(clone: Clone, pushed: dict[str, bytes], tmp_path: Path) -> None:
    store = Folder(tmp_path / "store")
    for name, content in pushed.items():
        store.write(name, content)
    clone.use(store.options())
    own = clone.folder / "models" / RECIPE / "labels.txt"
    own.parent.mkdir(parents=True)
    own.write_text("mine\n")
    clone.fails("pull", "in the way", str(own))
    assert own.read_text() == "mine\n"
