"""`make verify` runs everything again in a clone, and says what differs from dvc.lock."""

import hashlib
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import Project, tiny_params

COMMAND = (sys.executable, "-u", "src/octet", "verify", "quickstart")


@pytest.fixture
def committed(project: Project, reproduced: Project) -> Project:
    """A clone of the reproduced project as git has it: without data, with its dvc.lock."""
    project.set_up_dvc()
    project.take(reproduced, "dvc.lock")
    commit(project)
    return project


RERUN = ("fetch", "preprocess", "train_float")


@pytest.fixture
def shortened(committed: Project) -> Project:
    """The same with a pipeline that ends after the first training: what is rerun is as good as all, and sooner done."""
    pipeline = committed.folder / "dvc.yaml"
    content = yaml.safe_load(pipeline.read_text())
    content["stages"] = {stage: of for stage, of in content["stages"].items() if stage in RERUN}
    pipeline.write_text(yaml.safe_dump(content, sort_keys=False))

    def shorten(stages: dict[str, Any]) -> None:
        for name in [name for name in stages if name.partition("@")[0] not in RERUN]:
            del stages[name]

    edit_lock(committed, shorten)
    commit(committed)
    return committed


def commit(project: Project) -> None:
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "What is to be verified")


def edit_lock(project: Project, change: Any) -> None:
    lock = yaml.safe_load((project.folder / "dvc.lock").read_text())
    change(lock["stages"])
    (project.folder / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))


def scratch(project: Project) -> list[Path]:
    return list((project.folder / "runs").glob("verify-*"))


def test_data_that_the_clone_would_not_find_is_refused(project: Project) -> None:
    params = tiny_params()
    params["quickstart"]["dataset"]["source"] = {"kind": "folder", "path": "../photos"}
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    result = project.run(*COMMAND)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "quickstart.dataset names ../photos, which is another place in the clone" in line
    assert str(project.folder.parent / "photos") in line
    assert not scratch(project)


@pytest.mark.slow
def test_all_agrees(
    shortened: Project, reproduced: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that the user shares among projects has all the results, and must not be where they come from."""
    settings = tmp_path_factory.mktemp("settings")
    (settings / "config").write_text(f"[cache]\n    dir = {reproduced.folder / '.dvc/cache'}\n")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(settings))
    assert Path(shortened.run("dvc", "cache", "dir").stdout.strip()) == reproduced.folder / ".dvc/cache"

    lock = shortened.bytes_of("dvc.lock")
    result = shortened.run(*COMMAND)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "octet:" not in result.stderr
    for stage in RERUN:
        assert f"> python src/{stage}.py quickstart" in result.stdout
        assert f"agrees   {stage}@quickstart\n" in result.stdout
    assert "All 5 outputs of quickstart agree with dvc.lock." in result.stdout
    assert scratch(shortened) == []
    assert shortened.bytes_of("dvc.lock") == lock
    assert not (shortened.folder / "models").exists()


@pytest.mark.slow
def test_it_differs_from_a_stage_on(shortened: Project, reproduced: Project) -> None:
    """dvc.lock claims to come from another seed than it does, and names of another file another hash."""

    def claim(stages: dict[str, Any]) -> None:
        for stage in stages.values():
            stage.get("params", {}).get("params.yaml", {}).get("quickstart.train_float", {})["seed"] = 99
        (described,) = (of for of in stages["preprocess@quickstart"]["outs"] if of["path"].endswith("dataset.json"))
        described["md5"] = "0" * 32

    edit_lock(shortened, claim)
    params = tiny_params()
    params["quickstart"]["train_float"]["seed"] = 99
    (shortened.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    commit(shortened)
    shortened.run("dvc", "config", "--local", "cache.dir", str(reproduced.folder / ".dvc/cache"))

    result = shortened.run(*COMMAND)

    assert result.returncode == 1, result.stdout + result.stderr
    verdict = [line.split() for line in result.stdout.splitlines() if line.startswith(("agrees", "differs"))]
    assert verdict == [["agrees" if stage == "fetch" else "differs", f"{stage}@quickstart"] for stage in RERUN]
    assert "\n    models/quickstart/float/: history.csv, weights.h5\n" in result.stdout
    assert "\n    data/quickstart/dataset.json\n" in result.stdout
    assert "octet: quickstart differs from preprocess@quickstart on" in result.stderr
    (kept,) = scratch(shortened)
    assert kept.name in result.stderr
    assert (kept / "models/quickstart/float/weights.h5").is_file()


def test_what_is_committed_decides(committed: Project) -> None:
    """dvc.lock fits the edited script, but the script is not committed: they are not verified together."""
    script = committed.folder / "src/fetch.py"
    script.write_text(script.read_text() + "# A comment.\n")
    fit_lock(committed)
    assert committed.octet("stale").returncode == 0
    result = committed.run(*COMMAND)
    assert result.returncode == 1
    assert "octet: not committed, so not verified: src/fetch.py\n" in result.stderr
    assert "  fetch@quickstart: src/fetch.py (modified)\nrun `make reproduce" in result.stderr
    assert "Running stage" not in result.stdout
    assert scratch(committed) == []


def fit_lock(project: Project) -> None:
    """Give dvc.lock the hash that src/fetch.py has now."""
    content = (project.folder / "src/fetch.py").read_bytes()

    def change(stages: dict[str, Any]) -> None:
        (dep,) = (dep for dep in stages["fetch@quickstart"]["deps"] if dep["path"] == "src/fetch.py")
        dep.update(md5=hashlib.md5(content).hexdigest(), size=len(content))

    edit_lock(project, change)


def test_a_stage_fails(committed: Project) -> None:
    (committed.folder / "src/fetch.py").write_text("raise SystemExit('no')\n")
    fit_lock(committed)
    commit(committed)
    result = committed.run(*COMMAND)
    assert result.returncode == 1
    (kept,) = scratch(committed)
    assert f"octet: a stage failed, see above; the rerun is kept in runs/{kept.name}" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_stopped(committed: Project, number: signal.Signals) -> None:
    """Nothing stays behind: no folder, and no stage that runs on."""
    (committed.folder / "src/fetch.py").write_text("import time\nprint('at work', flush=True)\ntime.sleep(120)\n")
    fit_lock(committed)
    commit(committed)
    process = committed.start(*COMMAND)
    assert process.stdout is not None
    assert any(line == "at work\n" for line in process.stdout)
    (folder,) = scratch(committed)
    process.send_signal(number)
    assert process.wait() == 130
    assert not folder.exists()
    give_up = time.monotonic() + 60
    while running_in(folder):
        assert time.monotonic() < give_up, running_in(folder)
        time.sleep(0.05)
    assert process.communicate()[1] == "octet: stopped; nothing is kept\n"


def running_in(folder: Path) -> list[str]:
    """The processes that work in a folder, also in one that is gone."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str((process / "cwd").readlink()).startswith(str(folder)):
                found.append(process.name)
        except OSError:  # it ended meanwhile, or is not ours
            continue
    return found


def test_no_lock(committed: Project) -> None:
    (committed.folder / "dvc.lock").unlink()
    result = committed.run(*COMMAND)
    assert result.returncode == 1
    assert result.stderr == "octet: dvc.lock is missing: run `dvc repro report@quickstart` first (it makes it)\n"


def test_nothing_is_committed(project: Project, reproduced: Project) -> None:
    project.set_up_dvc()
    project.take(reproduced, "dvc.lock")
    result = project.run(*COMMAND)
    assert result.returncode == 1
    assert result.stderr.startswith("octet: `git rev-parse")
    assert "Traceback" not in result.stderr
