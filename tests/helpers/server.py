"""An HTTP server whose answers a test chooses, and which records the requests that it gets."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

Answer = Callable[["Asked"], None]


class Asked(BaseHTTPRequestHandler):
    """One request to the server."""

    server: "Server"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path  # a proxy gets a complete URL
        answers = self.server.answers[path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.server.asked.append((self.path, self.headers["Range"]))
        self.server.agents.add(self.headers["User-Agent"])
        answer(self)

    def reply(self, code: int, body: bytes, **headers: str) -> None:
        """Send a reply; Content-Length is the length of the body unless given, and is not sent if given as empty."""
        self.send_response(code)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def start(self) -> int:
        """Return the first byte that the request's Range asks for."""
        return int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Answers each path with its answers in turn; the last one is repeated."""

    def __init__(self, **answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.answers = {f"/{name}": list(replies) for name, replies in answers.items()}
        self.asked: list[tuple[str, str | None]] = []
        self.agents: set[str] = set()
        self.scheme = "http"

    def __enter__(self) -> "Server":
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """Print nothing: in some tests the client closes the connection."""

    def speak_tls(self, certificate: Path, key: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.server_port}/{name}"

    def ranges(self) -> list[str | None]:
        return [requested for _, requested in self.asked]


def whole(content: bytes, **headers: str) -> Answer:
    """Answer with all of the content, whatever Range was requested."""
    return lambda asked: asked.reply(200, content, **headers)


def ranged(content: bytes, until: int | None = None) -> Answer:
    """Answer the requested Range, and close the connection after byte `until`."""

    def answer(asked: Asked) -> None:
        start = asked.start()
        if start >= len(content):
            return asked.reply(416, b"")
        length = str(len(content) - start)
        if not start:
            return asked.reply(200, content[:until], Content_Length=length)
        content_range = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return asked.reply(206, content[start:until], Content_Length=length, Content_Range=content_range)

    return answer


def status(code: int, **headers: str) -> Answer:
    return lambda asked: asked.reply(code, b"", **headers)


def raw(reply: bytes) -> Answer:
    """Answer with these bytes, which need not be HTTP."""
    return lambda asked: asked.connection.sendall(reply)


def endless(code: int, **headers: str) -> Answer:
    """Answers with a body that has no end, until the other side goes away."""

    def answer(asked: Asked) -> None:
        asked.reply(code, b"", Content_Length="", **headers)
        while True:
            asked.wfile.write(bytes(1 << 16))

    return answer


def dripping(start: bytes, drop: bytes) -> Answer:
    """Answers with `start`, which need not be HTTP, and a drop now and then, until the other side goes away."""

    def answer(asked: Asked) -> None:
        asked.connection.sendall(start)
        while True:
            asked.connection.sendall(drop)
            time.sleep(0.01)

    return answer


def reset(asked: Asked) -> None:
    """Break the connection without an answer."""
    asked.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asked.connection.close()


def stalled(content: bytes, until: int, go_on: threading.Event) -> Answer:
    """Answer up to byte `until`, then wait for `go_on` before sending the rest."""

    def answer(asked: Asked) -> None:
        start = asked.start()
        content_range = f"bytes {start}-{len(content) - 1}/{len(content)}"
        asked.reply(
            206 if start else 200,
            content[start:until],
            Content_Length=str(len(content) - start),
            Content_Range=content_range,
        )
        go_on.wait()
        asked.wfile.write(content[until:])

    return answer
