"""Ports of this machine that nobody listens at."""

import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """So many ports, each another."""
    with ExitStack() as opened:
        servers = [opened.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return [int(server.getsockname()[1]) for server in servers]


def free_addresses(count: int, host: str = "127.0.0.1") -> list[str]:
    """So many addresses, HOST:PORT."""
    return [f"{host}:{port}" for port in free_ports(count)]
