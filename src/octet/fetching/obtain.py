"""Get a file from the first source that has it, and verify its size and SHA-256; downloads are cached for all projects.

The cache $OCTET_CACHE (~/.cache/octet) holds downloads as files/SHA-256, unfinished ones beside them, and under
first-seen/ a note for each URL without a SHA-256 in the recipe: the size and SHA-256 of its first download.
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from octet.common.errors import UserError
from octet.common.files import atomic_write, sha256_of, write_json
from octet.fetching.asking import OtherFileError, Patience, SourceError
from octet.fetching.download import download, require_room, size_of
from octet.fetching.own import container_hint, is_pipe_or_device, local_path
from octet.recipe.shared.dataset import File

Check = Callable[[Path], None]  # raises an OtherFileError

_PATIENCE = Patience()


def obtain(file: File, target: Path, check: Check | None = None, patience: Patience = _PATIENCE) -> None:
    """Write the file, complete and verified, to `target`; the error, if no source has it, gives a reason for each.

    Where its SHA-256 is unknown, `check` refuses a file of another kind.
    """
    if file.sha256 or not check:
        check = _accept
    with _report_disk_errors(file, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.sha256 and _difference(_cached(file.sha256), file) is None:
            return _link(_cached(file.sha256), target)
        reasons = []
        for source in file.sources:
            try:
                if source.startswith(("http://", "https://")):
                    return _link(_from_url(source, file, target, check, patience), target)
                return _copy_local(source, file, target, check)
            except SourceError as error:
                reasons.append(f"{source}: {error}")
                print(reasons[-1], flush=True)
    raise UserError(
        "\n  ".join([f"no source gave {file.name}:", *reasons])
        + "\nIf you have a copy, name its path under `sources` in params.yaml."
    )


@contextmanager
def _report_disk_errors(file: File, target: Path) -> Iterator[None]:
    """Turn an OSError into a UserError that names the folders in use and how to change the cache's."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{file.name}: {error}. It is written to {target.parent}; downloads are kept in {cache_folder()}, "
            "and OCTET_CACHE= names another folder for them"
        ) from None


def _difference(path: Path, file: File) -> str | None:
    """Describe how the file at `path` differs from the expected one; None if it does not."""
    if not path.is_file():
        return "is no file"
    if file.bytes not in (None, size_of(path)):
        return f"has {size_of(path)} bytes, expected {file.bytes}"
    if file.sha256 is not None and (sha256 := sha256_of(path)) != file.sha256:
        return f"has SHA-256 {sha256}, expected {file.sha256}"
    return None


def _copy(path: Path, target: Path) -> None:
    require_room(target.parent, size_of(path), "free some space there")
    shutil.copyfile(path, target)


# --- local files ------------------------------------------------------------------------------------------------------


def _copy_local(source: str, file: File, target: Path, check: Check) -> None:
    """Copy a local file to the target; a link would change with the user's file."""
    path = local_path(source)
    if path is None:
        raise SourceError("is not a source: expected http://, https://, file:///PATH or a path")
    try:
        if is_pipe_or_device(path):
            raise SourceError("is a pipe or a device; expected a file")
        path.open("rb").close()
    except (OSError, ValueError) as error:  # ValueError: not a valid path, such as one with a null byte
        raise SourceError(f"{getattr(error, 'strerror', error)}{container_hint(path)}") from None
    if difference := _difference(path, file):
        raise OtherFileError(difference)
    with atomic_write(target) as partial:
        _copy(path, partial)
        check(partial)


# --- the cache --------------------------------------------------------------------------------------------------------


def cache_folder() -> Path:
    """The folder that downloads are kept in, for every clone on this machine."""
    return Path(os.environ.get("OCTET_CACHE") or Path.home() / ".cache" / "octet")


def _cached(name: str) -> Path:
    return cache_folder() / "files" / name


def _link(cached: Path, target: Path) -> None:
    """Make `target` a hard link to the cached file, so that its bytes are stored once, or a copy where that fails."""
    with atomic_write(target) as partial:
        partial.unlink(missing_ok=True)
        try:
            partial.hardlink_to(cached.resolve())
        except OSError:  # another disk, or a file system without links
            _copy(cached, partial)


