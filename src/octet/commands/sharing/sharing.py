"""What a recipe's stages made, to DVC's remote and back.

DVC's own push and pull take a remote at its word: that what lies under an MD5 has that MD5, and that a folder is whole
where the list of its files is. A bad disk or an eager clean-up ends that. Here every file is asked for, and compared.
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


def outputs(repo: Any, recipe: str) -> list[Any]:
    """Everything that the recipe's stages make, as dvc.lock has it."""
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
    with talking_to(remote):
        remote.fs.exists(remote.path)
    return remote


def push(repo: Any, remote: Any, outs: list[Any], again: bool) -> None:
    cache, store = repo.cache.local, remote.odb
    paths = contents(cache, outs)
    with talking_to(remote):
        here = {oid for oid in paths if is_whole(cache, oid)}
        there = set(store.list_oids_exists(list(paths)))
        lost = [path for oid, path in paths.items() if oid not in here | there]
        if lost:
            raise UserError(f"whole neither in this cache nor on the remote: {some(lost)}: push where they were made")
        new = here if again else here - there
        for oid in new & there:  # where a file system clones files, DVC would not write over it
            store.delete(oid)
        # The files before the lists: DVC's own commands take a folder for whole where its list is.
        lists = {oid for oid in new if oid.endswith(".dir")}
        for oids in (new - lists, lists):
            for oid, error in add(cache, store, sorted(oids)).items():
                raise UserError(f"{paths[oid]}: not pushed to {url(store, oid)}: {told(error)}")
        push_runs(repo, remote)
    print(f"pushed to {remote.name}: {len(new)} of {len(paths)} files had to be sent")
    print("Commit dvc.lock: others pull what it names.")


def push_runs(repo: Any, remote: Any) -> None:
    """The records by which `dvc repro --pull` elsewhere finds these results when it comes to the same inputs."""
    cache, store = repo.cache.legacy, remote.legacy_odb
    records = list(cache.fs.find(cache.fs.join(cache.path, "runs")))
    names = [Path(record).relative_to(cache.path).parts for record in records]
    copy(cache.fs, records, store.fs, [store.fs.join(store.path, *name) for name in names])


def pull(repo: Any, remote: Any, outs: list[Any], recipe: str) -> None:
    cache, store = repo.cache.local, remote.odb
    with talking_to(remote):
        fetched = fetch(store, cache, {out.hash_info.value: out.def_path for out in outs}, recipe)
        fetched += fetch(store, cache, contents(cache, outs), recipe)
    # Only now that all is here does the workspace change.
    try:
        repo.checkout(sorted({out.stage.addressing for out in outs}))
    except DvcException as error:
        raise UserError(
            f"all is fetched, but something is in the way; move it away and pull again: {told(error)}"
        ) from None
    print(f"pulled from {remote.name}: {fetched} of {len(contents(cache, outs))} files had to be fetched")


def fetch(store: Any, cache: Any, paths: dict[str, str], recipe: str) -> int:
    """Bring into the cache what it lacks, and say how many files that were."""
    lacking = [oid for oid in paths if not is_whole(cache, oid)]
    errors = add(store, cache, lacking)
    broken = [oid for oid in lacking if not is_whole(cache, oid)]
    gone = [oid for oid in broken if isinstance(errors.get(oid), FileNotFoundError)]
    damaged = [oid for oid in broken if oid not in errors]
    for oid in broken:
        if oid not in gone and oid not in damaged:
            raise UserError(f"{paths[oid]}: {url(store, oid)} did not come: {told(errors[oid])}")
    for oids, what, flag in ((gone, "not on the remote", ""), (damaged, "damaged on the remote", " AGAIN=1")):
        if oids:
            names = some([f"{paths[oid]} ({url(store, oid)})" for oid in oids])
            raise UserError(f"{what}: {names}: run `make push RECIPE={recipe}{flag}` where it was made")
    return len(lacking)


def contents(cache: Any, outs: list[Any]) -> dict[str, str]:
    """By MD5, where in the workspace each file belongs; a folder's list of files stands for the folder."""
    paths = {}
    for out in outs:
        paths[out.hash_info.value] = out.def_path
        if out.hash_info.isdir and is_whole(cache, out.hash_info.value):
            for parts, _, info in Tree.load(cache, out.hash_info):
                paths[info.value] = "/".join((out.def_path, *parts))
    return paths


def add(source: Any, target: Any, oids: list[str]) -> dict[str, BaseException]:
    """Copy the files from one store to the other; give the errors of those that failed."""
    failed: dict[str, BaseException] = {}
    if oids:
        with TqdmCallback(desc=f"To {target.fs.protocol}", unit="file") as progress:
            paths = [source.oid_to_path(oid) for oid in oids]
            target.add(paths, source.fs, oids, check_exists=False, on_error=failed.__setitem__, callback=progress)
    return failed


def is_whole(cache: Any, oid: str) -> bool:
    """Whether the cache has the bytes that the MD5 names; others than these are dropped."""
    path = cache.oid_to_path(oid)
    if not cache.fs.exists(path):
        return False
    if file_md5(path, cache.fs) == oid.removesuffix(".dir"):
        return True
    cache.delete(oid)
    return False


def url(store: Any, oid: str) -> str:
    return str(store.fs.unstrip_protocol(store.oid_to_path(oid)))


def some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def told(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


@contextmanager
def talking_to(remote: Any) -> Iterator[None]:
    """Each kind of remote raises errors of its own; all of them say that it could not be used."""
    try:
        yield
    except (UserError, DvcException):
        raise
    except Exception as error:
        address = remote.fs.unstrip_protocol(remote.path)
        raise UserError(f"remote {remote.name} ({address}) cannot be used: {told(error)}") from error
