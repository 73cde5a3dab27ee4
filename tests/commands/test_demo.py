"""The demo's server, as browsers, other sites' pages and hostile clients meet it."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from conftest import ROOT
from octet.commands.browser.server import Demo
from octet.common.errors import UserError

MODEL = b"TFL3" + bytes(100_000)
LONGEST_LINE = 1 << 16


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model, and a runtime; beside them is what nobody may have."""
    (tmp_path / "model.tflite").write_bytes(MODEL)
    (tmp_path / "runtime" / "wasm").mkdir(parents=True)
    (tmp_path / "runtime" / "wasm" / "some.wasm").write_bytes(b"wasm")
    (tmp_path / "secret.txt").write_text("secret")
    return tmp_path


def content(folder: Path) -> dict[str, Path]:
    return {"/model.tflite": folder / "model.tflite"}


@contextmanager
def serving(folder: Path, **options: Any) -> Iterator[Demo]:
    with Demo(content(folder), folder / "runtime", 0, **options) as demo:
        Thread(target=demo.serve_forever, args=(0.01,), daemon=True).start()
        yield demo
        demo.shutdown()


@pytest.fixture
def server(folder: Path) -> Iterator[Demo]:
    with serving(folder) as demo:
        yield demo


def connect(server: Demo) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.server_port), timeout=30)


def answer(connection: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    with connection, connection.makefile("rb") as file:
        return file.read()


def ask(server: Demo, path: str = "/", method: str = "GET", host: str | None = None, more: str = "") -> bytes:
    host = host or f"localhost:{server.server_port}"
    with connect(server) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n".encode())
        return answer(connection)


def status(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1])


def test_it_serves_the_page_the_model_and_the_runtime(server: Demo) -> None:
    assert b"<title>" in ask(server, "/")
    assert ask(server, "/model.tflite?v=1").endswith(b"\r\n\r\n" + MODEL)
    assert ask(server, "/runtime/wasm/some.wasm").endswith(b"\r\n\r\nwasm")


@pytest.mark.parametrize("path", ["/", "/model.tflite", "/missing"])
def test_a_page_of_it_asks_nobody_and_stands_in_no_other_page(server: Demo, path: str) -> None:
    head = ask(server, path).partition(b"\r\n\r\n")[0].decode().splitlines()
    headers = dict(line.split(": ", 1) for line in head[1:])
    policy = headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'"} <= set(policy)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Python" not in headers["Server"]


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST"])
@pytest.mark.parametrize("port", ["", ":8000"])
def test_it_answers_to_this_machines_names(server: Demo, name: str, port: str) -> None:
    """The port may be another: that of a tunnel, or one that a container's engine forwards."""
    assert status(ask(server, host=name + port)) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "localhost@evil.example", "127.0.0.1.evil.example"],
)
def test_a_name_that_another_made_to_mean_this_machine_gets_nothing(server: Demo, host: str) -> None:
    reply = ask(server, "/model.tflite", host=host)
    assert status(reply) == 421
    assert MODEL not in reply


@pytest.mark.parametrize("head", ["", "Host: localhost\r\nHost: evil.example\r\n", "Host:\r\n"])
def test_a_request_names_one_host(server: Demo, head: str) -> None:
    with connect(server) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\n{head}\r\n".encode())
        assert status(answer(connection)) == 421


def test_the_address_that_was_asked_for_is_a_name_too(folder: Path) -> None:
    """As in a container, where it listens at all of its addresses."""
    with serving(folder, host="0.0.0.0") as demo:
        answers = {host: status(ask(demo, host=host)) for host in ("0.0.0.0:8000", "localhost:8000", "evil.example")}
    assert answers == {"0.0.0.0:8000": 200, "localhost:8000": 200, "evil.example": 421}


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/runtime/../../secret.txt",
        "/runtime/%2e%2e/%2e%2e/secret.txt",
        "/runtime/..%5c..%5csecret.txt",
        "/runtime/wasm/some.wasm%00.txt",
        "/runtime/wasm/some.wasm\0",
        "//secret.txt",
        "http://evil.example/",
        "/" + "x" * 60_000,
    ],
)
def test_no_other_file_is_served(server: Demo, path: str) -> None:
    reply = ask(server, path)
    assert status(reply) == 404
    assert b"secret" not in reply


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "<script>"])
def test_it_only_gives(server: Demo, method: str) -> None:
    reply = ask(server, method=method, more="Content-Length: 1000000000000\r\n")
    assert status(reply) == 501
    assert b"<script>" not in reply.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (b"GET /".ljust(LONGEST_LINE + 1, b"x"), 414),
        (b"GET / HTTP/1.1\r\n" + b"X: ".ljust(LONGEST_LINE + 1, b"x"), 431),
        (b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 101, 431),
    ],
    ids=["line", "header", "headers"],
)
def test_a_request_is_short(server: Demo, request_: bytes, code: int) -> None:
    with connect(server) as connection:
        connection.sendall(request_)
        assert status(answer(connection)) == code


def test_what_is_no_request_is_refused(server: Demo) -> None:
    with connect(server) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n")  # how TLS begins
        assert b"Error code: 400" in answer(connection)
    assert status(ask(server)) == 200


def test_a_request_that_does_not_end_is_ended(folder: Path) -> None:
    """Also one that comes a byte at a time."""
    with serving(folder, patience=0.2) as server, connect(server) as silent, connect(server) as slow:
        assert answer(silent) == b""
        slow.settimeout(0.05)
        for _ in range(100):
            try:
                assert slow.recv(1) == b""
                break
            except TimeoutError:
                slow.sendall(b"x")
            except OSError:  # it had closed already
                break
        else:
            pytest.fail("the server still waits")


def test_it_serves_a_few_at_a_time(folder: Path) -> None:
    with serving(folder, places=3) as server:
        served, one_more = [connect(server) for _ in range(3)], connect(server)
        assert answer(one_more) == b""
        for connection in served:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert status(answer(connection)) == 200


def test_a_port_that_is_taken_is_told_in_a_line(server: Demo, folder: Path) -> None:
    with pytest.raises(UserError, match="cannot listen there: Address already in use; --port names another port"):
        Demo(content(folder), folder / "runtime", server.server_port)


def test_ctrl_c_ends_it(folder: Path) -> None:
    """While a request is half there."""
    script = """
from pathlib import Path
from octet.commands.browser.server import Demo
from octet.commands.command_line.command import report_user_errors
with report_user_errors(), Demo({}, Path("runtime"), 0) as demo:
    print(demo.server_port, flush=True)
    demo.serve_forever()
"""
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        with socket.create_connection(("127.0.0.1", int(process.stdout.readline())), timeout=30) as half:
            half.sendall(b"GET /")
            process.send_signal(signal.SIGINT)
            errors = process.communicate()[1]
    assert (process.returncode, errors) == (130, "octet: stopped\n")
