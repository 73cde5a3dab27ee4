"""A repository in which the tiny recipe has run and is committed, clones of it, and remotes of each kind."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from conftest import ROOT, Project
from remotes.stores import S3, SSHD, Folder, Moto, Sftp, Sshd, Store

RECIPE = "quickstart"
RESULTS = (f"models/{RECIPE}", f"reports/{RECIPE}")


class Clone(Project):
    """A clone of the repository, whose user has no settings of their own for git, SSH, AWS or DVC."""

    environment: ClassVar[dict[str, str]] = {"AWS_MAX_ATTEMPTS": "1"}

    def use(self, options: dict[str, str]) -> None:
        """Make that its default remote."""
        lines = [
            "[core]",
            "remote = store",
            "['remote \"store\"']",
            *(f"{name} = {of}" for name, of in options.items()),
        ]
        (self.folder / ".dvc" / "config.local").write_text("\n".join(lines) + "\n")

    def remote(self, command: str, *flags: str) -> subprocess.CompletedProcess[str]:
        return self.octet(command, RECIPE, *flags)

    def push(self, *flags: str) -> None:
        result = self.remote("push", *flags)
        assert result.returncode == 0, result.stderr

    def pull(self) -> None:
        result = self.remote("pull")
        assert result.returncode == 0, result.stderr

    def fails(self, command: str, *words: str) -> None:
        """The command ends in one line that has these words, and leaves no result in the workspace."""
        before = self.bytes_of(*RESULTS)
        result = self.remote(command)
        assert result.returncode == 1, result.stdout
        (line,) = result.stderr.splitlines()
        for word in ("octet: ", *words):
            assert word in line
        assert self.bytes_of(*RESULTS) == before

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A run")


@pytest.fixture(scope="session", autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / ".gitconfig").write_text("[user]\nname = Somebody\nemail = somebody@example.com\n")
    Clone.environment["HOME"] = str(home)


@pytest.fixture(scope="session")
def made(reproduced: Project, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Where the models were made."""
    folder = tmp_path_factory.mktemp("made") / "octet"
    shutil.copytree(reproduced.folder, folder, symlinks=True)
    shutil.copy(ROOT / "Makefile", folder)
    made = Clone(folder)
    made.commit()
    return made


@pytest.fixture(scope="session")
def pushed(made: Clone, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a remote holds after a push."""
    store = Folder(tmp_path_factory.mktemp("pushed") / "store")
    made.use(store.options())
    made.push()
    return {name: store.read(name) for name in store.names()}


@pytest.fixture
def clone(made: Clone, tmp_path: Path) -> Clone:
    """Where somebody else has just cloned the repository."""
    folder = tmp_path / "clone"
    result = made.run("git", "clone", "--quiet", str(made.folder), str(folder))
    assert result.returncode == 0, result.stderr
    return Clone(folder)


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    if not SSHD:
        pytest.skip("no sshd on this machine: install openssh-server")
    with Sshd(tmp_path_factory.mktemp("sshd")).running() as server:
        yield server


@pytest.fixture(scope="session")
def moto() -> Iterator[Moto]:
    with Moto().running() as server:
        yield server


@pytest.fixture
def empty(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Store:
    """An empty store of the kind that the test is parametrized with: `folder`, `sftp` or `s3`."""
    if kind == "s3":
        return S3(tmp_path.name, request.getfixturevalue("moto"))
    if kind == "sftp":
        return Sftp(tmp_path / "store", request.getfixturevalue("sshd"))
    return Folder(tmp_path / "store")


@pytest.fixture
def full(empty: Store, pushed: dict[str, bytes]) -> Store:
    """The same after a push."""
    for name, content in pushed.items():
        empty.write(name, content)
    return empty


@pytest.fixture
def store(clone: Clone, pushed: dict[str, bytes], tmp_path: Path) -> Folder:
    """A remote with all that was pushed, which the clone uses."""
    store = Folder(tmp_path / "store")
    for name, content in pushed.items():
        store.write(name, content)
    clone.use(store.options())
    return store
