"""Commands are found by name, and what needs no TensorFlow and no DVC, such as help and refusals, imports neither."""

import subprocess
import sys

import pytest

from conftest import ROOT, Project

COMMANDS = sorted(file.stem for file in (ROOT / "src" / "octet" / "commands").glob("[!_]*.py"))
TAKE_A_RECIPE = [name for name in COMMANDS if name not in ("classify", "detect", "get", "new", "quantize", "worker")]
SLOW_PACKAGES = ("tensorflow", "tf_keras", "dvc")


def octet(project: Project, *words: str) -> tuple[subprocess.CompletedProcess[str], set[str]]:
    """Run a command; give what it printed, and the packages that it imported."""
    result = project.run(sys.executable, "-X", "importtime", "src/octet", *words)
    lines = result.stderr.splitlines()
    imports = [line for line in lines if line.startswith("import time:")]
    result.stderr = "".join(f"{line}\n" for line in lines if line not in imports)
    return result, {line.rpartition("|")[2].strip().partition(".")[0] for line in imports}


@pytest.mark.parametrize("words", [(), ("--help",)])
def test_every_command_is_listed_with_what_it_does(words: tuple[str, ...]) -> None:
    result, imported = octet(Project(ROOT), *words)
    assert result.returncode == 0
    listed = dict(line.split(maxsplit=1) for line in result.stdout.partition("Commands:\n")[2].splitlines())
    assert sorted(listed) == COMMANDS
    assert "pydantic" not in imported  # nor anything else that a command imports


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_slow(command: str) -> None:
    result, imported = octet(Project(ROOT), command, "--help")
    assert (result.returncode, result.stderr) == (0, "")
    assert f"usage: octet {command} " in result.stdout
    assert not imported.intersection(SLOW_PACKAGES)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("detekt", f"no command 'detekt'; there are: {', '.join(COMMANDS)}"),
        *((f"{name} nosuch", "params.yaml: no recipe 'nosuch'") for name in TAKE_A_RECIPE),
        ("worker train_qat nosuch", "params.yaml: no recipe 'nosuch'"),
        ("new mine --from nosuch", "params.yaml: no recipe 'nosuch'"),
        ("new quickstart --from quickstart", "params.yaml: there is a recipe 'quickstart' already"),
        ("quantize nosuch.h5 --scheme float16", "nosuch.h5: is not there"),
        ("detect --recipe nosuch x.jpg", "params.yaml: no recipe 'nosuch'"),
        ("classify --recipe nosuch x.jpg", "params.yaml: no recipe 'nosuch'"),
        ("detect --model nosuch.tflite x.jpg", "nosuch.tflite: no such model"),
        ("get --config nosuch address quickstart/detector", "nosuch: is no file"),
        ("profile nosuch.tflite", "nosuch.tflite: no such model"),
        (
            "pack quickstart",
            "models/quickstart/detector_uint8.tflite is missing: run `dvc repro convert@quickstart` first",
        ),
        ("kernels quickstart", "reports/quickstart/evaluation.json is missing: run `dvc repro score@quickstart` first"),
        ("detect --json - --csv - x.jpg", "--json and --csv cannot both go to standard output"),
        ("bench quickstart", "data/quickstart/records is missing: run `dvc repro preprocess@quickstart` first"),
        (
            "devices quickstart",
            "models/quickstart/detector_uint8.tflite is missing: run `dvc repro convert@quickstart` first",
        ),
        ("gate quickstart", "reports/quickstart/evaluation.json is missing: run `dvc repro score@quickstart` first"),
        ("summary quickstart", "reports/quickstart/evaluation.json is missing: run `dvc repro score@quickstart` first"),
        *((words, "there are no results here: run `make quickstart`") for words in ("gate", "demo", "detect x.jpg")),
    ],
)
def test_a_refusal_is_one_line_and_imports_nothing_slow(project: Project, words: str, message: str) -> None:
    result, imported = octet(project, *words.split())
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"octet: {message}")
    assert not imported.intersection(SLOW_PACKAGES)


def test_what_is_missing_on_the_command_line_is_named_without_anything_slow(project: Project) -> None:
    result, imported = octet(project, "detect")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-1].endswith("error: the following arguments are required: SOURCE")
    assert not imported.intersection(SLOW_PACKAGES)


def test_a_command_that_needs_no_recipe_runs_in_any_folder(project: Project) -> None:
    """One that needs a recipe says where to run it."""
    elsewhere = project.folder / "elsewhere"
    elsewhere.mkdir()
    for words, message in (
        (("detect", "--model", "nosuch.tflite", "x.jpg"), "nosuch.tflite: no such model"),
        (("gate",), "params.yaml does not exist here: run the command in the top folder of the repository"),
        (
            ("gate", "quickstart"),
            "params.yaml does not exist here: run the command in the top folder of the repository",
        ),
        (
            ("detect", "x.jpg"),
            "params.yaml does not exist here: name a .tflite file with --model, or run the command in the top",
        ),
    ):
        result = Project(elsewhere).run(sys.executable, "../src/octet", *words)
        assert result.returncode == 1
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"octet: {message}")