def _from_url(url: str, file: File, target: Path, check: Check, patience: Patience) -> Path:
    """Return the path of the file in the cache; download it first if it is not there."""
    key = file.sha256 or _digest(url)
    partial = _cached(f"{key}.partial")
    with _locked(key, file.name):
        expected, hint = _first_seen(file)
        try:
            if expected.sha256 and _is_cached(_cached(expected.sha256), expected):
                check(_cached(expected.sha256))
                return _cached(expected.sha256)
            if partial.is_symlink() or is_pipe_or_device(partial):  # whoever made it
                partial.unlink()
            if expected.bytes and partial.parent.stat().st_dev != target.parent.stat().st_dev:
                require_room(target.parent, expected.bytes, "free some space there")
            _complete(url, expected, partial, patience)
            check(partial)
            sha256 = expected.sha256 or _write_note(url, file, partial)
            cached = partial.replace(_cached(sha256))
            cached.chmod(0o444)  # files that are linked to it share its bytes
            return cached
        except OtherFileError as error:
            raise OtherFileError(f"{error}{hint}") from None
        finally:
            if not expected.sha256:  # nothing could be added to it
                partial.unlink(missing_ok=True)


def _accept(_: Path) -> None:
    """Take a file of any kind."""


@contextmanager
def _locked(key: str, name: str) -> Iterator[None]:
    """Hold a lock while the block runs, so that only one process at a time downloads the file."""
    path = _cached(f"{key}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"{name}: waiting for another process that is downloading it ({path})", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _is_cached(cached: Path, file: File) -> bool:
    """Tell whether the cache has the file; a damaged copy is deleted."""
    if not cached.exists():
        return False
    if difference := _difference(cached, file.model_copy(update={"bytes": None})):
        print(f"{file.name}: {cached} is damaged and deleted: it {difference}", flush=True)
        cached.unlink()
        return False
    if file.bytes not in (None, size_of(cached)):
        raise OtherFileError(f"with this SHA-256 has {size_of(cached)} bytes, expected {file.bytes}")
    return True


def _complete(url: str, file: File, partial: Path, patience: Patience) -> None:
    """Download the rest of the partial file; if the result is wrong, download once more from the start."""
    if file.sha256 and _difference(partial, file) is None:
        return
    for _ in range(2):
        resumed = download(url, file, partial, patience)
        difference = _difference(partial, file)
        if difference is None:
            return
        partial.unlink()
        if not resumed:
            break
        print(f"{url}: the resumed download {difference}; downloading again from the start", flush=True)
    raise OtherFileError(difference)


# --- files without a known SHA-256 ------------------------------------------------------------------------------------


def _first_seen(file: File) -> tuple[File, str]:
    """Complete a file without SHA-256 from the note of its first download; the text names the note for messages."""
    for note in [] if file.sha256 else map(_note_path, file.sources):
        if note.is_file():
            try:
                noted = File.model_validate_json(note.read_bytes())
            except ValidationError:
                raise UserError(f"{note}: not a valid note of a first download; delete it") from None
            completed = file.model_copy(update={"sha256": noted.sha256, "bytes": file.bytes or noted.bytes})
            return completed, f", as first seen (delete {note} to accept the new file)"
    return file, ""


def _write_note(url: str, file: File, downloaded: Path) -> str:
    """Note the size and SHA-256 of the first download of a URL, and return the SHA-256."""
    sha256 = sha256_of(downloaded)
    noted = file.model_copy(update={"sha256": sha256, "bytes": size_of(downloaded) or None, "sources": (url,)})
    write_json(_note_path(url), noted.model_dump())
    print(
        f"{file.name}: first seen with SHA-256 {sha256}; in params.yaml it makes every machine require this file",
        flush=True,
    )
    return sha256


def _note_path(url: str) -> Path:
    return cache_folder() / "first-seen" / f"{_digest(url)}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
