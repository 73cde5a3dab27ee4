"""A recipe's outputs on their way to DVC's remote and back.

DVC's own push and pull trust a remote: that a file under an MD5 has that MD5, and that a folder is complete where the
list of its files is there. A bad disk or a careless clean-up breaks that. Here every file is looked for and compared.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.config import NoRemoteError
from dvc.exceptions import DvcException
from dvc.fs import RemoteMissingDepsError
from dvc.fs.callbacks import TqdmCallback
from dvc_data.hashfile.hash import file_md5
from dvc_data.hashfile.tree import Tree
from dvc_objects.fs.generic import copy

from octet.common.errors import UserError


def outputs_of_recipe(repo: Any, recipe: str) -> list[Any]:
    """All outputs of the recipe's stages, as dvc.lock has them."""
    stages = [stage for stage in repo.index.stages if stage.addressing.endswith(f"@{recipe}")]
    if not stages:
        raise UserError(f"dvc.yaml: {recipe!r} is none of its recipes")
    lacking = [stage.addressing for stage in stages if not all(out.hash_info for out in stage.outs)]
    if lacking:
        raise UserError(
            f"dvc.lock has no results of {', '.join(lacking)}: run `make reproduce RECIPE={recipe}`, "
            "or check out a commit whose dvc.lock has them"
        )
    return [out for stage in stages for out in stage.outs]


def default_remote(repo: Any) -> Any:
    """The default remote, which answers; an error says what to do where there is none or it cannot be used."""
    try:
        remote = repo.cloud.get_remote()
    except NoRemoteError:
        raise UserError("no default remote: `dvc remote add --default NAME URL` sets one (docs/remotes.md)") from None
    except (ImportError, RemoteMissingDepsError) as error:
        raise UserError(f"{' '.join(str(error).split())}; see docs/remotes.md") from None
    if remote.worktree or remote.fs.version_aware:
        raise UserError(f"remote {remote.name}: unset worktree and version_aware; here files go by their MD5")
    if remote.fs.protocol == "local" and not Path(remote.path).is_dir():
        raise UserError(f"remote {remote.name}: {remote.path} is no folder: mount it, or make it with mkdir")
    with _remote_errors(remote):
        remote.fs.exists(remote.path)
    return remote


def push_outputs(repo: Any, remote: Any, outs: list[Any], again: bool) -> None:
    """Copy to the remote what it lacks, or where `again` is set everything that the cache has."""
    cache, store = repo.cache.local, remote.odb
    paths = _workspace_paths(cache, outs)
    with _remote_errors(remote):
        cached = {oid for oid in paths if _is_intact(cache, oid)}
        stored = set(store.list_oids_exists(list(paths)))
        lost = [path for oid, path in paths.items() if oid not in cached | stored]
        if lost:
            names = _first_names(lost)
            raise UserError(f"whole neither in this cache nor on the remote: {names}: push where they were made")
        new = cached if again else cached - stored
        for oid in new & stored:  # where a file system clones files, DVC would not write over it
            store.delete(oid)
        # The files before the lists: DVC's own commands take a folder for complete where its list is there.
        lists = {oid for oid in new if oid.endswith(".dir")}
        for oids in (new - lists, lists):
            for oid, error in _copy_files(cache, store, sorted(oids)).items():
                raise UserError(f"{paths[oid]}: not pushed to {_url(store, oid)}: {_describe(error)}")
        _push_run_cache(repo, remote)
    print(f"pushed to {remote.name}: {len(new)} of {len(paths)} files had to be sent")
    print("Commit dvc.lock: others pull what it names.")


def pull_outputs(repo: Any, remote: Any, outs: list[Any], recipe: str) -> None:
    """Copy from the remote what the cache lacks, and put the outputs into the workspace when all of them are here."""
    cache, store = repo.cache.local, remote.odb
    with _remote_errors(remote):
        fetched = _fetch(store, cache, {out.hash_info.value: out.def_path for out in outs}, recipe)
        fetched += _fetch(store, cache, _workspace_paths(cache, outs), recipe)
    try:
        repo.checkout(sorted({out.stage.addressing for out in outs}))
    except DvcException as error:
        raise UserError(
            f"all is fetched, but something is in the way; move it away and pull again: {_describe(error)}"
        ) from None
    print(f"pulled from {remote.name}: {fetched} of {len(_workspace_paths(cache, outs))} files had to be fetched")


def _push_run_cache(repo: Any, remote: Any) -> None:
    """Copy the records by which `dvc repro --pull` elsewhere finds these results when it comes to the same inputs."""
    cache, store = repo.cache.legacy, remote.legacy_odb
    records = list(cache.fs.find(cache.fs.join(cache.path, "runs")))
    names = [Path(record).relative_to(cache.path).parts for record in records]
    copy(cache.fs, records, store.fs, [store.fs.join(store.path, *name) for name in names])


def _fetch(store: Any, cache: Any, paths: dict[str, str], recipe: str) -> int:
    """Bring into the cache what it lacks, and return how many files that were."""
    lacking = [oid for oid in paths if not _is_intact(cache, oid)]
    errors = _copy_files(store, cache, lacking)
    broken = [oid for oid in lacking if not _is_intact(cache, oid)]
    missing = [oid for oid in broken if isinstance(errors.get(oid), FileNotFoundError)]
    damaged = [oid for oid in broken if oid not in errors]
    for oid in broken:
        if oid not in missing and oid not in damaged:
            raise UserError(f"{paths[oid]}: {_url(store, oid)} did not come: {_describe(errors[oid])}")
    for oids, problem, flag in ((missing, "not on the remote", ""), (damaged, "damaged on the remote", " AGAIN=1")):
        if oids:
            names = _first_names([f"{paths[oid]} ({_url(store, oid)})" for oid in oids])
            raise UserError(f"{problem}: {names}: run `make push RECIPE={recipe}{flag}` where it was made")
    return len(lacking)


def _workspace_paths(cache: Any, outs: list[Any]) -> dict[str, str]:
    """The path in the workspace of each file, by MD5; a folder's list of files has the path of the folder."""
    paths = {}
    for out in outs:
        paths[out.hash_info.value] = out.def_path
        if out.hash_info.isdir and _is_intact(cache, out.hash_info.value):
            for parts, _, info in Tree.load(cache, out.hash_info):
                paths[info.value] = "/".join((out.def_path, *parts))
    return paths


def _copy_files(source: Any, target: Any, oids: list[str]) -> dict[str, BaseException]:
    """Copy files from one store to another, and return the errors of those that failed."""
    failed: dict[str, BaseException] = {}
    if oids:
        with TqdmCallback(desc=f"To {target.fs.protocol}", unit="file") as progress:
            paths = [source.oid_to_path(oid) for oid in oids]
            target.add(paths, source.fs, oids, check_exists=False, on_error=failed.__setitem__, callback=progress)
    return failed


def _is_intact(cache: Any, oid: str) -> bool:
    """Whether the cache has the bytes that the MD5 names; other bytes under its name are deleted."""
    path = cache.oid_to_path(oid)
    if not cache.fs.exists(path):
        return False
    if file_md5(path, cache.fs) == oid.removesuffix(".dir"):
        return True
    cache.delete(oid)
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
