"""The few files of a stranger's repository that DVC needs, with nothing of its settings but where the remote is."""

import os
import re
import resource
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

import psutil
from dvc.config import Config, ConfigError

from octet.commands.reproduction.clone import use_own_caches
from octet.commands.sharing.lock import artifact, locked_repo
from octet.common.children import run_in_child
from octet.common.errors import UserError, first_line
from octet.common.printing import printable

_SETTINGS = ".dvc/config"
_NEEDED = {_SETTINGS: 100_000, "dvc.yaml": 1 << 20, "params.yaml": 1 << 20, "dvc.lock": 10 << 20}  # bytes, at most
_MOST_SECONDS, _MOST_BYTES = 600, 2**30  # of a clone, and of each file in it: git packs a whole repository into one
_MOST_MEMORY = 2 << 30  # bytes, of each process: git holds files below 512 MiB in memory
_MOST_SECONDS_OF_DVC = 60  # until it has read a pipeline; one such as Octet's takes a second
_PLAIN_FILE = re.compile(rb"100\d{3} blob (?P<id>[0-9a-f]+) +(?P<size>\d+)\t")  # a link's mode is 120000
_TAIL, _LONGEST = 4096, 300  # bytes of what a command says that are looked at, and letters that are told
# What a stranger may say of a remote, beside its url: where it is. Files of keys and credentials can name programs to
# run. S3 signs what it sends; to the servers of others go the credentials themselves, so that they may not be named.
_OF_A_STRANGER = {
    "s3": {"endpointurl", "region"},
    "gs": {"projectname"},
    "azure": {"account_name"},
    "ssh": {"user", "port"},
    "sftp": {"user", "port"},
    "http": {"user"},
    "https": {"user"},
}
_AZURE_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")  # it becomes a part of the server's name
_REMOTE = "octet-get"  # the remote's name, whatever the stranger calls it: DVC adds the user's settings of that name


def clone_repository(address: str, folder: Path, tag: str | None, own_settings: Path | None) -> Path | None:
    """Clone the newest commit of a repository, or that of a tag; it may be a stranger's.

    Of its files only those are written that DVC needs, and of DVC's settings only where the remote is, or the own ones
    in their place. Where the remote is a folder of the commit, its path in there is returned, for `put_file`.
    """
    at = ("--branch", tag) if tag else ()
    # Of a folder on this machine, too, git is to pack one commit, and not to copy whatever lies in there.
    options = ("--quiet", "--no-checkout", "--no-local", "--no-tags", "--depth", "1", *at)
    _run_within_limits("git", "clone", *options, "--", address, str(folder))
    for name, most in _NEEDED.items():
        put_file(address, folder, name, most)
    settings = folder / _SETTINGS
    if not settings.is_file():
        raise UserError(f"{address}: is no repository of DVC: it has no file {_SETTINGS}")
    remote = {} if own_settings else _remote_of(settings, address)
    settings.write_bytes(b"")
    with _dvc_errors(f"{address}: its .dvc/config"), Config(str(settings.parent)).edit("repo") as config:
        config.update(remote)
    if own_settings:
        with _dvc_errors(own_settings), Config(str(settings.parent)).edit("local") as config:
            config.update(_read_own(own_settings))
    use_own_caches(folder)
    return _store_in(folder.resolve(), remote)


def require_cheap_pipeline(address: str, folder: Path, name: str) -> None:
    """Find a model in a process of few resources: DVC writes out all loops and parameters of a pipeline it reads."""
    work = (address, folder, name, _MOST_MEMORY)
    if problem := run_in_child(_find_model, work, _MOST_SECONDS_OF_DVC, address):
        raise UserError(str(problem))


def _find_model(sender: Connection, address: str, folder: Path, name: str, most_memory: int) -> None:
    """Send what is wrong with a model's place in the pipeline of a clone, or nothing."""
    os.chdir(folder)
    _limit(most_memory)
    problem = ""
    try:
        with locked_repo() as repo:
            artifact(repo, name)
    except UserError as error:
        problem = str(error)
    except MemoryError:
        problem = f"{address}: its pipeline takes more than {most_memory:,} bytes of memory"
    sender.send(problem)


def put_file(address: str, folder: Path, name: str, most: int) -> None:
    """Write a file of the cloned commit into the clone, if the commit has it: a plain one of so many bytes, at most."""
    git = ("git", f"--git-dir={folder / '.git'}")
    with tempfile.TemporaryFile() as listing:
        _run_within_limits(*git, "ls-tree", "-z", "-l", "HEAD", "--", name, output=listing)
        listing.seek(0)
        entry = listing.read(200)  # its mode, kind, id and size; a folder may hold the name any number of times
    if not entry:
        return
    found = _PLAIN_FILE.match(entry)
    if not found:
        raise UserError(f"{address}: {name} is no plain file in it")
    if (size := int(found["size"])) > most:
        raise UserError(f"{address}: its {name} has {size:,} bytes, expected at most {most:,}")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:  # as git has it: a checkout would run the filters that the user has set up
        _run_within_limits(*git, "cat-file", "blob", found["id"].decode(), output=file)


