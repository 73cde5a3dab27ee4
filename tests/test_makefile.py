"""What users name reaches what make runs as they wrote it: neither make nor the shell takes it for code."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, Project

HOSTILE = "a'b\"c  $5 $(shell touch ran)`touch ran`;touch ran\n#ü\\"
WORDS = HOSTILE.split()  # as flags are taken
INSTALLED = ("--old-file=.venv/runtime", "--old-file=.venv/dev", "--old-file=.venv/remotes")
MAKE = ("make", *INSTALLED, "--what-if=requirements/mediapipe.txt")  # which seems new, where it is installed, too


@pytest.fixture
def clone(tmp_path: Path) -> Project:
    """A project whose folder has a name that asks for quotes, with all that is installed."""
    folder = tmp_path / "Jo's $5 `touch ran`"
    folder.mkdir()
    project = Project.new(folder)
    for name in ("Makefile", "Dockerfile"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return project


def run(clone: Project, target: str, **named: str) -> subprocess.CompletedProcess[str]:
    """Run a target, and make sure that it ran nothing that stands in what it was given."""
    result = clone.run(*MAKE, target, *(f"{name}={value}" for name, value in named.items()))
    assert not list(clone.folder.rglob("ran"))
    return result


@pytest.fixture
def client(clone: Project) -> Path:
    """A client in place of Docker's that writes down its command lines."""
    client = clone.folder.parent / "docker"
    client.write_text(
        f"#!{sys.executable}\nimport json, sys\nprint(json.dumps(sys.argv[1:]), file=open('asked', 'a'))\n"
    )
    client.chmod(0o755)
    return client


def asked_for(clone: Project, client: Path, target: str, **named: str) -> list[list[str]]:
    """The command lines that Docker's client got when a target ran."""
    result = run(clone, target, RUNNER="docker", DOCKER=str(client), OCTET_CACHE=str(clone.folder / "cache"), **named)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in (clone.folder / "asked").read_text().splitlines()]


@pytest.mark.parametrize(
    ("target", "named", "expected"),
    [
        ("reproduce", {"RECIPE": HOSTILE, "REPRO_FLAGS": HOSTILE}, [HOSTILE, *WORDS]),
        ("report", {"RECIPE": HOSTILE}, ["octet", "summary", HOSTILE]),
        ("gate", {"RECIPE": HOSTILE}, ["octet", "gate", HOSTILE]),
        ("devices", {"RECIPE": HOSTILE, "DEVICES_FLAGS": HOSTILE}, ["octet", "devices", HOSTILE, *WORDS]),
        ("doctor", {"RECIPE": HOSTILE}, ["octet", "doctor", HOSTILE]),
        ("verify", {"RECIPE": HOSTILE}, ["octet", "verify", HOSTILE]),
        ("bench", {"RECIPE": HOSTILE, "BENCH_FLAGS": HOSTILE}, ["octet", "bench", HOSTILE, *WORDS]),
        (
            "demo",
            {"RECIPE": HOSTILE, "DEMO_PORT": HOSTILE},
            ["octet", "demo", HOSTILE, f"--port={HOSTILE}", "--host", "0.0.0.0"],
        ),
        (
            "tensorboard",
            {"RECIPE": HOSTILE, "PORT": HOSTILE},
            ["octet", "tensorboard", HOSTILE, f"--port={HOSTILE}", "--host", "0.0.0.0"],
        ),
        (
            "detect",
            {"RECIPE": HOSTILE, "SOURCE": HOSTILE, "DETECT_FLAGS": HOSTILE},
            ["octet", "detect", "--recipe", HOSTILE, *WORDS, "--", HOSTILE],
        ),
        ("detect", {"MODEL": "-x", "SOURCE": "-y.jpg"}, ["octet", "detect", "--model=-x", "--", "-y.jpg"]),
        ("detect", {"MODEL": HOSTILE, "SOURCE": "-"}, ["octet", "detect", f"--model={HOSTILE}", "--", "-"]),
    ],
)
def test_a_command_in_the_container(
    clone: Project, client: Path, target: str, named: dict[str, str], expected: list[str]
) -> None:
    assert asked_for(clone, client, target, **named)[-1][-len(expected) :] == expected


