"""Every command of README.md and docs/ works, page by page, in one project in which only `quickstart` was run.

The classifier of `quickstart_classifier` is there, too.

A command is a line of a fenced block that names no language. What cannot run here is in ELSEWHERE, with what runs it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import CLASSIFIER, ROOT, Project, tiny_params

PAGES = ("README.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").glob("*.md")))
EXPERIMENTS = "docs/experiments.md"

REMOTES = "tests/remotes/test_sharing.py::test_from_one_clone_to_another"
ARTIFACTS = "tests/remotes/test_sharing.py::test_one_model_by_name_and_version"
SBOM = "tests/tools/test_sbom.py::test_what_is_installed_here_is_listed_with_its_release_and_the_locks_hashes"
CLASSIFIED = "tests/pipeline/test_classifier.py::test_it_learns_and_eight_bits_cost_little"
SLURM = "tests/slurm/test_slurm.py::test_from_sbatch_to_the_pushed_model"
IMAGE = "tests/image/test_image.py::test_it_says_what_it_is"

# The beginning of a command, or a page for all of its commands; and the test that runs it, or `.ci/run`, or a reason.
ELSEWHERE = {
    "docs/own-data.md": "tests/pipeline/test_own_data.py",
    "new mine --from quickstart --pictures ../photos": "tests/pipeline/test_own_data.py::test_the_three_lines",
    "make reproduce RECIPE=mine": "tests/pipeline/test_own_data.py::test_the_three_lines",
    'git clone "${OCTET': "the repository's address is the reader's",
    "make demo": "tests/browser/test_demo.py::test_a_dropped_picture",
    "make doctor RECIPE=voc0712": "tests/commands/test_doctor.py::test_a_gpu_recipe_without_a_gpu",
    "make reproduce RECIPE=voc0712": "takes a GPU and 2.9 GB from the internet",
    "make reproduce RECIPE=quickstart_classifier RUNNER=local": CLASSIFIED,
    "make gate": "tests/commands/test_gate.py::test_it_opens",
    "make verify": "tests/commands/test_verify.py::test_all_agrees",
    "make test": ".ci/run",
    "make test-all": ".ci/run",
    "make lint": ".ci/run",
    "make test-others": ".ci/run",
    "make test-image": ".ci/run",
    "make bench": "tests/commands/test_bench.py::test_every_part_is_measured_on_one_core_and_on_all",
    "make devices": "tests/others/test_devices.py::devices",
    "make .venv/rknn": "takes 7 GB",
    "quantize MODEL": "tests/commands/test_quantize.py::test_a_saved_model_in_uint8_from_a_folder_of_pictures",
    "mkdir -p /mnt/nas/octet": "needs a NAS",
    "dvc remote add --default ours /mnt/nas/octet": REMOTES,
    "dvc remote add --default ours ssh": REMOTES,
    "dvc remote modify --local ours user": REMOTES,
    "dvc remote modify --local ours keyfile": REMOTES,
    "dvc remote add --default ours s3": REMOTES,
    "dvc remote modify ours endpointurl": REMOTES,
    "dvc remote modify --local ours access_key_id": REMOTES,
    "dvc remote modify --local ours secret_access_key": REMOTES,
    "dvc remote add --default ours gs": "needs an account of Google Cloud",
    "dvc remote modify --local ours credentialpath": "needs an account of Google Cloud",
    "dvc remote add --default ours azure": "needs an account of Azure",
    "dvc remote modify ours account_name": "needs an account of Azure",
    "dvc remote modify --local ours account_key": "needs an account of Azure",
    "git push origin": "needs a git server",
    "make get": ARTIFACTS,
    "dvc artifacts get": ARTIFACTS,
    "dvc list --show-hash": "needs a git server",
    "md5sum detector_uint8.tflite": "needs what came from a git server",
    "make outdated": "asks the package index",
    "make lock": "resolves against the package index",
    "make audit": ".ci/run",
    "make image": IMAGE,
    "make sbom": SBOM,
    "sbatch": SLURM,
    "worker train_float voc0712": SLURM,
    "export TF_CONFIG": "tests/training/test_worker_processes.py::start",
    "kubectl": "needs a Kubernetes cluster",
    "make restore RECIPE=voc0712": "takes a GPU and 2.9 GB from the internet",
    "make push RECIPE=voc0712": "needs what a GPU makes in hours",
}


def commands_of(page: str) -> list[str]:
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)
    return [line for language, block in blocks if not language for line in block.splitlines() if line]


def elsewhere(page: str, command: str) -> list[str]:
    """The entries that the command answers to."""
    bare = command.removeprefix(".venv/bin/").removeprefix("octet ")
    return [entry for entry in ELSEWHERE if entry == page or re.match(rf"{re.escape(entry)}(?![\w-])", bare)]


def test_what_is_run_elsewhere_is_documented_and_run_there() -> None:
    used = {entry for page in PAGES for command in commands_of(page) for entry in elsewhere(page, command)}
    assert used == set(ELSEWHERE)
    for entry, place in ELSEWHERE.items():
        if place == ".ci/run":
            assert entry in (ROOT / place).read_text()
        elif place.startswith("tests/"):
            file, _, test = place.partition("::")
            assert f"def {test}" in (ROOT / file).read_text(), place


class Reader:
    """Somebody at a shell, in a clone in which `make quickstart` has run, without Docker and without a network."""

    def __init__(self, project: Project, home: Path) -> None:
        self.project = project
        ours = {str(Path(sys.prefix) / "bin"), str(Path(sys.executable).parent)}
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MAKE", "VIRTUAL_ENV", "PYTHONPATH", "PYTEST"))
        } | {
            "PATH": os.pathsep.join(entry for entry in os.environ["PATH"].split(os.pathsep) if entry not in ours),
            "HOME": str(home),
            "DOCKER": "nosuch",
            **{f"GIT_{role}_{key}": f"me@{key}" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")},
        }

    def run(self, page: str, commands: list[str]) -> dict[str, str]:
        """What each command of the page says, one shell for the page."""
        mark = "=== command "
        script = "\n".join(f"echo '{mark}{number}'\n{command}" for number, command in enumerate(commands))
        result = subprocess.run(
            ["bash", "-e", "-c", script],
            cwd=self.project.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        shown = re.split(rf"^{mark}\d+\n", result.stdout, flags=re.MULTILINE)[1:]
        said = dict(zip(commands, shown, strict=False))
        assert result.returncode == 0, (page, *list(said.items())[-1])
        return said


def merged(params: dict[str, Any], edit: dict[str, Any]) -> dict[str, Any]:
    return params | {
        key: merged(params[key], value) if isinstance(value, dict) else value for key, value in edit.items()
    }


@pytest.fixture
def clone(reproduced: Project, classified: Project, tmp_path: Path) -> Project:
    """The whole project, all recipes named, of which one was run and is committed."""
    project = reproduced.copy(tmp_path / "octet")
    project.take(classified, f"models/{CLASSIFIER}")
    for name in ("README.md", "Makefile", "dvc.yaml", "params.yaml", "pyproject.toml"):
        shutil.copy(ROOT / name, project.folder)
    for name in ("docs", "tools"):
        shutil.copytree(
            ROOT / name, project.folder / name, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
    write_params(project, yaml.safe_load((ROOT / "params.yaml").read_text()) | tiny_params())
    (project.folder / ".venv").symlink_to(sys.prefix)
    for folder in ("requirements", "tools/environment"):
        for file in (project.folder / folder).iterdir():
            os.utime(file, (0, 0))  # what is installed is newer: nothing is installed again
    (project.folder / ".git" / "info" / "exclude").write_text(".venv\n")  # which git takes for a file, being a link
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "A run")
    return project


def write_params(project: Project, params: dict[str, Any]) -> None:
    (project.folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))


def read_params(project: Project) -> dict[str, Any]:
    params: dict[str, Any] = yaml.safe_load((project.folder / "params.yaml").read_text())
    return params


@pytest.mark.slow
def test_every_command_works_in_the_pages_order(clone: Project, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    reader = Reader(clone, tmp_path / "home")
    seen: set[str] = set()
    for page in PAGES:
        if page == EXPERIMENTS:
            walk_through_the_experiment(clone, reader)
            continue
        commands = [command for command in commands_of(page) if not elsewhere(page, command) and command not in seen]
        said = reader.run(page, commands)
        seen |= set(commands) - {command for command in commands if command.startswith("source ")}
        if page == "README.md":
            assert "Running stage" not in said["make quickstart"]
    assert (clone.folder / "found.json").exists()
    assert (clone.folder / "answers.json").exists()


def walk_through_the_experiment(clone: Project, reader: Reader) -> None:
    commands = commands_of(EXPERIMENTS)
    (edit,) = re.findall(r"^```yaml\n(.*?)^```", (ROOT / EXPERIMENTS).read_text(), re.DOTALL | re.MULTILINE)
    run = next(number for number, command in enumerate(commands) if command.startswith("dvc exp run"))
    back = next(number for number, command in enumerate(commands) if command.startswith("git restore"))
    source, *_ = commands
    float_weights = clone.bytes_of("models/quickstart/float")
    model = clone.bytes_of("models/quickstart/detector_uint8.tflite")

    said = reader.run(EXPERIMENTS, commands[:run])
    before = read_params(clone)
    changed = merged(before, yaml.safe_load(edit))
    assert changed != before
    write_params(clone, changed)
    said |= reader.run(EXPERIMENTS, [source, *commands[run:back]])
    assert clone.bytes_of("models/quickstart/float") == float_weights
    gentler = clone.bytes_of("models/quickstart/detector_uint8.tflite")
    assert gentler != model

    output = {" ".join(command.split()[:3]): text for command, text in said.items()}
    assert "Running stage 'train_qat@quickstart'" in output["dvc exp run"]
    assert "Running stage 'train_float@quickstart'" not in output["dvc exp run"]
    assert "quickstart.train_qat.learning_rate" in output["dvc params diff"]
    metrics = [line.split()[1] for line in output["dvc metrics diff"].splitlines()[1:]]
    for metric in ("voc12_map", "coco_map"):
        assert {f"{metric}.uint8", f"{metric}.change"} <= set(metrics)
    assert {name.partition(".")[0] for name in metrics} == {"voc12_map", "coco_map"}
    (head,) = [line for line in output["dvc exp show"].splitlines() if "Experiment" in line]
    assert "voc12_map.uint8" in head
    assert "quickstart.train_qat.learning_rate" in head
    assert len(head) <= 100  # columns of a terminal

    back_commands = commands[back : back + 2]
    reader.run(EXPERIMENTS, [source, *back_commands])
    assert (read_params(clone), clone.bytes_of("models/quickstart/detector_uint8.tflite")) == (before, model)
    said |= reader.run(EXPERIMENTS, [source, *commands[back + 2 :]])
    assert (read_params(clone), clone.bytes_of("models/quickstart/detector_uint8.tflite")) == (changed, gentler)
    for command, text in said.items():
        assert not re.search(r"WARNING|ERROR|failed", text), (command, text)
