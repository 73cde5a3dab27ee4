"""One file over HTTP: what came is kept when the line drops, and asked for no more."""

import shutil
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, InvalidURL
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from octet.common.errors import UserError
from octet.common.progress import Progress
from octet.recipe.shared.dataset import File

_AT_ONCE = 1 << 18  # bytes
_LONGEST_WAIT = 60  # s that a server may ask for


@dataclass(frozen=True)
class Patience:
    """What is borne before a source is given up."""

    silence: float = 30  # s
    wait: float = 1  # s before the second attempt; twice that before the third, and so on
    attempts: int = 3  # in a row that bring nothing


class SourceError(Exception):
    """This source does not give the file; another may."""


class OtherFileError(SourceError):
    """What this source gives is not the file."""


class _PassingError(Exception):
    """What may be better a moment later."""

    def __init__(self, reason: str, wait: float = 0) -> None:
        super().__init__(reason)
        self.wait = wait  # s that the server asked for


class _RangeError(Exception):
    """The server cannot go on from where the partial file ends."""


def download(url: str, file: File, partial: Path, patience: Patience) -> bool:
    """Go on with `partial` until all of the file is there; say whether its beginning is from an earlier attempt.

    Where the SHA-256 is known, that decides whether the parts fit; else every attempt starts over.
    """
    most, failures = size_of(partial), 0
    while True:
        if file.sha256 is None:
            partial.unlink(missing_ok=True)
        try:
            return _attempt(url, file, partial, patience.silence)
        except _PassingError as error:
            came = size_of(partial)
            failures = 1 if came > most else failures + 1
            most = max(most, came)
            if failures >= patience.attempts:
                raise SourceError(f"{error} ({failures} attempts)") from None
            wait = max(patience.wait * 2 ** (failures - 1), error.wait)
            print(f"{url}: {error}; trying again in {wait:g} s", flush=True)
            time.sleep(wait)


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def require_room(folder: Path, needed: int, remedy: str) -> None:
    """A UserError where the disk cannot take that many bytes."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UserError(f"{folder}: {needed / 1e6:,.1f} MB are needed, {free / 1e6:,.1f} MB are free: {remedy}")


def _attempt(url: str, file: File, partial: Path, silence: float) -> bool:
    start = size_of(partial)
    if file.bytes is not None and start >= file.bytes:  # as much as the file has, and not the file
        start = 0
    request = {"User-Agent": "octet"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        with _network():
            response = urlopen(Request(url, headers=request), timeout=silence)
        with response:
            begins, total = _expect(response, start, file)
            _keep(response, file.name, partial, begins, total)
    except _RangeError as error:
        if start == 0:
            raise SourceError(str(error)) from None
        partial.unlink()
        return _attempt(url, file, partial, silence)
    return begins > 0


def _expect(response: Any, start: int, file: File) -> tuple[int, int | None]:
    """From which byte on this answer has the file, and how long the file is."""
    if response.status == 206:
        start_given, total = _range(response.headers)
        if start_given != start:
            raise _RangeError(f"sent {response.headers['Content-Range']}, asked for all from byte {start} on")
    else:
        start = 0
        total = _number(response.headers["Content-Length"])
    if file.bytes is not None and total not in (None, file.bytes):
        raise OtherFileError(f"has {total} bytes, expected {file.bytes}")
    return start, file.bytes or total


def _range(headers: HTTPMessage) -> tuple[int | None, int | None]:
    """The first byte and the file's length, of `Content-Range: bytes 5-9/10`."""
    bounds, _, total = headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    return _number(bounds.partition("-")[0]), _number(total)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() else None


def _keep(response: Any, name: str, partial: Path, start: int, total: int | None) -> None:
    """Write what comes behind the first `start` bytes of the partial file."""
    require_room(partial.parent, (total or 0) - start, "free some, or name another folder with OCTET_CACHE=")
    came = start
    with partial.open("ab") as out, Progress(name, total, "B", initial=start) as progress:
        out.truncate(start)
        while some := _read(response):
            came += len(some)
            if total is not None and came > total:
                partial.unlink()
                raise OtherFileError(f"sent more than {total} bytes")
            out.write(some)
            progress.advance(len(some))
        if total is not None and came < total:
            raise _PassingError(f"the line dropped after {came} of {total} bytes")


def _read(response: Any) -> bytes:
    with _network():
        return response.read1(_AT_ONCE)


@contextmanager
def _network() -> Iterator[None]:
    """Sort what a network and a server can do into what may pass and what will not."""
    try:
        yield
    except HTTPError as error:
        error.close()
        raise _refusal(error) from None
    except (OSError, HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, URLError) else error
        reason = " ".join(str(cause).split()) or type(cause).__name__
        if isinstance(cause, ssl.SSLCertVerificationError):
            raise SourceError(f"{reason}; SSL_CERT_FILE= names the certificates to trust") from None
        unknown_host = isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME
        if unknown_host or isinstance(cause, str | ValueError | InvalidURL):
            raise SourceError(reason) from None
        raise _PassingError(reason) from None


def _refusal(error: HTTPError) -> Exception:
    reason = " ".join(f"{error.code} {error.reason}".split())
    if error.code == 416:
        return _RangeError(reason)
    if error.code < 500 and error.code not in (408, 429):
        return SourceError(reason)
    wait = _number(error.headers["Retry-After"]) or 0
    if wait > _LONGEST_WAIT:
        return SourceError(f"{reason}, to be asked again in {wait} s")
    return _PassingError(reason, wait)
