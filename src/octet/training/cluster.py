"""The processes of a training on several machines, as the launcher describes them: in TF_CONFIG, or as a step of Slurm.

It imports nothing slow, so that a command can tell at once which of the processes it is.
"""

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from octet.common.errors import UserError

STARTED = "OCTET_STARTED"  # names a file that gets a training's process id before it waits for the others

_SLURM_PORT = 8888  # of the first task on a node
_LAST_PORT = 65535
_PAUSE = 0.5  # seconds between two looks for the others
_ANSWERS = 2  # seconds in which a process that runs takes a connection


@dataclass(frozen=True)
class Cluster:
    """The addresses of all processes, HOST:PORT, and which of them this is. The first is the chief: it alone writes."""

    addresses: tuple[str, ...]
    index: int

    @property
    def is_chief(self) -> bool:
        return self.index == 0

    @property
    def neighbours(self) -> tuple[int, int]:
        """How many of the processes before this one share its host, and how many share it in all, with this one."""
        hosts = [address.rpartition(":")[0] for address in self.addresses]
        own = hosts[self.index]
        return hosts[: self.index].count(own), hosts.count(own)

    @property
    def tf_config(self) -> str:
        """What TensorFlow reads in TF_CONFIG."""
        return json.dumps(
            {"cluster": {"worker": list(self.addresses)}, "task": {"type": "worker", "index": self.index}}
        )

    def name(self, index: int) -> str:
        """A process as messages name it."""
        return f"{'the chief' if index == 0 else f'worker {index}'} ({self.addresses[index]})"

    @property
    def others(self) -> str:
        """All processes but this one, of which a message may mean any."""
        return " or ".join(self.name(index) for index in range(len(self.addresses)) if index != self.index)

    def wait_for_others(self, seconds: float) -> None:
        """Wait until every process takes connections, as this one does meanwhile at the address that TensorFlow takes.

        TensorFlow itself would wait for an hour, in a call that nothing interrupts.
        """
        address = self.addresses[self.index]
        try:
            both = socket.has_dualstack_ipv6()  # IPv4 and IPv6, whichever the others' names lead to
            family = socket.AF_INET6 if both else socket.AF_INET
            port = int(address.rpartition(":")[2])
            server = socket.create_server(("", port), family=family, dualstack_ipv6=both)
        except OSError as error:
            raise UserError(f"{self.name(self.index)} cannot listen at its port: {error.strerror}") from None
        with server:
            end = time.monotonic() + seconds
            while missing := self.silent():
                if time.monotonic() > end:
                    names = ", ".join(map(self.name, missing))
                    raise UserError(f"{names} did not come within {seconds / 60:g} minutes: start all again")
                _take_connections(server, _PAUSE)

    def silent(self) -> list[int]:
        """The other processes that take no connection now."""
        return [index for index, address in enumerate(self.addresses) if index != self.index and not _answers(address)]


def is_launched(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a launcher has described processes to this one."""
    return "TF_CONFIG" in environment or "SLURM_STEP_NODELIST" in environment


def read_cluster(environment: Mapping[str, str] = os.environ) -> Cluster:
    """The processes that the environment describes; TF_CONFIG counts more than Slurm."""
    if "TF_CONFIG" in environment:
        return _from_tf_config(environment["TF_CONFIG"])
    if "SLURM_STEP_NODELIST" in environment:
        return _from_slurm(environment)
    raise UserError(
        "strategy.kind is workers, and neither TF_CONFIG nor a step of Slurm says which: start one process on each "
        "machine with TF_CONFIG set, or all with `srun octet worker STAGE RECIPE` (docs/scaling.md)"
    )


def _from_tf_config(text: str) -> Cluster:
    try:
        config = json.loads(text)
        jobs, kind, index = config["cluster"], config["task"]["type"], str(config["task"]["index"])
        chiefs, workers = jobs.get("chief", []), jobs["worker"]
        addresses = (*chiefs, *workers)
        own = {"chief": chiefs, "worker": workers}[kind]
        if not own or not all(isinstance(address, str) and re.fullmatch(".+:.+", address) for address in addresses):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(
            'TF_CONFIG: expected {"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}, '
            f'with a "chief" or none, found {text}'
        ) from None
    for address in addresses:
        _number(f"the port of {address} in TF_CONFIG", address.rpartition(":")[2], 1, _LAST_PORT)
    before = 0 if kind == "chief" else len(chiefs)
    return Cluster(addresses, before + _number("task.index in TF_CONFIG", index, 0, len(own) - 1))


def _from_slurm(environment: Mapping[str, str]) -> Cluster:
    """The tasks of a step, node after node as Slurm numbers them; those of one node have ports of their own."""
    listed = ["scontrol", "show", "hostnames", environment["SLURM_STEP_NODELIST"]]
    try:
        nodes = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise UserError(f"Slurm does not name the nodes of this step ({' '.join(listed)}: {error})") from None
    per_node = environment.get("SLURM_STEP_TASKS_PER_NODE", "not set")
    counts = [
        int(count)
        for part in per_node.split(",")
        for count, times in re.findall(r"^(\d+)(?:\(x(\d+)\))?$", part)
        for _ in range(int(times or 1))
    ]
    if len(counts) != len(nodes):
        raise UserError(
            f"SLURM_STEP_TASKS_PER_NODE is {per_node}: expected the tasks of each of {len(nodes)} nodes, like 2(x3),1"
        )
    first = environment.get("OCTET_PORT", str(_SLURM_PORT))
    port = _number("OCTET_PORT", first, 1, _LAST_PORT + 1 - max(counts))
    addresses = [f"{node}:{port + task}" for node, count in zip(nodes, counts, strict=True) for task in range(count)]
    index = _number("SLURM_PROCID", environment.get("SLURM_PROCID", "not set"), 0, len(addresses) - 1)
    return Cluster(tuple(addresses), index)


def _number(name: str, found: str, first: int, last: int) -> int:
    """The number that a launcher gives, which has to lie within bounds."""
    if not re.fullmatch("[0-9]{1,9}", found) or not first <= int(found) <= last:
        raise UserError(f"{name} is {found}: expected a number from {first} to {last}")
    return int(found)


def _take_connections(server: socket.socket, seconds: float) -> None:
    """Take the others' connections for so long: those that nobody takes fill up a queue, and then none is answered."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        server.settimeout(left)
        with suppress(TimeoutError):
            server.accept()[0].close()


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        # An IPv6 address stands in brackets.
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWERS).close()
    except OSError:
        return False
    return True
