"""What this process may use of the machine."""

import os


def cores() -> int:
    """The cores that this process may run on, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_cpu() -> str:
    """The CPU, as a line of output names it."""
    return f"the CPU ({cores()} core{'s' * (cores() > 1)})"
