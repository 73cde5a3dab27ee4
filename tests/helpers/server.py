"""An HTTP server whose every answer a test decides, and which keeps what it was asked."""

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

Answer = Callable[["Asked"], None]


class Asked(BaseHTTPRequestHandler):
    """One request."""

    server: "Server"

    def do_GET(self) -> None:
        path = urlsplit(self.path).path  # a proxy is asked for a whole URL
        answers = self.server.answers[path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self.server.asked.append((self.path, self.headers["Range"]))
        self.server.agents.add(self.headers["User-Agent"])
        answer(self)

    def reply(self, code: int, body: bytes, **headers: str) -> None:
        """Content-Length is that of the body unless it is given; no reply has one where it is empty."""
        self.send_response(code)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            if value:
                self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def start(self) -> int:
        return int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").removesuffix("-"))

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Answers each path with its answers in turn, and then with the last of them."""

    def __init__(self, **answers: list[Answer]) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.answers = {f"/{name}": list(given) for name, given in answers.items()}
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
        """A client that goes away is what some tests are about."""

    def speak_tls(self, certificate: Path, key: Path) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    def url(self, name: str, host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.server_port}/{name}"

    def ranges(self) -> list[str | None]:
        return [asked for _, asked in self.asked]


def whole(content: bytes, **headers: str) -> Answer:
    """Answers as if there were no Range."""
    return lambda asked: asked.reply(200, content, **headers)


def ranged(content: bytes, until: int | None = None) -> Answer:
    """Answers a Range, and lets the line drop after byte `until`."""

    def answer(asked: Asked) -> None:
        start = asked.start()
        if start >= len(content):
            return asked.reply(416, b"")
        length = str(len(content) - start)
        if not start:
            return asked.reply(200, content[:until], Content_Length=length)
        given = f"bytes {start}-{len(content) - 1}/{len(content)}"
        return asked.reply(206, content[start:until], Content_Length=length, Content_Range=given)

    return answer


def status(code: int, **headers: str) -> Answer:
    return lambda asked: asked.reply(code, b"", **headers)


def raw(reply: bytes) -> Answer:
    """Answers with these bytes, be they HTTP or not."""
    return lambda asked: asked.connection.sendall(reply)


def endless(code: int, **headers: str) -> Answer:
    """Answers with a body that has no end, until the other side goes away."""

    def answer(asked: Asked) -> None:
        asked.reply(code, b"", Content_Length="", **headers)
        while True:
            asked.wfile.write(bytes(1 << 16))

    return answer


def reset(asked: Asked) -> None:
    """The connection breaks before an answer."""
    asked.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    asked.connection.close()


def stalled(content: bytes, until: int, go_on: threading.Event) -> Answer:
    """Says no more after byte `until` before it is told to go on."""

    def answer(asked: Asked) -> None:
        start = asked.start()
        given = f"bytes {start}-{len(content) - 1}/{len(content)}"
        asked.reply(
            206 if start else 200, content[start:until], Content_Length=str(len(content) - start), Content_Range=given
        )
        go_on.wait()
        asked.wfile.write(content[until:])

    return answer
