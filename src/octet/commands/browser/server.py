"""A web server for one page, a model and its runtime; it serves no other file."""

from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from octet.common.errors import UserError

_PAGE = Path(__file__).with_name("page")
_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".wasm": "application/wasm",
    ".tflite": "application/octet-stream",
}
# Browsers then let the page reach this server alone: MediaPipe's runtime would otherwise report its use to its maker.
_POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src 'self' blob: data:; media-src 'self' blob:"


class Demo(ThreadingHTTPServer):
    """A server that by default answers requests of this machine only."""

    daemon_threads = True

    def __init__(self, model: Path, runtime: Path, port: int, host: str = "127.0.0.1") -> None:
        files = {"/model.tflite": model}
        files |= {f"/{file.name}": file for file in _PAGE.iterdir()}
        files |= {f"/runtime/{file.relative_to(runtime)}": file for file in runtime.rglob("*") if file.is_file()}
        files["/"] = _PAGE / "index.html"
        try:
            super().__init__((host, port), partial(_Handler, files))
        except OSError as error:
            raise UserError(
                f"{host}:{port}: cannot listen there: {error.strerror}; --port names another port"
            ) from None

    def handle_error(self, *_: object) -> None:
        """Say nothing of a browser that leaves in the middle of a file."""


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, files: dict[str, Path], *others: object) -> None:
        self._files = files
        super().__init__(*others)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        file = self._files.get(self.path.partition("?")[0])
        if not file:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        content = file.read_bytes()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", _KINDS[file.suffix])
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Do not log each request."""
