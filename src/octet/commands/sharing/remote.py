"""A recipe's outputs on their way to DVC's remote and back.

DVC's own push and pull trust a remote: that a file under an MD5 has that MD5, that a folder is complete where the list
of its files is there, and that this list keeps to the folder. A bad disk, a careless clean-up or a stranger breaks
that. Here every file is looked for and compared, and no more is fetched than dvc.lock says.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path, PurePosixPath
from typing import Any

from dvc.config import NoRemoteError
from dvc.exceptions import DvcException
from dvc.fs import RemoteMissingDepsError
from dvc.fs.callbacks import TqdmCallback
from dvc_data.hashfile.db import get_odb
from dvc_data.hashfile.hash import file_md5

from octet.commands.sharing.listing import BYTES_PER_FILE, read_listing
from octet.common.errors import UserError


@dataclass(frozen=True)
class File:
    """A file that dvc.lock names, or a folder's list of files."""

    path: str  # in the workspace; a list has the path of its folder
    size: int  # bytes, at most
    nfiles: int = 0  # of a list


class _TooLargeError(Exception):
    """More bytes come of a file than should."""


class _TooMuchError(Exception):
    """More bytes come of all files together than should: which of them is too large, nobody knows."""


def default_remote(repo: Any) -> Any:
    """The default remote, which answers, or None where none is set; an error says why it cannot be used."""
    try:
        remote = repo.cloud.get_remote()
    except NoRemoteError:
        return None
    except (ImportError, RemoteMissingDepsError) as error:
        raise UserError(f"{' '.join(str(error).split())}; see docs/remotes.md") from None
    if remote.worktree or remote.fs.version_aware:
        raise UserError(f"remote {remote.name}: unset worktree and version_aware; here files go by their MD5")
    if remote.fs.protocol == "local" and not Path(remote.path).is_dir():
        raise UserError(f"remote {remote.name}: {remote.path} is no folder: mount it, or make it with mkdir")
    with _remote_errors(remote):
        remote.fs.exists(remote.path)
    return remote


def require_remote(repo: Any) -> Any:
    """The default remote, which answers; an error says what to do where there is none or it cannot be used."""
    remote = default_remote(repo)
    if remote is None:
        raise UserError("no default remote: `dvc remote add --default NAME URL` sets one (docs/remotes.md)")
    return remote


def push_outputs(repo: Any, remote: Any, outs: list[Any], again: bool) -> None:
    """Copy to the remote what it lacks; where `again` is set, also what it may have damaged."""
    cache, store = repo.cache.local, remote.odb
    files = _files_of(cache, outs)
    with _remote_errors(remote):
        cached = {oid for oid in files if _is_intact(cache, oid)}
        stored = set(store.list_oids_exists(list(files)))
        lost = [file.path for oid, file in files.items() if oid not in cached | stored]
        if lost:
            names = _first_names(lost)
            raise UserError(f"whole neither in this cache nor on the remote: {names}: push where they were made")
        new = cached - stored
        if again:  # of a folder only what is damaged: where a file system clones files, DVC would not write over it
            is_folder = store.fs.protocol == "local"
            new |= {oid for oid in cached & stored if not (is_folder and _is_intact(store, oid))}
        # The files before the lists: DVC's own commands take a folder for complete where its list is there.
        lists = {oid for oid in new if oid.endswith(".dir")}
        for oids in (new - lists, lists):
            for oid, error in _copy_files(cache, store, sorted(oids)).items():
                raise UserError(f"{files[oid].path}: not pushed to {_url(store, oid)}: {_describe(error)}")
    print(f"pushed to {remote.name}: {len(new)} of {len(files)} files had to be sent")
    print("Commit dvc.lock: others pull what it names.")


def pull_outputs(repo: Any, remote: Any, outs: list[Any], recipe: str) -> None:
    """Copy from the remote what the cache lacks, and put the outputs into the workspace when all of them are here."""
    fetched, lost = fetch_outputs(repo, remote, outs, recipe)
    if lost:
        names = _first_names([f"{file.path} ({_url(remote.odb, oid)})" for oid, file in lost.items()])
        raise UserError(f"not on the remote: {names}: run `make push RECIPE={recipe}` where it was made")
    check_out(repo, outs)
    print(f"pulled from {remote.name}: {fetched} of {len(_files_of(repo.cache.local, outs))} files had to be fetched")


