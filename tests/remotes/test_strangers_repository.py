"""`octet get` takes a few small files of a stranger's repository, and of its settings only where its remote is."""

import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

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


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_a_relative_address_may_lead_out_of_a_repository_on_this_machine(
    repository: Path, tmp_path: Path, scheme: str
) -> None:
    (tmp_path / "models").mkdir()
    config = repository / ".dvc" / "config"
    config.write_text(config.read_text().replace(f"{repository}/store", "../../models"))
    commit(repository)
    strangers.clone_repository(f"{scheme}{repository}", tmp_path / "clone", None, None)
    said = (tmp_path / "clone" / ".dvc" / "config").read_text()
    assert f"url = {tmp_path / 'models'}\n" in said


def test_a_relative_address_may_not_lead_out_of_a_repository_elsewhere(repository: Path) -> None:
    config = repository / ".dvc" / "config"
    config.write_text(config.read_text().replace(f"{repository}/store", "../../models"))
    address = "https://example.com/theirs.git"
    with pytest.raises(UserError, match=r"url of the remote theirs is '../../models', a folder beside .* --config"):
        strangers._remote_of(config, address)


def test_a_relative_address_in_own_settings_begins_where_they_lie(repository: Path, tmp_path: Path) -> None:
    own = tmp_path / "settings" / "config"
    own.parent.mkdir()
    own.write_text("[core]\n    remote = ours\n['remote \"ours\"']\n    url = ../models\n")
    commit(repository)
    strangers.clone_repository(f"file://{repository}", tmp_path / "clone", None, own)
    assert f"url = {tmp_path / 'models'}\n" in (tmp_path / "clone" / ".dvc" / "config.local").read_text()


@pytest.mark.parametrize("own", ["['remote \"ours\"']\nuser = me\n", "remote = 1\n", "["])
def test_own_settings_that_name_no_remote_are_told(repository: Path, tmp_path: Path, own: str) -> None:
    """Such as .dvc/config.local, which has the credentials alone."""
    (tmp_path / "own").write_text(own)
    commit(repository)
    with pytest.raises(UserError, match=f"{tmp_path / 'own'} cannot be used: "):
        strangers.clone_repository(f"file://{repository}", tmp_path / "clone", None, tmp_path / "own")


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


@pytest.mark.parametrize(
    ("url", "setting", "told"),
    [
        ("gs://bucket/octet", "endpointurl = http://127.0.0.1:1", "sets endpointurl of the remote theirs"),
        ("azure://models", "endpointurl = http://127.0.0.1:1", "sets endpointurl of the remote theirs"),
        ("azure://models", "account_name = 127.0.0.1:1/x?", "account_name of the remote theirs is '127.0.0.1:1/x?'"),
    ],
)
def test_a_server_that_would_get_the_users_credentials_is_refused(
    repository: Path, tmp_path: Path, url: str, setting: str, told: str
) -> None:
    """Google's and Azure's packages send the user's tokens to whatever server a remote's settings name."""
    config = repository / ".dvc" / "config"
    config.write_text(f"{config.read_text().replace(f'{repository}/store', url)}    {setting}\n")
    assert told in get(repository, tmp_path / "here")


def test_a_server_of_s3s_may_be_named(repository: Path, tmp_path: Path) -> None:
    config = repository / ".dvc" / "config"
    server = "    endpointurl = http://127.0.0.1:1\n    region = eu\n"
    config.write_text(f"{config.read_text().replace(f'{repository}/store', 's3://models/octet')}{server}")
    commit(repository)
    strangers.clone_repository(f"file://{repository}", tmp_path / "clone", None, None)
    assert "endpointurl = http://127.0.0.1:1" in (tmp_path / "clone" / ".dvc" / "config").read_text()