def _run_within_limits(*command: str, output: IO[bytes] | int = subprocess.DEVNULL) -> None:
    """Run a command with its terminal, which may have to ask for a password, and end it and all that it started."""
    with tempfile.TemporaryFile() as errors:  # no pipe: a file's size is limited, and a server may talk for ever
        english = {**os.environ, "LC_ALL": "C"}  # for `_reason`
        try:
            limit = partial(_limit, _MOST_MEMORY)
            process = psutil.Popen(command, stdout=output, stderr=errors, env=english, preexec_fn=limit)
        except FileNotFoundError:
            raise UserError(f"{command[0]} is needed for this, and not installed") from None
        try:
            code = process.wait(_MOST_SECONDS)
        except psutil.TimeoutExpired:
            raise UserError(f"`{' '.join(command)}` took more than {_MOST_SECONDS} seconds, and was ended") from None
        finally:
            _end(process)
        if code:
            raise UserError(f"`{' '.join(command)}` failed: {_reason(code, errors)}")


def _limit(most_memory: int) -> None:
    """Limit this process's files and memory, if it has no lower limits already."""
    # Data, not addresses: helpers that git asks for passwords may reserve far more of those than they use.
    for kind, most in ((resource.RLIMIT_FSIZE, _MOST_BYTES), (resource.RLIMIT_DATA, most_memory)):
        limits = [limit for limit in resource.getrlimit(kind) if limit != resource.RLIM_INFINITY]
        least = min([most, *limits])
        resource.setrlimit(kind, (least, least))


def _end(process: psutil.Popen) -> None:
    with suppress(psutil.NoSuchProcess):  # it has ended
        for each in [*process.children(recursive=True), process]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()


def _reason(code: int, errors: IO[bytes]) -> str:
    """The last line in which git says what went wrong, fit for a terminal; what comes before may be a server's."""
    if code < 0:
        return f"it died of {signal.Signals(-code).name}"
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TAIL))
    lines = [line.strip() for line in errors.read().decode(errors="replace").splitlines() if line.strip()]
    told = [line for line in lines if line.startswith(("fatal: ", "error: "))] or lines or [f"exit code {code}"]
    return printable(told[-1])[:_LONGEST]


def _remote_of(settings: Path, address: str) -> dict[str, Any]:
    """The default remote, if there is one, as a stranger's settings describe it."""
    with _dvc_errors(f"{address}: its .dvc/config"):
        found = Config.load_file(str(settings))
    core, remotes = found.get("core", {}), found.get("remote", {})
    name = str(core.get("remote")) if isinstance(core, dict) else ""
    remote = remotes.get(name) if isinstance(remotes, dict) else None
    if not isinstance(remote, dict):
        return {}
    scheme = str(remote.get("url")).partition("://")[0]
    if refused := sorted(set(remote) - _OF_A_STRANGER.get(scheme, set()) - {"url"}):
        raise UserError(
            f"{address}: its .dvc/config sets {', '.join(refused)} of the remote {name}, which are for its owner to "
            f"set, not for a stranger: name a file with settings of your own with --config"
        )
    if not all(isinstance(value, str) and value.isprintable() for value in remote.values()):
        raise UserError(f"{address}: its .dvc/config has settings of the remote {name} that are no line of text")
    account = remote.get("account_name")
    if account is not None and not _AZURE_ACCOUNT.fullmatch(account):
        raise UserError(
            f"{address}: account_name of the remote {name} is {account!a}, expected the name of a storage account: "
            "3 to 24 small letters and digits"
        )
    if "url" in remote:
        remote["url"] = _absolute(remote["url"], settings.parent, address, name)
    return {"core": {"remote": _REMOTE}, "remote": {_REMOTE: remote}}


def _absolute(url: str, settings: Path, address: str, name: str) -> str:
    """Where a stranger's remote is; a relative path begins at the settings, in the commit or in the folder it is of."""
    if url.startswith("remote://"):
        raise UserError(f"{address}: url of the remote {name} is {url!a}, a remote of your own: it may not use those")
    if "://" in url:
        return url
    path = (settings / url).resolve()
    if Path(url).is_absolute() or path.is_relative_to(settings.parent.resolve()):
        return str(path)
    here = Path(address.removeprefix("file://"))
    if here.is_dir():
        return str((here / settings.name / url).resolve())
    raise UserError(
        f"{address}: url of the remote {name} is {url!a}, a folder beside its owner's clone: name a file with settings "
        "of your own with --config"
    )


def _read_own(settings: Path) -> dict[str, Any]:
    """The user's settings, whose relative paths begin where they lie."""
    found = Config.load_file(str(settings))
    remotes = found.get("remote", {})
    if not isinstance(remotes, dict) or not all(isinstance(remote, dict) for remote in remotes.values()):
        raise UserError(f"{settings} cannot be used: found remote = ..., expected a section for each remote")
    for remote in remotes.values():
        if "://" not in str(remote.get("url", "://")):
            remote["url"] = str((settings.parent / str(remote["url"])).resolve())
    return found


def _store_in(root: Path, settings: dict[str, Any]) -> Path | None:
    """The folder below the root that is the remote of these settings, if it is one; DVC wants it to be there."""
    for remote in settings.get("remote", {}).values():
        store = Path(remote.get("url", ""))
        if store.is_relative_to(root):
            store.mkdir(parents=True, exist_ok=True)
            return store.relative_to(root)
    return None


@contextmanager
def _dvc_errors(settings: str | Path) -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        raise UserError(f"{settings} cannot be used: {first_line(error)}") from None