def fetch_outputs(repo: Any, remote: Any, outs: list[Any], recipe: str) -> tuple[int, dict[str, File]]:
    """Copy from the remote what the cache lacks: how many files came, and which the remote has not got, by MD5."""
    cache, store = repo.cache.local, remote.odb
    total = sum(out.meta.size for out in outs) + sum(file.size for file in _named_files(outs).values() if file.nfiles)
    with _remote_errors(remote):
        named, _ = _fetch(repo, store, _named_files(outs), total, recipe)
        listed, lost = _fetch(repo, store, _files_of(cache, outs), total, recipe)
    return named + listed, lost


def is_whole(repo: Any, out: Any, lost: Iterable[str]) -> bool:
    """Whether the cache has all files of the output, after a fetch that did not get some."""
    return not _files_of(repo.cache.local, [out]).keys() & set(lost)


def check_out(repo: Any, outs: list[Any]) -> None:
    """Put outputs, all of which the cache has, into the workspace."""
    _refuse_links(repo, outs)
    paths = {out.fs_path for out in outs}
    whole = {out.stage.addressing: {each.fs_path for each in out.stage.outs} <= paths for out in outs}
    targets = {out.stage.addressing if whole[out.stage.addressing] else out.fs_path for out in outs}
    try:
        if targets:  # without any, DVC takes all
            repo.checkout(sorted(targets))
    except DvcException as error:
        raise UserError(
            f"all is fetched, but something is in the way; move it away and pull again: {_describe(error)}"
        ) from None


def _fetch(repo: Any, store: Any, files: dict[str, File], total: int, recipe: str) -> tuple[int, dict[str, File]]:
    """Bring into the cache what it lacks: how many files came, and which the remote has not got.

    They land beside the cache: DVC takes what lies in it for checked.
    """
    cache = repo.cache.local
    landing = get_odb(cache.fs, str(Path(repo.tmp_dir, "landing")), hash_name=cache.hash_name)
    lacking = [oid for oid in files if not _is_intact(cache, oid)]
    sizes, errors = _sizes(store, {oid: files[oid] for oid in lacking if not _is_intact(landing, oid)})
    if sum(size for size in sizes.values() if size is not None) > total:
        raise _too_much(files[oid] for oid in sizes)
    most = {oid: files[oid].size if size is None else size for oid, size in sizes.items()}
    errors |= _copy_files(store, landing, list(sizes), most, total)
    came = [oid for oid in lacking if _is_intact(landing, oid)]
    for oid in came:
        if oid.endswith(".dir"):
            read_listing(Path(landing.oid_to_path(oid)), files[oid].path, files[oid].nfiles)
    cache.add([landing.oid_to_path(oid) for oid in came], cache.fs, came, hardlink=True)
    lost = {oid: files[oid] for oid in lacking if isinstance(errors.get(oid), FileNotFoundError)}
    _refuse_damaged(store, {oid: files[oid] for oid in lacking if oid not in lost and oid not in came}, errors, recipe)
    shutil.rmtree(landing.path, ignore_errors=True)
    return len(came), lost


def _sizes(store: Any, files: dict[str, File]) -> tuple[dict[str, int | None], dict[str, BaseException]]:
    """The bytes of each file that is to be fetched, None where the remote does not say, and the errors of the others.

    A web server need not say how long a file is before it sends it.
    """
    sizes: dict[str, int | None] = {}
    errors: dict[str, BaseException] = {}
    infos = store.fs.info([store.oid_to_path(oid) for oid in files], return_exceptions=True)
    for (oid, file), info in zip(files.items(), infos, strict=True):
        if isinstance(info, BaseException):
            errors[oid] = info
        elif info["type"] != "file":
            errors[oid] = OSError("it is no file")
        elif (info["size"] or 0) > file.size:
            errors[oid] = _TooLargeError()
        else:
            sizes[oid] = info["size"]
    return sizes, errors


def _refuse_damaged(store: Any, files: dict[str, File], errors: dict[str, BaseException], recipe: str) -> None:
    """Raise an error where there are files that came damaged, or not at all although the remote has them."""
    if any(isinstance(errors.get(oid), _TooMuchError) for oid in files):
        raise _too_much(files.values())
    for oid, file in files.items():
        if oid in errors and not isinstance(errors[oid], _TooLargeError):
            raise UserError(f"{file.path}: {_url(store, oid)} did not come: {_describe(errors[oid])}")
    for problem, those in (
        ("damaged on the remote, where it is larger than dvc.lock says", [oid for oid in files if oid in errors]),
        ("damaged on the remote", [oid for oid in files if oid not in errors]),
    ):
        if those:
            names = _first_names([f"{files[oid].path} ({_url(store, oid)})" for oid in those])
            raise UserError(f"{problem}: {names}: run `make push RECIPE={recipe} AGAIN=1` where it was made")


def _too_much(files: Iterable[File]) -> UserError:
    names = _first_names(sorted({file.path for file in files}))
    return UserError(f"the remote's files together are larger than dvc.lock says: {names}")


