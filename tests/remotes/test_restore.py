"""`make restore` takes by dvc.lock what a remote has, runs the rest, and believes nothing else that lies there."""

import hashlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml

from remotes.conftest import RECIPE, RESULTS, Clone
from remotes.stores import Folder
from remotes.test_hostile import object_named, put
from remotes.test_trouble import object_of

ARCHIVES, RECORDS, PRETRAINED = (f"data/{RECIPE}/{name}" for name in ("archives", "records", "pretrained"))
STALE = f"report@{RECIPE}"
CARD = f"models/{RECIPE}/MODEL_CARD.md"


def forget(clone: Clone, stage: str) -> None:
    """Take a stage out of dvc.lock, as if it never ran."""
    file = clone.folder / "dvc.lock"
    lock = yaml.safe_load(file.read_text())
    del lock["stages"][stage]
    file.write_text(yaml.safe_dump(lock, sort_keys=False))


def change(clone: Clone, stage: str) -> None:
    """Let dvc.lock say that the stage ran with another command."""
    file = clone.folder / "dvc.lock"
    lock = yaml.safe_load(file.read_text())
    lock["stages"][stage]["cmd"] += " --fast"
    file.write_text(yaml.safe_dump(lock, sort_keys=False))


def make_restore(clone: Clone, *named: str) -> CompletedProcess[str]:
    """Run `make restore` with what is installed here; an environment that is complete is left as it is."""
    environment = clone.folder / "installed"
    environment.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.name != "runtime":
            (environment / entry.name).symlink_to(entry)
    (environment / "runtime").touch()  # newer than what it is made from
    return clone.run("make", f"VENV={environment}", "RUNNER=local", "restore", f"RECIPE={RECIPE}", *named)


def stages_run(result: CompletedProcess[str]) -> list[str]:
    return [line.split("'")[1] for line in result.stdout.splitlines() if line.startswith("Running stage")]


def lies_there(clone: Clone, paths: Iterable[str]) -> list[bool]:
    return [(clone.folder / path).exists() for path in paths]


@pytest.mark.usefixtures("store")
def test_nothing_is_stale(made: Clone, clone: Clone) -> None:
    result = clone.remote("restore")
    assert (result.returncode, result.stdout) == (0, "--allow-missing\n"), result.stderr
    assert clone.bytes_of(*RESULTS) == made.bytes_of(*RESULTS)
    assert not (clone.folder / "data" / RECIPE).exists()


@pytest.mark.parametrize(
    ("stage", "brought"),
    [("fetch", [True, True, True]), ("train_float", [False, True, True]), ("layers", [False, True, False])],
)
@pytest.mark.usefixtures("store")
def test_the_data_that_a_stale_stage_needs(stage: str, brought: list[bool], clone: Clone) -> None:
    change(clone, f"{stage}@{RECIPE}")
    result = clone.remote("restore")
    assert (result.returncode, result.stdout) == (0, "--allow-missing\n"), result.stderr
    assert f"stale, so they run: {stage}@{RECIPE}" in result.stderr
    assert lies_there(clone, [ARCHIVES, RECORDS, PRETRAINED]) == brought


def test_no_remote(clone: Clone) -> None:
    result = clone.remote("restore")
    assert (result.returncode, result.stdout) == (0, "")
    assert "no default remote" in result.stderr


def test_a_damaged_file(made: Clone, clone: Clone, store: Folder) -> None:
    store.write(object_of(made, CARD), b"something else")
    clone.fails("restore", "damaged on the remote", CARD)


@pytest.mark.usefixtures("store")
def test_a_commit_that_is_not_signed(clone: Clone) -> None:
    result = clone.remote("restore", "--verify-commit")
    assert (result.returncode, result.stdout) == (1, "")
    assert "git accepts no signature" in result.stderr


def test_the_run_cache_of_a_remote_is_not_believed(made: Clone, clone: Clone, store: Folder, tmp_path: Path) -> None:
    """Whoever may write to the remote says there what a stage with these inputs makes: here, a file above the clone."""
    listing = json.dumps([{"md5": put(store, b"evil"), "relpath": "../../../../evil"}]).encode()
    md5 = hashlib.md5(listing).hexdigest() + ".dir"
    store.write(object_named(md5), listing)
    cache = made.folder / ".dvc/cache"
    (record,) = (file for file in (cache / "runs").rglob("*") if file.is_file() and "src/report.py" in file.read_text())
    run = yaml.safe_load(record.read_text())
    run["outs"][0].update(md5=md5, size=4, nfiles=1)
    store.write(str(record.relative_to(cache)), yaml.safe_dump(run).encode())
    forget(clone, STALE)
    result = make_restore(clone)
    assert result.returncode == 0, result.stderr
    assert stages_run(result) == [STALE]
    assert not (tmp_path / "evil").exists()
    assert (clone.folder / CARD).is_file()
    assert lies_there(clone, [ARCHIVES, RECORDS]) == [False, True]


def test_what_the_remote_lacks_is_made_again(made: Clone, clone: Clone, store: Folder) -> None:
    """Data that a stale stage needs, and a report that nobody needs."""
    forget(clone, STALE)
    gone = f"reports/{RECIPE}/layers.json"
    for path in (RECORDS, gone):
        store.delete(object_of(made, path))
    result = make_restore(clone)
    assert result.returncode == 0, result.stderr
    assert stages_run(result) == [f"preprocess@{RECIPE}", f"layers@{RECIPE}", STALE]
    assert f"made again: {RECORDS}, {gone}" in result.stderr
    assert clone.bytes_of(*RESULTS) == made.bytes_of(*RESULTS)
    locks = [yaml.safe_load((each.folder / "dvc.lock").read_text()) for each in (made, clone)]
    assert locks[0] == locks[1]


@pytest.mark.usefixtures("store")
def test_a_dry_run(clone: Clone) -> None:
    """No stage runs for want of the data that was not brought, and none that is stale either."""
    forget(clone, STALE)
    result = make_restore(clone, "REPRO_FLAGS=--dry")
    assert result.returncode == 0, result.stderr
    assert stages_run(result) == [STALE]
    assert lies_there(clone, [CARD, ARCHIVES]) == [False, False]
