"""With `--verify-commit`, only a commit that git trusts says what is pulled."""

import subprocess
from pathlib import Path

import pytest

from remotes.conftest import RECIPE, Clone

LABELS = f"models/{RECIPE}/labels.txt"


pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def signers(clone: Clone, tmp_path: Path) -> Path:
    """The keys of somebody whom the clone's git trusts, and of a stranger."""
    for name in ("trusted", "stranger"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / name], check=True)
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(f"somebody@example.org {(tmp_path / 'trusted.pub').read_text()}")
    clone.git("config", "gpg.format", "ssh")
    clone.git("config", "gpg.ssh.allowedSignersFile", str(allowed))
    return tmp_path


def commit(clone: Clone, key: Path | None) -> None:
    sign = ["-c", f"user.signingkey={key}", "commit", "-S"] if key else ["commit"]
    clone.git(*sign, "--quiet", "--allow-empty", "--message", "Results")


def refused(clone: Clone, *words: str) -> None:
    result = clone.remote("pull", "--verify-commit")
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    for word in ("octet: ", "nothing is pulled", *words):
        assert word in line
    assert not (clone.folder / LABELS).exists()


def test_signed_by_somebody_trusted(clone: Clone, signers: Path) -> None:
    commit(clone, signers / "trusted")
    result = clone.remote("pull", "--verify-commit")
    assert result.returncode == 0, result.stderr
    assert (clone.folder / LABELS).exists()


@pytest.mark.parametrize("who", [None, "stranger"])
def test_not_signed_by_somebody_trusted(who: str | None, clone: Clone, signers: Path) -> None:
    commit(clone, signers / who if who else None)
    refused(clone, "git accepts no signature of it")


@pytest.mark.parametrize("path", ["dvc.lock", "dvc.yaml", "params.yaml"])
def test_changed_since(path: str, clone: Clone, signers: Path) -> None:
    commit(clone, signers / "trusted")
    with (clone.folder / path).open("a") as file:
        file.write("# changed\n")
    refused(clone, f"{path}: not as in the signed commit")


def test_a_lock_that_is_in_no_commit(clone: Clone, signers: Path) -> None:
    clone.git("rm", "--quiet", "--cached", "dvc.lock")
    commit(clone, signers / "trusted")
    refused(clone, "dvc.lock: not as in the signed commit")
