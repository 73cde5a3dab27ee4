"""The rows as a table for the terminal, each with its verdict and the reason."""

from tabulate import tabulate

from octet.devices.results import Devices, Row

_HEAD = ("runtime", "file", "version", "processor", "same bytes", "steps", "score", "ms", "memory", "verdict")


def devices_table(devices: Devices, metric: str) -> str:
    """One row a runtime and file, and below the reasons of all that are not equal."""
    head = [metric if name == "score" else name for name in _HEAD]
    rows = [_cells(row) for row in devices.runtimes.values()]
    sides = ["left"] * 4 + ["right"] * 5 + ["left"]
    table = tabulate([head, *rows], tablefmt="plain", disable_numparse=True, colalign=sides)
    reasons = [f"{name}: {row.status}: {row.why}" for name, row in devices.runtimes.items() if row.status != "equal"]
    notes = [["", f"{name}:", *row.notes] for name, row in devices.runtimes.items() if row.notes]
    return "\n".join([table, *(["", *reasons] if reasons else []), *(line for lines in notes for line in lines)])


def _cells(row: Row) -> list[str]:
    return [
        row.runtime,
        row.file,
        row.version or "",
        row.arch,
        "" if row.same_bytes is None else share_in_percent(row.same_bytes),
        "" if row.max_steps is None else f"{row.max_steps:.3g}",
        "" if row.score is None else f"{row.score:.4f}",
        "" if row.milliseconds is None else f"{row.milliseconds:.2f}",
        "" if row.memory is None else f"{row.memory / 1024:.0f} KiB",
        row.status,
    ]


def share_in_percent(share: float) -> str:
    """A share in percent, of which 100 means all."""
    return "100 %" if share == 1 else f"{min(share, 0.9999):.2%}".replace("%", " %")
