"""A file from the first source that has it, held to its size and SHA-256; downloads are kept outside the repository.

$OCTET_CACHE (~/.cache/octet) holds them under files/SHA-256, what is on its way beside them, and under first-seen/ what
came for a URL whose SHA-256 nobody had given.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from octet.common.errors import UserError
from octet.common.files import whole_file, write_json
from octet.fetching.asking import Patience, SourceError
from octet.fetching.download import OtherFileError, download, require_room, size_of
from octet.fetching.own import own_path, why_hidden
from octet.recipe.shared.dataset import File

_AT_ONCE = 1 << 20  # bytes
_PATIENCE = Patience()


def obtain(file: File, target: Path, patience: Patience = _PATIENCE) -> None:
    """Make `target` that file, whole and verified, or say of every source why it did not give it."""
    with _naming_the_disk(file, target):
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.sha256 and _difference(_cached(file.sha256), file) is None:
            return _place(_cached(file.sha256), target)
        reasons = []
        for source in file.sources:
            try:
                if source.startswith(("http://", "https://")):
                    return _place(_from_url(source, file, target, patience), target)
                return _copy_own(source, file, target)
            except SourceError as error:
                reasons.append(f"{source}: {error}")
                print(reasons[-1], flush=True)
    raise UserError(
        "\n  ".join([f"no source gave {file.name}:", *reasons])
        + "\nA copy that you have can be named as a path under `sources` in params.yaml."
    )


@contextmanager
def _naming_the_disk(file: File, target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{file.name}: {error}. It was to go to {target.parent}; downloads are kept in {_cache()}, "
            "and OCTET_CACHE= names another folder for them"
        ) from None


def _difference(path: Path, file: File) -> str | None:
    """What keeps the path from being the file."""
    if not path.exists():
        return "is not there"
    if file.bytes not in (None, size_of(path)):
        return f"has {size_of(path)} bytes, expected {file.bytes}"
    if file.sha256 is not None and (found := _sha256(path)) != file.sha256:
        return f"has SHA-256 {found}, expected {file.sha256}"
    return None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while some := content.read(_AT_ONCE):
            digest.update(some)
    return digest.hexdigest()


def _copy(path: Path, target: Path) -> None:
    require_room(target.parent, size_of(path), "free some there")
    shutil.copyfile(path, target)


# --- a file of the user's own -----------------------------------------------------------------------------------------


def _copy_own(source: str, file: File, target: Path) -> None:
    """A copy, not a link: the user may change the file."""
    path = own_path(source)
    if path is None:
        raise SourceError("is none of http://, https://, file:///PATH and a path")
    try:
        path.open("rb").close()
    except (OSError, ValueError) as error:  # a name may be no name at all
        raise SourceError(f"{getattr(error, 'strerror', error)}{why_hidden(path)}") from None
    if wrong := _difference(path, file):
        raise OtherFileError(wrong)
    with whole_file(target) as partial:
        _copy(path, partial)


# --- the cache --------------------------------------------------------------------------------------------------------


def _cache() -> Path:
    return Path(os.environ.get("OCTET_CACHE") or Path.home() / ".cache" / "octet")


def _cached(name: str) -> Path:
    return _cache() / "files" / name


def _place(cached: Path, target: Path) -> None:
    """Link where the file system can, so that the bytes are held once."""
    with whole_file(target) as partial:
        partial.unlink(missing_ok=True)
        try:
            partial.hardlink_to(cached)
        except OSError:  # another disk, or one that has no links
            _copy(cached, partial)


def _from_url(url: str, file: File, target: Path, patience: Patience) -> Path:
    """Where in the cache the file lies, after a download if need be."""
    key = file.sha256 or _digest(url)
    with _alone(key, file.name):
        known, told = _known(file)
        try:
            if known.sha256 and _is_kept(_cached(known.sha256), known):
                return _cached(known.sha256)
            partial = _cached(f"{key}.partial")
            if known.bytes and partial.parent.stat().st_dev != target.parent.stat().st_dev:
                require_room(target.parent, known.bytes, "free some there")
            _complete(url, known, partial, patience)
        except OtherFileError as error:
            raise OtherFileError(f"{error}{told}") from None
        if not known.sha256 and _is_web_page(partial):
            partial.unlink()
            raise OtherFileError("sent a web page")
        sha256 = known.sha256 or _note(url, file, partial)
        cached = partial.replace(_cached(sha256))
        cached.chmod(0o444)  # what is linked to it is the same file
        return cached


def _is_web_page(path: Path) -> bool:
    """What a server that has no such file may send with a good conscience."""
    with path.open("rb") as content:
        return content.read(64).lstrip().startswith(b"<")


@contextmanager
def _alone(key: str, name: str) -> Iterator[None]:
    """Let one process at a time download the file."""
    path = _cached(f"{key}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        print(f"{name}: waiting for another process that downloads it ({path})", flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _is_kept(cached: Path, file: File) -> bool:
    """Whether the cache has the file; what is damaged is dropped."""
    if not cached.exists():
        return False
    if wrong := _difference(cached, file.model_copy(update={"bytes": None})):
        print(f"{file.name}: {cached} is damaged, and dropped: it {wrong}", flush=True)
        cached.unlink()
        return False
    if file.bytes not in (None, size_of(cached)):
        raise OtherFileError(f"with this SHA-256 has {size_of(cached)} bytes, expected {file.bytes}")
    return True


def _complete(url: str, file: File, partial: Path, patience: Patience) -> None:
    """Download what the partial file lacks; if the parts do not fit, once more in one piece."""
    if file.sha256 and _difference(partial, file) is None:
        return
    for _ in range(2):
        resumed = download(url, file, partial, patience)
        wrong = _difference(partial, file)
        if wrong is None:
            return
        partial.unlink()
        if not resumed:
            break
        print(f"{url}: what was resumed {wrong}; once more from the start", flush=True)
    raise OtherFileError(wrong)


# --- what nobody gave a SHA-256 for -----------------------------------------------------------------------------------


def _known(file: File) -> tuple[File, str]:
    """The file as it was first seen, and who says so, if its SHA-256 is not given."""
    for note in [] if file.sha256 else map(_note_of, file.sources):
        if note.exists():
            try:
                seen = File.model_validate_json(note.read_bytes())
            except ValidationError:
                raise UserError(f"{note}: not what was written there; delete it") from None
            known = file.model_copy(update={"sha256": seen.sha256, "bytes": file.bytes or seen.bytes})
            return known, f", as first seen (delete {note} to take what comes now)"
    return file, ""


def _note(url: str, file: File, came: Path) -> str:
    sha256 = _sha256(came)
    seen = file.model_copy(update={"sha256": sha256, "bytes": size_of(came) or None, "sources": (url,)})
    write_json(_note_of(url), seen.model_dump())
    print(
        f"{file.name}: first seen with SHA-256 {sha256}: in params.yaml it holds every machine to this file", flush=True
    )
    return sha256


def _note_of(url: str) -> Path:
    return _cache() / "first-seen" / f"{_digest(url)}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