@pytest.mark.parametrize("settings", ["core = 1", "remote = 1\n[core]\nremote = a", "[core]\nremote = a, b", "["])
def test_settings_that_name_no_remote_are_told(repository: Path, tmp_path: Path, settings: str) -> None:
    (repository / ".dvc" / "config").write_text(settings)
    told = get(repository, tmp_path / "here")
    assert "no default remote" in told or "cannot be used" in told


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str | None]]]:
    """The address of a server that has nothing, and what each of its requests said of who asks."""
    requests: list[str | None] = []

    class Nothing(BaseHTTPRequestHandler):
        def parse_request(self) -> bool:
            super().parse_request()
            requests.append(self.headers["Authorization"])
            self.send_error(404)
            return False  # it is answered

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Nothing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", requests
        server.shutdown()


@pytest.fixture
def global_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the user's own settings of DVC, for all repositories."""
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "of_the_user"))
    (tmp_path / "of_the_user").mkdir()
    return tmp_path / "of_the_user" / "config"


def test_a_password_for_a_remote_of_the_same_name_stays_here(
    repository: Path, tmp_path: Path, global_settings: Path, asked: tuple[str, list[str | None]]
) -> None:
    address, requests = asked
    own = "url = https://example.com/models\n    auth = basic\n    user = alice\n    password = secret"
    global_settings.write_text(f"['remote \"theirs\"']\n    {own}\n")
    config = repository / ".dvc" / "config"
    config.write_text(config.read_text().replace(f"{repository}/store", address))
    assert "not on the remote" in get(repository, tmp_path / "here")
    assert set(requests) == {None}


def test_a_remote_of_the_users_is_not_used(
    repository: Path, tmp_path: Path, global_settings: Path, asked: tuple[str, list[str | None]]
) -> None:
    address, requests = asked
    global_settings.write_text(f"['remote \"mine\"']\n    url = {address}\n")
    config = repository / ".dvc" / "config"
    config.write_text(config.read_text().replace(f"{repository}/store", "remote://mine/models"))
    assert "url of the remote theirs is 'remote://mine/models'" in get(repository, tmp_path / "here")
    assert not requests