@pytest.mark.parametrize(
    ("target", "named", "expected"),
    [
        ("report", {"IMAGE": HOSTILE}, [HOSTILE, "octet", "summary"]),
        ("report", {"VARIANT": HOSTILE}, [f"octet:{HOSTILE}", "octet", "summary"]),
        ("report", {"DOCKER_RUN_FLAGS": HOSTILE}, WORDS),
        ("report", {"GPU_FLAGS": HOSTILE, "USER_FLAGS": ""}, WORDS),
        ("report", {"USER_FLAGS": HOSTILE}, WORDS),
        ("demo", {"DEMO_PORT": HOSTILE}, ["--publish", f"127.0.0.1:{HOSTILE}:{HOSTILE}"]),
        ("image", {"IMAGE": HOSTILE}, ["--tag", HOSTILE, "."]),
        ("image", {"VARIANT": HOSTILE}, ["--build-arg", f"VARIANT={HOSTILE}"]),
        ("image", {"BASE_IMAGE": HOSTILE}, ["--build-arg", f"BASE_IMAGE={HOSTILE}"]),
        ("image", {"DOCKER_BUILD_FLAGS": HOSTILE}, ["build", *WORDS]),
        ("release", {"IMAGE": HOSTILE}, ["--tag", f"{HOSTILE}-release", "."]),
        ("test", {"IMAGE": HOSTILE, "TESTS": HOSTILE}, [f"{HOSTILE}-test", "pytest", *WORDS]),
        ("test", {"TEST_FLAGS": HOSTILE}, ["octet:cuda-test", "pytest", *WORDS]),
        ("test", {}, ["octet:cuda-test", "pytest", "-m", "not slow"]),
    ],
)
def test_what_the_client_is_asked(
    clone: Project, client: Path, target: str, named: dict[str, str], expected: list[str]
) -> None:
    words = asked_for(clone, client, target, **named)[-1]
    places = range(len(words) - len(expected) + 1)
    assert any(words[place : place + len(expected)] == expected for place in places), words


@pytest.mark.parametrize("target", ["detect", "classify"])
def test_pictures_are_asked_for_before_anything_is_set_up(clone: Project, client: Path, target: str) -> None:
    result = run(clone, target, RUNNER="docker", DOCKER=str(client))
    assert result.returncode == 2
    assert "name pictures with SOURCE=" in result.stderr
    assert not (clone.folder / "asked").exists()


def test_the_folders_of_the_project_of_downloads_and_of_dvc(clone: Project, client: Path) -> None:
    """The latter two are made before Docker would make them, as root."""
    clone.set_up_dvc()
    elsewhere = clone.folder.parent / "DVC's cache"
    assert clone.run("dvc", "config", "--local", "cache.dir", str(elsewhere)).returncode == 0
    words = asked_for(clone, client, "report")[-1]
    assert f"{clone.folder}:{clone.folder}" in words
    assert words[words.index("--workdir") + 1] == str(clone.folder)
    assert f"{clone.folder}/cache:/cache" in words
    assert f"{elsewhere}:{elsewhere}" in words
    assert (clone.folder / "cache").is_dir()
    assert elsewhere.is_dir()


def test_the_repository_of_a_worktree(clone: Project, client: Path) -> None:
    """Its .git is a file that names a folder of the clone that it belongs to."""
    clone.set_up_dvc()
    clone.git("add", "--all", "--", ".", ":!.venv")
    clone.git("commit", "--quiet", "--message", "All of it")
    worktree = Project(clone.folder.parent / "Jo's worktree")
    clone.git("worktree", "add", "--quiet", "--detach", str(worktree.folder))
    repository = f"{clone.folder}/.git:{clone.folder}/.git:ro"
    assert repository in asked_for(worktree, client, "report")[-1]
    assert repository not in asked_for(clone, client, "report")[-1]


@pytest.mark.parametrize(("target", "name"), [("report", "SSL_CERT_FILE"), ("bench", "PEER")])
def test_a_file_that_the_container_gets_is_there(clone: Project, client: Path, target: str, name: str) -> None:
    """Where it is not, Docker would make a folder of that name, as root."""
    missing = run(clone, target, RUNNER="docker", DOCKER=str(client), **{name: HOSTILE})
    assert missing.returncode != 0
    assert f"{name}={HOSTILE}: no such file" in missing.stderr
    assert '"run"' not in (clone.folder / "asked").read_text()
    file = clone.folder / HOSTILE
    file.touch()
    words = asked_for(clone, client, target, **{name: HOSTILE})[-1]
    assert f"{file}:{file}:ro" in words


def test_restore_hands_on_the_flags_that_it_was_given(clone: Project, client: Path) -> None:
    clone.set_up_dvc()
    words = asked_for(clone, client, "restore", RECIPE="quickstart", REPRO_FLAGS=HOSTILE)[-1]
    assert words[words.index("quickstart") :] == ["quickstart", *WORDS]