def _named_files(outs: list[Any]) -> dict[str, File]:
    """The files that dvc.lock names, and the lists of the files in folders, by MD5."""
    return {
        out.hash_info.value: File(out.def_path, BYTES_PER_FILE * max(1, out.meta.nfiles), out.meta.nfiles)
        if out.hash_info.isdir
        else File(out.def_path, out.meta.size)
        for out in outs
    }


def _files_of(cache: Any, outs: list[Any]) -> dict[str, File]:
    """The same, and the files in folders whose lists the cache has."""
    files = _named_files(outs)
    for out in outs:
        for path, md5 in _members(cache, out).items():
            files[md5] = File(f"{out.def_path}/{path}", out.meta.size)
    return files


def _members(cache: Any, out: Any) -> dict[str, str]:
    """The MD5 of each file in a folder whose list the cache has, by its path in there."""
    listing = out.hash_info.value
    if not (out.hash_info.isdir and _is_intact(cache, listing)):
        return {}
    return read_listing(Path(cache.oid_to_path(listing)), out.def_path, out.meta.nfiles)


def _refuse_links(repo: Any, outs: list[Any]) -> None:
    """Raise an error where a link stands at an output's path, or above: what is written there lands elsewhere."""
    cache = repo.cache.local
    paths = {PurePosixPath(out.def_path, path) for out in outs for path in ("", *_members(cache, out))}
    cached = Path(cache.path).resolve()  # where a setting of DVC's links files instead of copying them
    for path in sorted(paths.union(*(path.parents for path in paths))):
        place = Path(repo.root_dir, path)
        if place.is_symlink() and not (place.is_file() and place.resolve().is_relative_to(cached)):
            raise UserError(f"{path} is a link to {str(place.readlink())!a}: move it away; nothing is put outside")


class _Transfer(TqdmCallback):  # type: ignore[misc]
    """Shows the progress of a transfer, and breaks a file off by which it or all together have too many bytes."""

    def __init__(self, sizes: dict[str, int], total: float, **options: Any) -> None:
        super().__init__(**options)
        self._sizes, self._left = sizes, total

    def branched(self, path_1: str, *_: Any, **__: Any) -> TqdmCallback:
        return _FileTransfer(self, self._sizes.get(path_1, inf), bytes=True, desc=path_1)

    def count(self, came: int) -> None:
        """Count the bytes that came of any file."""
        self._left -= came
        if self._left < 0:
            raise _TooMuchError


class _FileTransfer(TqdmCallback):  # type: ignore[misc]
    def __init__(self, whole: _Transfer, most: float, **options: Any) -> None:
        super().__init__(**options)
        self._whole, self._most, self._counted = whole, most, 0

    def call(self, *arguments: Any, **options: Any) -> None:
        if max(self.size or 0, self.value) > self._most:
            raise _TooLargeError
        self._whole.count(self.value - self._counted)
        self._counted = self.value
        super().call(*arguments, **options)


def _copy_files(
    source: Any, target: Any, oids: list[str], sizes: dict[str, int] | None = None, total: float = inf
) -> dict[str, BaseException]:
    """Copy files from one store to another, and return the errors of those that failed.

    None is longer than its size, and all together are no longer than the total.
    """
    failed: dict[str, BaseException] = {}
    if oids:
        paths = [source.oid_to_path(oid) for oid in oids]
        most = {source.oid_to_path(oid): size for oid, size in (sizes or {}).items()}
        with _Transfer(most, total, desc=f"To {target.fs.protocol}", unit="file") as progress:
            target.add(paths, source.fs, oids, check_exists=False, on_error=failed.__setitem__, callback=progress)
    return failed


def _is_intact(store: Any, oid: str) -> bool:
    """Whether a store on this machine has the bytes that the MD5 names; other bytes under its name are deleted."""
    path = store.oid_to_path(oid)
    if not store.fs.exists(path):
        return False
    if file_md5(path, store.fs) == oid.removesuffix(".dir"):
        return True
    store.delete(oid)
    return False


def _url(store: Any, oid: str) -> str:
    return str(store.fs.unstrip_protocol(store.oid_to_path(oid)))


def _first_names(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _describe(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


@contextmanager
def _remote_errors(remote: Any) -> Iterator[None]:
    """Raise a UserError for any error of the remote: each kind of remote has errors of its own."""
    try:
        yield
    except (UserError, DvcException):
        raise
    except Exception as error:
        address = remote.fs.unstrip_protocol(remote.path)
        raise UserError(f"remote {remote.name} ({address}) cannot be used: {_describe(error)}") from error
