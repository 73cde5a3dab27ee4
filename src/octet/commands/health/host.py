"""Checks of the machine: its cores, disk and engine, write permission, and what the last bits of a run depend on."""

import getpass
import os
import shutil
import subprocess
from pathlib import Path

from octet.commands.health.finding import Finding, failure_reason
from octet.common.machine import cores, cpu_fields
from octet.recipe.shared.dataset import Dataset

_LEAST_FREE = 2e9  # the bytes of quickstart's data, cache and scratch files, with room to spare
_COPIES = 2  # of an archive's bytes: the download, which may lie on another disk with the cache, and the records
# A run with any of these set makes other bytes than the same run without it.
_CHANGES_BYTES = (
    "TF_ENABLE_ONEDNN_OPTS",
    "ONEDNN_MAX_CPU_ISA",
    "TF_XLA_FLAGS",
    "TF_NUM_INTRAOP_THREADS",
    "OMP_NUM_THREADS",
)


def check_cores() -> Finding:
    """Count the cores that this process may use, and note a quota below them, which slows every step silently."""
    quota = _quota()
    if quota is not None and quota < cores():
        text = f"{cores()} visible, but a quota of {quota:.1f}: threads will wait for one another"
        return Finding("note", "cores", text, "--cpuset-cpus gives whole cores, --cpus only a share")
    return Finding("ok", "cores", str(cores()))


def check_disk(folder: Path, dataset: Dataset) -> Finding:
    """Check that there is room for downloads, data, models and DVC's cache."""
    needed = _LEAST_FREE + _COPIES * sum(file.bytes or 0 for file in dataset.source.files)
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:.1f} GB free at {folder.resolve()}; up to {needed / 1e9:.1f} GB are needed"
    if free < needed:
        return Finding("FAIL", "disk", text, "make room, or put the downloads elsewhere with OCTET_CACHE=")
    return Finding("ok", "disk", text)


def check_writing(folder: Path) -> Finding:
    """Check that this user has a name, which DVC asks for, and may write to the project and to the home folder."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        return Finding("FAIL", "files", f"user {os.getuid()} has no name", "set USER and HOME")
    for place in (folder, Path.home()):
        if not os.access(place, os.W_OK):
            text = f"{user} (uid {os.getuid()}) may not write to {place.resolve()}"
            return Finding("FAIL", "files", text, "run as the user who owns it")
    return Finding("ok", "files", f"{user} (uid {os.getuid()}) may write to {folder.resolve()}")


def check_determinism() -> Finding:
    """Name what the bytes depend on besides code, parameters and packages."""
    text = f"deterministic ops; the bytes hold for {_cpu()} with {cores()} cores"
    changed = [f"{name}={os.environ[name]}" for name in _CHANGES_BYTES if name in os.environ]
    if changed:
        return Finding("note", "bytes", f"{text}, and {' '.join(changed)}", "unset it for the bytes that others get")
    return Finding("ok", "bytes", text)


def check_engine() -> Finding:
    """Check whether an engine for the container answers; without one, everything runs in .venv."""
    if os.environ.get("OCTET_IMAGE"):
        return Finding("ok", "engine", f"inside the container ({os.environ['OCTET_IMAGE']})")
    docker = os.environ.get("DOCKER", "docker")
    try:
        command = [*docker.split(), "version", "--format", "{{.Server.Version}}"]  # the words that make takes it for
        answer = subprocess.run(command, capture_output=True, text=True, timeout=20)
    except FileNotFoundError:
        return Finding("note", "engine", f"no {command[0]} here; running in .venv")
    except subprocess.TimeoutExpired:
        return Finding("note", "engine", f"{docker} does not answer; running in .venv")
    if answer.returncode:
        reason = failure_reason(answer)
        return Finding("note", "engine", f"{docker}: {reason}; running in .venv")
    return Finding("ok", "engine", f"{docker} {answer.stdout.strip()}; make RUNNER=docker uses it")


def _quota() -> float | None:
    """How many cores' worth of time the container may use, or None where there is no limit."""
    limit = Path("/sys/fs/cgroup/cpu.max")
    allowed, period = limit.read_text().split() if limit.exists() else ("max", "1")
    return None if allowed == "max" else int(allowed) / int(period)


def _cpu() -> str:
    """The CPU's vendor, family and widest vectors, by which oneDNN chooses its kernels."""
    fields = cpu_fields()
    if not fields:
        return "this CPU"
    flags = fields.get("flags", "").split()
    vectors = next((name for name in ("amx_tile", "avx512_bf16", "avx512f", "avx2") if name in flags), "no AVX2")
    return f"{fields.get('vendor_id', 'this CPU')} family {fields.get('cpu family', '?')} ({vectors})"