@pytest.mark.parametrize("target", ["report", "gate", "doctor", "verify", "stale", "tensorboard", "pull"])
@pytest.mark.parametrize("given", ["on the command line", "in the environment"])
def test_a_recipe_of_no_such_name(clone: Project, monkeypatch: pytest.MonkeyPatch, target: str, given: str) -> None:
    if given == "in the environment":
        monkeypatch.setenv("RECIPE", HOSTILE)
        result = run(clone, target, RUNNER="local")
    else:
        result = run(clone, target, RUNNER="local", RECIPE=HOSTILE)
    assert result.returncode != 0
    assert f"octet: recipe {HOSTILE!r}: expected" in result.stderr


@pytest.mark.parametrize(
    ("target", "named", "said"),
    [
        ("gate", {"DOCKER": HOSTILE}, "octet: there are no results here"),  # no engine answers, so it runs in .venv
        ("image", {"DOCKER": HOSTILE}, f"{WORDS[0]}: command not found"),
        (".venv/mediapipe", {"PYTHON": HOSTILE}, f"{WORDS[0]}: command not found"),
    ],
)
def test_a_program_of_no_such_name(clone: Project, target: str, named: dict[str, str], said: str) -> None:
    result = run(clone, target, **named)
    assert result.returncode != 0
    assert said in result.stderr


@pytest.mark.parametrize("named", [{}, {"MODEL": "quickstart/detector"}, {"REPO": "https://example.com/octet.git"}])
def test_get_asks_for_its_names_before_it_sets_up(clone: Project, named: dict[str, str]) -> None:
    (clone.folder / ".venv").unlink()
    result = clone.run("make", "get", "PYTHON=false", *(f"{name}={value}" for name, value in named.items()))
    assert result.returncode != 0
    assert result.stdout == ""
    assert "name a repository with REPO= and its model with MODEL=" in result.stderr


@pytest.mark.parametrize(("target", "lacking"), [("get", "remotes"), ("lint", "dev"), ("push", "remotes")])
def test_the_image_says_what_runs_on_the_host(
    clone: Project, monkeypatch: pytest.MonkeyPatch, target: str, lacking: str
) -> None:
    monkeypatch.setenv("OCTET_IMAGE", "cpu")
    for file in ("venv/runtime", ".dvc/config"):
        (clone.folder / file).parent.mkdir()
        (clone.folder / file).write_text("url = s3://octet/models\n")
    result = run(clone, target, VENV="venv", REPO="https://example.com/octet.git", MODEL="quickstart/detector")
    assert result.returncode != 0
    assert "No rule to make target" not in result.stderr
    assert f"the image has no venv/{lacking}: run the target on the host" in result.stderr


@pytest.mark.parametrize("name", ["RECIPE", "IMAGE"])
def test_an_option_is_no_name(clone: Project, name: str) -> None:
    result = run(clone, "report", **{name: "--help"})
    assert result.returncode != 0
    assert f"{name}=--help: expected a name" in result.stderr


def test_there_are_two_runners(clone: Project) -> None:
    result = run(clone, "report", RUNNER="podman")
    assert result.returncode != 0
    assert "RUNNER=podman: expected docker or local" in result.stderr


@pytest.fixture
def cleaned(clone: Project) -> Project:
    """A project in which nothing is set up, with files of two recipes that params.yaml does not have."""
    (clone.folder / ".venv").unlink()
    for top in ("data", "models", "reports", "runs"):
        for file in ("README.md", "mine/deep/file", "other/file"):
            place = clone.folder / top / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.touch(mode=0o444)
    return clone


def test_clean_removes_what_one_recipe_made(cleaned: Project) -> None:
    before = cleaned.bytes_of(".")
    result = run(cleaned, "clean", RECIPE="mine")
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert cleaned.bytes_of(".") == {path: of for path, of in before.items() if "/mine/" not in path}
    assert run(cleaned, "clean", RECIPE="mine").stdout == "Nothing of mine is here\n"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "*", "mine ../src", "../src", "mine/", "README.md", "mine\nother", HOSTILE]
)
def test_clean_refuses_what_is_no_recipe(cleaned: Project, name: str) -> None:
    before = cleaned.bytes_of(".")
    result = run(cleaned, "clean", RECIPE=name)
    assert result.returncode != 0
    assert f"RECIPE='{name}': expected the name of a recipe" in result.stderr
    assert cleaned.bytes_of(".") == before
