"""The doctor's page on this machine, with nothing wrong and with one thing wrong."""

import os
import shlex
import sys
from importlib import metadata
from pathlib import Path

import pytest

from conftest import ROOT, Project, tiny_params
from octet.commands.health import gpu_facts, host
from octet.commands.health.finding import Finding
from octet.commands.health.memory import check_memory, memory_need
from octet.commands.health.remote import check_remote
from octet.recipe.shared.dataset import Voc
from octet.recipe.shared.load import load_recipe
from octet.recipe.shared.recipe import Recipe

TRAININGS = ("train_float", "train_qat")


@pytest.fixture
def settled(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project under DVC, on a machine that shows no GPU."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.delenv("ALLOW_CPU", raising=False)
    project.set_up_dvc()
    return project


def needs_a_gpu(project: Project) -> None:
    params = tiny_params()
    params["quickstart"]["train_float"]["device"] = "gpu"
    project.write_params(params)


def test_all_is_well(settled: Project) -> None:
    result = settled.octet("doctor", "quickstart")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    assert f"tensorflow {metadata.version('tensorflow')}" in result.stdout
    assert "quickstart will run here, on the CPU" in result.stdout
    assert "none is set" in result.stdout


def test_another_version_than_the_lock_says(settled: Project) -> None:
    lock = settled.folder / "requirements" / "runtime.txt"
    lock.write_text(lock.read_text().replace("tf-keras==2.21.0", "tf-keras==2.20.0"))
    result = settled.octet("doctor", "quickstart")
    assert result.returncode == 1
    assert "tf-keras 2.21.0 (lock: 2.20.0)" in result.stdout


def test_a_gpu_recipe_without_a_gpu(settled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_a_gpu(settled)
    result = settled.octet("doctor", "quickstart")
    assert result.returncode == 1
    assert "FAIL  gpu" in result.stdout
    assert "1 of" in result.stderr
    monkeypatch.setenv("ALLOW_CPU", "1")
    assert settled.octet("doctor", "quickstart").returncode == 0


def test_training_a_gpu_recipe_asks_before_it_takes_the_cpu(settled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for stage in ("fetch", "preprocess"):
        assert settled.stage(stage).returncode == 0
    needs_a_gpu(settled)
    refused = settled.stage("train_float")
    assert refused.returncode == 1
    (line,) = refused.stderr.splitlines()
    for words in ("device: gpu", "make doctor", "ALLOW_CPU=1"):
        assert words in line
    monkeypatch.setenv("ALLOW_CPU", "1")
    allowed = settled.stage("train_float")
    assert allowed.returncode == 0, allowed.stderr
    assert f"running on the CPU ({len(os.sched_getaffinity(0))} cores)" in allowed.stdout


def put_program(file: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a shell script be the first program of its name."""
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(file.parent), prepend=os.pathsep)


def test_a_gpu_that_does_not_tell_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_program(tmp_path / "nvidia-smi", "echo 81559; echo '[N/A]'; echo '[Not Supported]'", monkeypatch)
    assert gpu_facts._memories(3) == [81559 * 2**20, None, None]
    assert gpu_facts._memories(1) == [None]


def test_an_engine_that_fails_without_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCTET_IMAGE", raising=False)
    monkeypatch.setenv("DOCKER", "engine")
    put_program(tmp_path / "engine", "exit 3", monkeypatch)
    assert host.check_engine().text == "engine: exit code 3; running in .venv"


def test_an_engine_that_is_asked_with_several_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCTET_IMAGE", raising=False)
    put_program(tmp_path / "engine", 'echo "28 $1"', monkeypatch)
    monkeypatch.setenv("DOCKER", "env --unset=NOSUCH engine")
    finding = host.check_engine()
    assert (finding.state, finding.text) == ("ok", "env --unset=NOSUCH engine 28 version; make RUNNER=docker uses it")
    monkeypatch.setenv("DOCKER", "nosuch docker")
    assert host.check_engine().text == "no nosuch here; running in .venv"


def use_remote(project: Project, url: str, *options: str) -> None:
    """Make that the default remote."""
    for words in (("add", "--default", "store", url), *(("modify", "store", option, "true") for option in options)):
        assert project.run("dvc", "remote", *words).returncode == 0


@pytest.mark.parametrize(
    ("url", "options", "said"),
    [
        ("ssh://127.0.0.1:9/store", (), "remote store (ssh://127.0.0.1:9/store) cannot be used: "),
        ("/nosuch/store", (), "remote store: /nosuch/store is no folder"),
        ("/tmp", ("worktree",), "remote store: unset worktree and version_aware"),
    ],
)
def test_a_remote_that_cannot_be_used(
    settled: Project, monkeypatch: pytest.MonkeyPatch, url: str, options: tuple[str, ...], said: str
) -> None:
    """It is said in the words of the commands that use it."""
    use_remote(settled, url, *options)
    monkeypatch.chdir(settled.folder)
    monkeypatch.delenv("OCTET_IMAGE", raising=False)
    finding = check_remote()
    assert (finding.state, finding.subject) == ("FAIL", "remote")
    assert finding.text.startswith(said)
    assert settled.octet("restore", "quickstart").stderr == f"octet: {finding.text}\n"
    monkeypatch.setenv("OCTET_IMAGE", "cpu")  # the host may well reach it, and in the container nothing asks for it
    inside = check_remote()
    assert (inside.state, inside.text) == ("note", finding.text)
    assert "make doctor RUNNER=local" in inside.remedy


def test_a_remote_that_can_be_used(settled: Project) -> None:
    use_remote(settled, str(settled.folder))
    result = settled.octet("doctor", "quickstart")
    assert result.returncode == 0, result.stdout
    assert "ok    remote       store answers" in result.stdout


def test_the_batch_that_fits_is_named() -> None:
    quickstart = load_recipe("quickstart", ROOT / "params.yaml")
    recipe = quickstart.model_copy(update={"model": quickstart.model.model_copy(update={"input_size": 512})})
    need = memory_need(recipe, "train_float")

    def check(recipe: Recipe, pictures: int) -> Finding:
        """What doctor says where so many pictures fit that are trained on in float, where each is kept once."""
        return check_memory(recipe, TRAININGS, int((need.fixed + pictures * need.each) / 0.9))

    assert check(recipe, 80).state == "ok"
    tight = check(recipe, 40)
    assert tight.state == "FAIL"
    assert tight.remedy == "set quickstart.train_qat.micro_batches to 2 or more"
    in_parts = recipe.model_copy(update={"train_qat": recipe.train_qat.model_copy(update={"micro_batches": 4})})
    assert check(in_parts, 40).state == "ok"
    assert "quickstart.train_float.micro_batches to 4" in check(in_parts, 20).remedy  # two at once
    halves = {"micro_batches": 2, "distillation_weight": 0.5}
    taught = recipe.model_copy(update={"train_qat": recipe.train_qat.model_copy(update=halves)})
    assert check(taught, 40).state == "FAIL"  # the teacher's as well
    assert need.each == pytest.approx(16 * memory_need(quickstart, "train_float").each, rel=0.1)
    assert check_memory(recipe, TRAININGS, None, gpu=True).state == "note"


def test_gpus_that_share_a_batch_need_memory_for_their_parts() -> None:
    quickstart = load_recipe("quickstart", ROOT / "params.yaml")
    strategy = quickstart.train_qat.strategy.model_copy(update={"kind": "mirrored", "replicas": 4})
    plan = quickstart.train_qat.model_copy(update={"device": "gpu", "strategy": strategy})
    finding = check_memory(quickstart.model_copy(update={"train_qat": plan}), ["train_qat"], 8 * 2**30, gpu=True)
    assert "8 pictures at once in train_qat" in finding.text


def test_a_process_on_a_cpu_needs_memory_for_its_own_part() -> None:
    quickstart = load_recipe("quickstart", ROOT / "params.yaml")
    for kind, pictures in (("workers", 8), ("mirrored", 32)):  # parts of one CPU share its memory
        strategy = quickstart.train_qat.strategy.model_copy(update={"kind": kind, "replicas": 4})
        plan = quickstart.train_qat.model_copy(update={"strategy": strategy})
        finding = check_memory(quickstart.model_copy(update={"train_qat": plan}), ["train_qat"], 8 * 2**30)
        assert f"{pictures} pictures at once in train_qat" in finding.text


def test_a_gpu_holds_neither_the_graph_nor_the_batches_that_wait_and_half_of_each_number_in_16_bits() -> None:
    recipe = load_recipe("voc0712", ROOT / "params.yaml")
    plan = recipe.train_float.model_copy(update={"precision": "float32"})
    halved, whole = (
        memory_need(of, "train_float", gpu=True) for of in (recipe, recipe.model_copy(update={"train_float": plan}))
    )
    assert halved.each == whole.each / 2
    assert halved.of(1, 1) < memory_need(recipe, "train_float").of(1, 1) - 1e9


def test_a_setting_that_changes_the_bytes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert "TF_ENABLE_ONEDNN_OPTS=0" in host.check_determinism().text


CHECK_DISK = """
from pathlib import Path
from octet.commands.health.host import check_disk
from octet.recipe.shared.load import load_recipe
from octet.recipe.shared.recipe import Recipe
print(check_disk(Path(), load_recipe("quickstart", Path("../params.yaml")).dataset).state)
"""


def test_no_room(tmp_path: Path) -> None:
    """A tiny file system of its own is too small for anything."""
    (tmp_path / "project" / "data").mkdir(parents=True)
    python = f"PYTHONPATH=../src {sys.executable} -c {shlex.quote(CHECK_DISK)}"
    result = Project.run(
        Project.new(tmp_path / "project"),
        *("unshare", "--mount", "--map-root-user", "bash", "-c"),
        f"mount -t tmpfs -o size=50m none data && cd data && {python}",
    )
    assert result.stdout.strip() == "FAIL", result.stderr


def test_no_room_for_the_archives() -> None:
    dataset = load_recipe("voc0712", ROOT / "params.yaml").dataset
    assert isinstance(dataset.source, Voc)
    larger = dataset.source.archives[0].model_copy(update={"bytes": 10**18})
    finding = host.check_disk(ROOT, dataset.model_copy(update={"source": Voc(kind="voc", archives=(larger,))}))
    assert (finding.state, finding.subject) == ("FAIL", "disk")
    assert "up to 2000000002.0 GB are needed" in finding.text
