"""The bytes of a picture: from a file, behind an address, or on standard input, and not without an end."""

import sys
from pathlib import Path

from urllib3.exceptions import HTTPError

from octet.commands.looking.waiting import limited_wait
from octet.common.errors import UserError, first_line
from octet.common.untrusted_files import read_untrusted_file, require_few_bytes
from octet.fetching.asking import Attempts, Patience, SourceError, ask, reason_of
from octet.sources.voc.layout import MOST_BYTES, PICTURES

STDIN = "-"

_MOST_BYTES = MOST_BYTES[PICTURES]
_AT_ONCE = 1 << 18  # bytes
_MOST_SECONDS = 60  # that an address may take
_PATIENCE = Patience(silence=15, attempts=2)


def is_address(name: str) -> bool:
    """Whether a name is that of a picture on a server."""
    return name.startswith(("http://", "https://"))


def read_content(name: str) -> bytes:
    """Read a picture's bytes; a UserError says why they cannot be had, and a request to stop ends the waiting."""
    if name == STDIN:
        return _read_stdin()
    if is_address(name):
        return download_picture(name)
    return read_untrusted_file(Path(name), _MOST_BYTES)


def download_picture(address: str, most_seconds: float = _MOST_SECONDS) -> bytes:
    """Ask a server for a picture, which must be complete after so many seconds, however slowly it comes."""
    try:
        attempts = Attempts.of_source(address, _PATIENCE)
        with limited_wait(address, most_seconds), ask(address, attempts, _PATIENCE.silence, {}) as response:
            if response.status_code != 200:
                raise SourceError(reason_of(response.raw))
            content = bytearray()
            while len(content) <= _MOST_BYTES and (block := response.raw.read(_AT_ONCE)):
                content += block
    except (SourceError, HTTPError) as error:
        raise UserError(f"{address}: {first_line(error)}") from None
    return require_few_bytes(bytes(content), _MOST_BYTES, address)


def _read_stdin() -> bytes:
    if sys.stdin is None:  # closed by whoever started this program
        raise UserError(f"{STDIN}: there is no standard input")
    with limited_wait("standard input"):
        content = sys.stdin.buffer.read(_MOST_BYTES + 1)
    return require_few_bytes(content, _MOST_BYTES, "standard input")
