"""The processor that this process runs on, and the cores that it may use."""

import os
import platform
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")


def cores() -> int:
    """Count the cores that this process may run on; in a container they can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_cpu() -> str:
    """Describe the CPU and its number of cores, for a line of output."""
    return f"the CPU ({cores()} core{'s' * (cores() > 1)})"


def cpu_fields() -> dict[str, str]:
    """What Linux tells of the first core, by the names in /proc/cpuinfo; nothing on other systems."""
    if not _CPU_INFO.exists():
        return {}
    lines = _CPU_INFO.read_text().partition("\n\n")[0].splitlines()
    pairs = (line.partition(":") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}


def cpu_name() -> str:
    """The processor, as far as the system tells it."""
    fields = cpu_fields()
    name = " ".join(fields.get("model name", "").split()) or platform.processor() or platform.machine()
    if "model" in fields:  # a virtual machine's name may say no more than its maker
        name += f", family {fields['cpu family']}, model {fields['model']}"
    return name
