"""Downloads a file over HTTP, and resumes where an earlier attempt ended."""

import re
import shutil
from pathlib import Path

import requests
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from octet.common.errors import UserError
from octet.common.progress import Progress
from octet.fetching.asking import Attempts, OtherFileError, Patience, SourceError, ask, reason_of
from octet.fetching.flow import Flow
from octet.recipe.shared.dataset import File

_AT_ONCE = 1 << 18  # bytes
_ALLOWS_MORE = "`bytes` in params.yaml, if it is the size of the file, allows more"


def download(url: str, file: File, partial: Path, patience: Patience) -> bool:
    """Append to `partial` until the file is complete; True where its beginning is from an earlier attempt.

    Where the SHA-256 is known, the caller compares it; otherwise every attempt starts from the beginning.
    """
    flow = Flow(file.bytes, patience)
    with flow.watched():
        return _attempt(url, file, partial, patience, flow)


def _attempt(url: str, file: File, partial: Path, patience: Patience, flow: Flow) -> bool:
    """Request what the partial file lacks until it is complete, or the attempts are used up."""
    every = attempts = Attempts.of_source(url, patience)
    most = size_of(partial)
    while True:
        if file.sha256 is None:
            partial.unlink(missing_ok=True)
        start = size_of(partial)
        if file.bytes is not None and start >= file.bytes:  # as much as the file has, and not the file
            start = 0
        with ask(url, attempts, patience.silence, {"Range": f"bytes={start}-"} if start else {}) as response:
            if start and not _goes_on(response, start):
                partial.unlink()
                continue
            begins, total = _expect(response, start, file)
            if total is not None and total > flow.most:
                raise OtherFileError(f"has {total} bytes, expected at most {flow.most}; {_ALLOWS_MORE}")
            try:
                _keep(response, file.name, partial, begins, total, flow)
                return begins > 0
            except HTTPError as error:
                came = size_of(partial)
                dropped = ProtocolError(f"the line dropped after {came} of {total or 'unknown'} bytes")
                problem = error if isinstance(error, ReadTimeoutError) else dropped
            attempts = (every if came > most else response.raw.retries).increment("GET", error=problem)
            most = max(most, came)
        attempts.sleep()


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def require_room(folder: Path, needed: int, remedy: str) -> None:
    """Raise a UserError where the disk has fewer free bytes than needed."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise UserError(f"{folder}: {needed / 1e6:,.1f} MB are needed, {free / 1e6:,.1f} MB are free: {remedy}")


def _goes_on(response: requests.Response, start: int) -> bool:
    """Whether a response continues the file at the byte that was asked for, or sends all of it."""
    return response.status_code != 416 and (response.status_code != 206 or _range(response)[0] == start)


def _expect(response: requests.Response, start: int, file: File) -> tuple[int, int | None]:
    """The byte at which a response's part of the file begins, and the length of the file, if it is known."""
    if response.status_code not in (200, 206):
        raise SourceError(reason_of(response.raw))
    if response.status_code == 206:
        first, total = _range(response)
        if first != start:
            raise SourceError(f"sent {response.headers.get('Content-Range')}, asked for all from byte {start} on")
    else:
        start = 0
        total = _number(response.headers.get("Content-Length"))
    if file.bytes is not None and total not in (None, file.bytes):
        raise OtherFileError(f"has {total} bytes, expected {file.bytes}")
    return start, file.bytes or total


def _range(response: requests.Response) -> tuple[int | None, int | None]:
    """The first byte and the file's length in a header such as `Content-Range: bytes 5-9/10`."""
    bounds, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    return _number(bounds.partition("-")[0]), _number(total)


def _number(text: str | None) -> int | None:
    return int(text) if text and re.fullmatch("[0-9]{1,18}", text) else None


def _keep(response: requests.Response, name: str, partial: Path, start: int, total: int | None, flow: Flow) -> None:
    """Write the response's body after the first `start` bytes of the partial file."""
    require_room(partial.parent, (total or 0) - start, "free some, or name another folder with OCTET_CACHE=")
    came = start
    with partial.open("ab") as out, Progress(name, total, "B", initial=start) as progress:
        out.truncate(start)
        while block := response.raw.read1(_AT_ONCE, decode_content=False):
            came += len(block)
            flow.count(len(block))
            if came > (flow.most if total is None else total):
                partial.unlink()
                raise OtherFileError(
                    f"sent more than {total} bytes" if total else f"sends more than {flow.most} bytes; {_ALLOWS_MORE}"
                )
            out.write(block)
            progress.advance(len(block))
    if total is not None and came < total:
        raise ProtocolError
