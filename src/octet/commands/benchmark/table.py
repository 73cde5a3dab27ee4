"""The measurements as a table: pictures a second, and what share that is of decoding alone."""

from collections.abc import Mapping

from octet.commands.benchmark.cores import Rates


def text_table(rates: Mapping[int, Mapping[str, Rates]]) -> str:
    """One row a measurement, one pair of columns a number of cores; the first of each group is what the others need."""
    heads = [f"{count} core{'s' * (count > 1)}" for count in rates]
    lines = [f"{'pictures a second':34}" + "".join(f"{head:>10}{'share':>8}" for head in heads)]
    for group, measured in next(iter(rates.values())).items():
        base = next(iter(measured))
        for name in measured:
            cells = [(of[group][name], of[group][name] / of[group][base]) for of in rates.values()]
            lines.append(f"{f'{group}: {name}':34}" + "".join(f"{rate:>10.0f}{share:>8.2f}" for rate, share in cells))
    return "\n".join(lines)
