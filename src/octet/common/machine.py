"""The processor cores that this process may use."""

import os


def cores() -> int:
    """Count the cores that this process may run on; in a container they can be fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe_cpu() -> str:
    """Describe the CPU and its number of cores, for a line of output."""
    return f"the CPU ({cores()} core{'s' * (cores() > 1)})"
