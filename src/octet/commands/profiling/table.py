"""A profile as a table for the terminal: the layers that take longest, and the others together."""

from collections.abc import Sequence

from tabulate import tabulate

from octet.measuring.profile import LayerCost, Profile
from octet.tflite.comparing.names import short_names

_HEAD = ("layer", "operator", "ms", "share", "million MACs", "weights kB", "activations kB")


def profile_table(profile: Profile, shown: int) -> str:
    """The slowest layers, a line for each, then all others, and the sum beside the time of the whole file."""
    names = dict(zip(profile.layers, short_names([layer.layer for layer in profile.layers]), strict=True))
    slowest = sorted(profile.layers, key=lambda layer: -layer.ms)
    rows = [_row(names[layer], layer.operator, [layer], profile) for layer in slowest[:shown]]
    if others := slowest[shown:]:
        rows.append(_row(f"the other {len(others)}", "", others, profile))
    rows.append(_row("all", "", slowest, profile))
    sides = ("left", "left", *["right"] * (len(_HEAD) - 2))
    table = tabulate([_HEAD, *rows], tablefmt="plain", disable_numparse=True, colalign=sides)
    return f"{table}\n\nthe file as a whole: {profile.whole_ms:.3f} ms, measured in the same {profile.rounds} rounds"


def _row(name: str, operator: str, layers: Sequence[LayerCost], profile: Profile) -> tuple[str, ...]:
    ms, macs = sum(layer.ms for layer in layers), [layer.macs for layer in layers if layer.macs is not None]
    return (
        name,
        operator,
        f"{ms:.3f}",
        f"{ms / profile.sum_ms:.1%}" if profile.sum_ms else "",
        f"{sum(macs) / 1e6:.2f}" if macs else "not told",
        f"{sum(layer.weight_bytes for layer in layers) / 1e3:.1f}",
        f"{sum(layer.activation_bytes for layer in layers) / 1e3:.1f}",
    )
