"""`octet get` takes from a stranger's repository where its remote is, and nothing else that its settings say."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT
from octet.commands.sharing import strangers
from octet.common.errors import UserError

HARMLESS = """[core]
    remote = theirs
    site_cache_dir = {outside}
[cache]
    dir = {outside}
['remote "theirs"']
    url = {folder}/store
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of DVC that has a recipe's lock and pipeline, and is not committed yet."""
    folder = tmp_path / "theirs"
    (folder / ".dvc").mkdir(parents=True)
    (folder / "store").mkdir()
    (folder / ".dvc" / "config").write_text(HARMLESS.format(folder=folder, outside=tmp_path / "outside"))
    for name in ("dvc.yaml", "dvc.lock", "params.yaml"):
        (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def commit(repository: Path) -> None:
    for command in (
        ("init", "--quiet"),
        ("add", "--force", "."),
        ("-c", "user.name=T", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", "a model"),
    ):
        subprocess.run(["git", *command], cwd=repository, check=True)


def get(repository: Path, here: Path) -> str:
    """What `octet get` says of the committed repository, of whose model the remote has nothing."""
    commit(repository)
    here.mkdir()
    program = [sys.executable, str(ROOT / "src" / "octet"), "get", f"file://{repository}", "quickstart/detector"]
    result = subprocess.run(program, cwd=here, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert list(here.iterdir()) == []
    return " ".join(result.stderr.split())


def test_only_the_remote_is_taken(repository: Path, tmp_path: Path) -> None:
    assert "not on the remote: models/quickstart/detector_uint8.tflite" in get(repository, tmp_path / "here")
    assert not (tmp_path / "outside").exists()


def test_a_relative_address_is_one_in_the_repository(repository: Path, tmp_path: Path) -> None:
    (repository / "store" / "file").write_text("so that git keeps the folder")
    config = repository / ".dvc" / "config"
    config.write_text(config.read_text().replace(str(repository), ".."))
    assert "/clone/store/files/md5/" in get(repository, tmp_path / "here")


@pytest.mark.parametrize(
    "setting", ["configpath = aws", "credentialpath = key.json", "keyfile = key", "jobs = 1000000"]
)
def test_a_remote_that_wants_more_is_refused(repository: Path, tmp_path: Path, setting: str) -> None:
    """Files of credentials can name commands to run."""
    with (repository / ".dvc" / "config").open("a") as config:
        config.write(f"    {setting}\n")
    told = get(repository, tmp_path / "here")
    assert f"its .dvc/config sets {setting.split()[0]} of the remote theirs" in told
    assert "--config" in told


@pytest.mark.parametrize("settings", ["core = 1", "remote = 1\n[core]\nremote = a", "[core]\nremote = a, b", "["])
def test_settings_that_name_no_remote_are_told(repository: Path, tmp_path: Path, settings: str) -> None:
    (repository / ".dvc" / "config").write_text(settings)
    told = get(repository, tmp_path / "here")
    assert "no default remote" in told or "cannot be used" in told


@pytest.mark.parametrize("place", [".dvc/tmp/lock", ".dvc/cache.dir", "dvc.lock", ".dvc/config"])
def test_a_link_leads_nowhere(repository: Path, tmp_path: Path, place: str) -> None:
    precious = tmp_path / "precious"
    precious.write_text("mine")
    link = repository / place
    link.unlink(missing_ok=True)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(precious)
    get(repository, tmp_path / "here")
    assert precious.read_text() == "mine"


def test_a_hidden_name_has_to_be_asked_for(repository: Path, tmp_path: Path) -> None:
    for name in ("dvc.yaml", "dvc.lock"):
        text = (repository / name).read_text()
        hidden = text.replace("${key}/${item.model}_uint8.tflite", "${key}/.bash_profile")
        hidden = hidden.replace("models/quickstart/detector_uint8.tflite", "models/quickstart/.bash_profile")
        assert hidden != text
        (repository / name).write_text(hidden)
    assert "the hidden name '.bash_profile'" in get(repository, tmp_path / "here")


def test_a_server_that_never_answers_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "_MOST_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/theirs"
        with pytest.raises(UserError, match=f"`git clone .* {address} .*` took more than 1 seconds, and was ended"):
            strangers.clone_repository(address, tmp_path / "clone", None, None)


def test_a_repository_of_endless_files_is_left(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "_MOST_BYTES", 100_000)
    (repository / "huge").write_bytes(os.urandom(1_000_000))
    commit(repository)
    with pytest.raises(UserError, match=r"`git clone .* failed: "):
        strangers.clone_repository(f"file://{repository}", tmp_path / "clone", None, None)
