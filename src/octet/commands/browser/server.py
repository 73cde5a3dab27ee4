"""A web server for one page, its models and their runtime; it serves no other file, and nobody's page but its own."""

import io
import re
import socket
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from octet.common.errors import UserError

_PAGE = Path(__file__).with_name("page")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".tflite": "application/octet-stream",
    ".json": "application/json",
    ".jpg": "image/jpeg",
}
_HEADERS = {
    # The page then reaches this server alone: MediaPipe's runtime would otherwise report its use to its maker.
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")
_PORT = re.compile(r":\d*$")


class Demo(ThreadingHTTPServer):
    """A server that by default answers requests of this machine only.

    A request has to come, and its answer to go, within `patience` seconds each; connections beyond `places` are closed.
    """

    daemon_threads = True

    def __init__(
        self,
        content: Mapping[str, Path],
        runtime: Path,
        port: int,
        host: str = "127.0.0.1",
        patience: float = 30,
        places: int = 64,
    ) -> None:
        """Serve the files in `content`, by the paths of their addresses, and those of the page and of the runtime."""
        self.files = {**content}
        self.files |= {f"/{file.name}": file for file in _PAGE.iterdir()}
        self.files |= {f"/runtime/{file.relative_to(runtime)}": file for file in runtime.rglob("*") if file.is_file()}
        self.files["/"] = _PAGE / "index.html"
        self.names, self.patience, self._places = {*_OWN_NAMES, host}, patience, BoundedSemaphore(places)
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise UserError(
                f"{host}:{port}: cannot listen there: {error.strerror}; --port names another port"
            ) from None

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, *_: object) -> None:
        """Say nothing of a browser that leaves in the middle of a file."""


class _Handler(BaseHTTPRequestHandler):
    server: Demo
    server_version, sys_version = "octet", ""

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_InTime(self.connection, self.server.patience))

    def do_GET(self) -> None:
        self.connection.settimeout(self.server.patience)
        file = self.server.files.get(self.path.partition("?")[0])
        if not self._is_meant():
            names = " or ".join(sorted(self.server.names))
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, explain=f"This server answers as {names} (--host)")
        elif not file:
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            content = file.read_bytes()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", _KINDS[file.suffix])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def end_headers(self) -> None:
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Do not log each request."""

    def _is_meant(self) -> bool:
        """Whether the browser asked for this machine: the name of another site can be made to lead here.

        The port may be another's: a tunnel's, or one that a container's engine forwards.
        """
        hosts = self.headers.get_all("Host", [])
        return len(hosts) == 1 and _PORT.sub("", hosts[0].lower()) in self.server.names


class _InTime(io.RawIOBase):
    """What comes from a connection in a number of seconds, however it is spread over them."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection, self._end = connection, time.monotonic() + seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(max(self._end - time.monotonic(), 1e-6))
        return self._connection.recv_into(buffer)
