"""Requests to a server, repeated where that may help, through urllib3's Retry; every attempt says why it failed."""

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, Retry
from urllib3.connectionpool import ConnectionPool
from urllib3.exceptions import HTTPError, InvalidHeader, MaxRetryError

_BUSY = frozenset({408, 429, *range(500, 600)})
_LONGEST_WAIT = 60  # s that a server may ask for
_REDIRECTS = 10
_LONGEST_REASON = 200  # letters of what a server says


@dataclass(frozen=True)
class Patience:
    """How long and how often a source is tried before it is given up, and how much it may send."""

    silence: float = 30  # s
    wait: float = 1  # s before the second attempt; twice that before the third, and so on
    attempts: int = 3  # in a row that bring nothing
    interval: float = 300  # s; longer than all attempts that bring nothing
    least: int = 3_000_000  # bytes of the file in each interval
    most: int = 8_000_000_000  # bytes of a file whose size the recipe does not say


class SourceError(Exception):
    """This source does not give the file; another may."""


class OtherFileError(SourceError):
    """The source has another file than the one that was asked for."""


class Attempts(Retry):
    """The attempts that are left for a source; a SourceError is raised when none is left, or another cannot help."""

    url: str

    @classmethod
    def of_source(cls, url: str, patience: Patience) -> "Attempts":
        """All attempts for a source that has not been tried yet."""
        attempts = cls(patience.attempts - 1, status_forcelist=_BUSY, backoff_factor=patience.wait)
        attempts.url = url
        return attempts

    def new(self, **changes: Any) -> "Attempts":
        attempts = super().new(**changes)
        attempts.url = self.url
        return attempts

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> "Attempts":
        reason, wait = _reason(error) if error else "", 0.0
        if response is not None:
            response.close()  # urllib3 would read the answer to its end, if it has one
            reason, wait = reason_of(response), self.get_retry_after(response) or 0
        if wait > _LONGEST_WAIT:
            raise SourceError(f"{reason}, to be asked again in {wait:.0f} s")
        try:
            left = super().increment(method, url, response, error, _pool, _stacktrace)
        except MaxRetryError:
            raise SourceError(f"{reason} ({len(self.history) + 1} attempts)") from None
        wait = wait or left.get_backoff_time()
        print(f"{self.url}: {reason}; trying again in {wait:g} s", flush=True)
        return left

    def get_backoff_time(self) -> float:
        return max(super().get_backoff_time(), self.backoff_factor)  # urllib3 asks the first time without a pause

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        try:
            return super().get_retry_after(response)
        except (InvalidHeader, ValueError, OverflowError):  # what a server says need not be a time
            return None


def ask(url: str, attempts: Attempts, silence: float, headers: Mapping[str, str]) -> requests.Response:
    """Request a URL; the response's body is still to be read. The environment names proxies and certificates."""
    session = requests.Session()
    session.headers.clear()
    session.headers.update({"User-Agent": "octet", "Accept-Encoding": "identity", **headers})
    session.max_redirects = _REDIRECTS
    session.hooks["response"].append(_close_redirect)
    trusted = ssl.get_default_verify_paths()  # $SSL_CERT_FILE, $SSL_CERT_DIR, or the system's
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=attempts))
    try:
        return session.get(url, stream=True, timeout=silence, verify=trusted.cafile or trusted.capath or True)
    except (requests.RequestException, HTTPError, ValueError) as error:
        raise SourceError(_reason(error)) from None


def reason_of(response: BaseHTTPResponse) -> str:
    """The status of a response and the server's reason for it, as one line."""
    return _line(f"{response.status} {response.reason or ''}")


def _close_redirect(response: requests.Response, **_: Any) -> None:
    if response.is_redirect:
        response.raw.close()  # requests would read the answer to its end, if it has one


def _reason(error: BaseException) -> str:
    """The innermost cause of an error, as one line; a SourceError is raised where another attempt cannot help."""
    while inner := error.__cause__ or next((part for part in error.args if isinstance(part, BaseException)), None):
        error = inner
    reason = _line(str(error)) or type(error).__name__
    if isinstance(error, ssl.SSLCertVerificationError):
        raise SourceError(f"{reason}; SSL_CERT_FILE= names the certificates to trust")
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_NONAME:
        raise SourceError(reason)
    return reason


def _line(text: str) -> str:
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:_LONGEST_REASON]
