"""The measurements as a table: pictures a second, and what share that is of decoding alone."""

from collections.abc import Mapping

from tabulate import tabulate

from octet.commands.benchmark.cores import Rates


def rates_table(rates: Mapping[int, Mapping[str, Rates]]) -> str:
    """One row a measurement, one pair of columns a number of cores; the first of each group is what the others need."""
    head = ["pictures a second", *(text for count in rates for text in (f"{count} core{'s' * (count > 1)}", "share"))]
    rows = [
        [f"{group}: {name}", *(text for measured in rates.values() for text in _rate_and_share(measured[group], name))]
        for group, parts in next(iter(rates.values())).items()
        for name in parts
    ]
    sides = ("left", *["right"] * (len(head) - 1))
    return tabulate([head, *rows], tablefmt="plain", disable_numparse=True, colalign=sides)


def _rate_and_share(measured: Rates, name: str) -> tuple[str, str]:
    base = next(iter(measured.values()))
    return f"{measured[name]:.0f}", f"{measured[name] / base:.2f}"
