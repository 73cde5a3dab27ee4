"""The chart of a profile: which layers of a file take longest."""

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from octet.measuring.profile import Profile
from octet.reporting.plots import COLOURS, INK, WIDE, drawn_twice
from octet.tflite.comparing.names import short_names

_SHOWN = 15  # layers, of which the others have a bar together


@drawn_twice
def profile_chart(width: float, profile: Profile) -> Figure:
    """A chart with a bar for each of the slowest layers of a file, in the order in which they run."""
    names = short_names([layer.layer for layer in profile.layers])
    slowest = sorted(range(len(names)), key=lambda place: -profile.layers[place].ms)[:_SHOWN]
    bars = [(names[place], profile.layers[place].ms, COLOURS["uint8"]) for place in sorted(slowest)]
    if others := len(names) - len(bars):
        bars.append((f"the other {others}", profile.sum_ms - sum(ms for _, ms, _ in bars), COLOURS["control"]))
    figure, axes = plt.subplots(figsize=(width, 0.24 * len(bars) + 0.8))
    drawn = axes.barh(range(len(bars)), [ms for _, ms, _ in bars], color=[colour for *_, colour in bars])
    told = [f"{ms:.2f} ms, {ms / profile.sum_ms:.0%}" if profile.sum_ms else f"{ms:.2f} ms" for _, ms, _ in bars]
    axes.bar_label(drawn, told, padding=2, color=INK)
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars], fontsize=9 if width == WIDE else 7)
    axes.invert_yaxis()
    axes.margins(x=0.3)
    axes.set_xlabel(f"ms of {profile.sum_ms:.2f}, with {profile.threads} thread{'s' * (profile.threads > 1)}")
    return figure
