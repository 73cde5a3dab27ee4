"""A cable to a server that breaks after so many bytes."""

import socket
import threading
from contextlib import suppress
from typing import Literal


class Cable:
    """Passes what it gets on to the server, until `after` bytes went the given way; then it is dead or silent."""

    def __init__(self, server: int, way: Literal["up", "down"], after: int, silent: bool = False) -> None:
        self.server, self.way, self.left, self.silent = server, way, after, silent
        self.broken = threading.Event()
        self._counting = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> "Cable":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.server))
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # SFTP waits for many small answers
            for way, source, target in (("up", near, far), ("down", far, near)):
                threading.Thread(target=self._pass_on, args=(way, source, target), daemon=True).start()

    def _pass_on(self, way: str, source: socket.socket, target: socket.socket) -> None:
        try:
            while some := source.recv(1 << 14):
                if way == self.way:
                    with self._counting:
                        self.left -= len(some)
                    if self.left < 0:
                        self.broken.set()
                if self.broken.is_set():
                    if self.silent:
                        return
                    break
                target.sendall(some)
        except OSError:
            pass
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # also wakes the thread that reads from it