BOMBS = {
    "matrix": f"matrix: {{a: &a {list(range(400))}, b: *a, c: *a}}, cmd: 'true'",
    "foreach": f"foreach: {list(range(100_000))}, do: {{cmd: 'echo ${{item}}'}}",
    "text": f"foreach: {list(range(100))}, do: {{cmd: '{'${long}' * 1000}'}}",
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_pipeline_of_endless_stages_is_left(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bomb: str
) -> None:
    monkeypatch.setattr(strangers, "_MOST_MEMORY", 1 << 29)
    monkeypatch.setattr(strangers, "_MOST_SECONDS_OF_DVC", 10)
    (repository / "dvc.yaml").write_text(f"stages:\n  a: {{{BOMBS[bomb]}}}\n")
    (repository / "params.yaml").write_text(f"long: {'x' * 100_000}\n")
    commit(repository)
    address = f"file://{repository}"
    strangers.clone_repository(address, tmp_path / "clone", None, None)
    with pytest.raises(UserError, match=f"{address}: (has not come to an end after 10 s|its pipeline takes more than)"):
        strangers.require_cheap_pipeline(address, tmp_path / "clone", "a/model")


@pytest.mark.parametrize("url", ["a, b", "a\0b"])
def test_an_address_that_is_no_text_is_told(repository: Path, tmp_path: Path, url: str) -> None:
    (repository / ".dvc" / "config").write_text(f"[core]\nremote = theirs\n['remote \"theirs\"']\nurl = {url}\n")
    assert "settings of the remote theirs that are no line of text" in get(repository, tmp_path / "here")


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


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the user's own settings of git."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home" / ".gitconfig"


def executable(path: Path, script: str) -> Path:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def clone(repository: Path, folder: Path, address: str | None = None) -> set[str]:
    """Clone a committed repository, and name the files that lie in the clone beside git's and DVC's own."""
    strangers.clone_repository(address or f"file://{repository}", folder, None, None)
    paths = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    return {path for path in paths if not path.startswith(".git/")}


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_only_what_is_needed_is_written(repository: Path, tmp_path: Path, scheme: str) -> None:
    """One large file costs nothing in a repository, however many names it has there."""
    (repository / "many").mkdir()
    for name in ("first", *map(str, range(50))):
        (repository / "many" / name).write_bytes(bytes(1_000_000))
    (repository / "many" / "dvc.yaml").write_text("no: [YAML")
    commit(repository)
    written = clone(repository, tmp_path / "clone", f"{scheme}{repository}")
    assert written == {".dvc/config", ".dvc/config.local", "dvc.lock", "dvc.yaml", "params.yaml"}
    assert (tmp_path / "clone" / "dvc.lock").read_bytes() == (repository / "dvc.lock").read_bytes()
    assert sum(path.stat().st_size for path in (tmp_path / "clone").rglob("*")) < 1_000_000


def test_folders_that_name_each_other_many_times(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nine folders of ten names each are a billion files to a list of them all."""
    monkeypatch.setattr(strangers, "_MOST_SECONDS", 5)
    commit(repository)

    def make(*command: str, told: str = "") -> str:
        identity = ("-c", "user.name=T", "-c", "user.email=t@example.com")
        made = subprocess.run(
            ["git", *identity, *command], cwd=repository, input=told, text=True, check=True, capture_output=True
        )
        return made.stdout.strip()

    bomb, kind = make("hash-object", "-w", "--stdin"), "100644 blob"
    for _ in range(9):
        bomb, kind = make("mktree", told="".join(f"{kind} {bomb}\t{name}\n" for name in range(10))), "040000 tree"
    tree = make("mktree", told=make("ls-tree", "HEAD") + f"\n040000 tree {bomb}\tbomb\n")
    make("update-ref", "HEAD", make("commit-tree", "-m", "a bomb", tree))
    assert "dvc.yaml" in clone(repository, tmp_path / "clone")


@pytest.mark.parametrize("name", ["dvc.yaml", "dvc.lock", "params.yaml", ".dvc/config"])
@pytest.mark.parametrize("kind", ["link", "folder"])
def test_what_is_needed_has_to_be_a_file(repository: Path, tmp_path: Path, name: str, kind: str) -> None:
    (repository / name).unlink()
    if kind == "link":
        (repository / name).symlink_to("/etc/hostname")
    else:
        (repository / name).mkdir()
        (repository / name / "file").touch()
    commit(repository)
    with pytest.raises(UserError, match=rf"file:.*: {name} is no plain file in it"):
        clone(repository, tmp_path / "clone")


@pytest.mark.parametrize("name", ["dvc.yaml", "dvc.lock", "params.yaml", ".dvc/config"])
def test_what_is_needed_is_small(repository: Path, tmp_path: Path, name: str) -> None:
    (repository / name).write_bytes(b"#" * 20_000_000)
    commit(repository)
    with pytest.raises(UserError, match=rf"file:.*: its {name} has 20,000,000 bytes, expected at most "):
        clone(repository, tmp_path / "clone")
    assert not (tmp_path / "clone" / name).exists()


@pytest.mark.parametrize("kind", ["nothing", "file", "link"])
def test_a_repository_without_settings(repository: Path, tmp_path: Path, kind: str) -> None:
    settings = repository / ".dvc"
    settings.rename(tmp_path / "settings")
    if kind == "file":
        settings.touch()
    if kind == "link":
        settings.symlink_to(tmp_path / "settings")
    commit(repository)
    with pytest.raises(UserError, match=r"file:.*: is no repository of DVC: it has no file \.dvc/config"):
        clone(repository, tmp_path / "clone")


def test_a_repository_without_a_commit(repository: Path, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=repository, check=True)
    with pytest.raises(UserError, match="failed: fatal: Not a valid object name HEAD"):
        clone(repository, tmp_path / "clone")


@pytest.mark.parametrize("options", [(), ("--annotate", "--message=a model")])
def test_a_version_is_a_tag(repository: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    commit(repository)
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.com")
    subprocess.run(["git", *identity, "tag", *options, "a/model@v1.0.0"], cwd=repository, check=True)
    old = (repository / "dvc.yaml").read_bytes()
    (repository / "dvc.yaml").write_text("stages: {}")
    commit(repository)
    strangers.clone_repository(f"file://{repository}", tmp_path / "clone", "a/model@v1.0.0", None)
    assert (tmp_path / "clone" / "dvc.yaml").read_bytes() == old


def test_no_filter_of_the_users_runs(repository: Path, tmp_path: Path, own: Path) -> None:
    """One such as git-lfs' asks the server that the stranger's repository names."""
    ran = tmp_path / "ran"
    smudge = executable(tmp_path / "smudge", f"touch {ran}\ncat")
    (repository / ".gitattributes").write_text("* filter=lfs\n")
    commit(repository)
    own.write_text(f'[filter "lfs"]\n\tsmudge = {smudge}\n\trequired = true\n')
    clone(repository, tmp_path / "clone")
    assert not ran.exists()


@pytest.mark.parametrize("lines", [3, 100_000])
def test_what_a_server_says_is_cut(repository: Path, tmp_path: Path, own: Path, lines: int) -> None:
    """Git hands on what a server's hook prints; the last line is its own, and says what went wrong."""
    print_lines = f"yes '{'lies ' * 10}\033[31m' | head -n {lines} >&2"
    hook = executable(tmp_path / "hook", f"{print_lines}\nexit 1")
    own.write_text(f"[uploadpack]\n\tpackObjectsHook = {hook}\n")
    commit(repository)
    with pytest.raises(UserError, match=r"`git clone .* failed: fatal: ") as refusal:
        clone(repository, tmp_path / "clone")
    said = str(refusal.value)
    assert "lies" not in said
    assert said.isprintable()


def test_a_server_that_never_stops_talking_is_left(
    repository: Path, tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strangers, "_MOST_BYTES", 100_000)
    own.write_text(f"[uploadpack]\n\tpackObjectsHook = {executable(tmp_path / 'hook', 'exec yes >&2')}\n")
    commit(repository)
    with pytest.raises(UserError, match=r"`git clone .* failed: ") as refusal:
        clone(repository, tmp_path / "clone")
    assert len(str(refusal.value)) < 1000


def test_a_long_line_without_an_end_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ssh = executable(tmp_path / "ssh", r"yes | tr -d '\n' | head -c 1000000 >&2; exit 1")
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    monkeypatch.setenv("GIT_SSH_VARIANT", "simple")
    with pytest.raises(UserError, match=r"`git clone .* failed: ") as refusal:
        clone(tmp_path, tmp_path / "clone", "ssh://host/theirs")
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("large", [1 << 20, 1 << 26])
def test_memory_of_git_is_limited(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    (repository / "large").write_bytes(bytes(large))
    commit(repository)
    monkeypatch.setattr(strangers, "_MOST_MEMORY", 1 << 25)
    refused = pytest.raises(UserError, match=r"`git clone .* failed: fatal: ")
    with refused if large > strangers._MOST_MEMORY else nullcontext():
        clone(repository, tmp_path / "clone")


def test_a_user_may_have_lower_limits(repository: Path, tmp_path: Path) -> None:
    commit(repository)
    program = [sys.executable, str(ROOT / "src" / "octet"), "get", f"file://{repository}", "quickstart/detector"]
    shell = ["bash", "-c", 'ulimit -f 100000 && exec "$@"', "bash"]
    result = subprocess.run([*shell, *program], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "not on the remote: models/quickstart" in " ".join(result.stderr.split())


def test_a_remote_that_lies_in_the_repository(repository: Path, tmp_path: Path) -> None:
    """Of its files only the model is written."""
    model = b"a model"
    md5 = hashlib.md5(model).hexdigest()
    stored = repository / "store" / "files" / "md5" / md5[:2] / md5[2:]
    stored.parent.mkdir(parents=True)
    stored.write_bytes(model)
    lock = repository / "dvc.lock"
    said = yaml.safe_load(lock.read_text())
    for stage in said["stages"].values():
        for out in stage["outs"]:
            if out["path"] == "models/quickstart/detector_uint8.tflite":
                out.update(md5=md5, size=len(model))
    lock.write_text(yaml.safe_dump(said))
    config = repository / ".dvc" / "config"
    config.write_text(config.read_text().replace(str(repository), ".."))
    commit(repository)
    program = [sys.executable, str(ROOT / "src" / "octet"), "get", f"file://{repository}", "quickstart/detector"]
    result = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "detector_uint8.tflite").read_bytes() == model
