"""Parts of the page about what commands measure: which layers take longest, and what differing kernels cost.

`shipped` is the SHA-256 of the shipped file as it is now: what was measured may be about an earlier one.
"""

from pathlib import Path

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from octet.measuring.evaluation import interval_text, signed
from octet.measuring.kernels import KernelScores
from octet.measuring.profile import Profile
from octet.recipe.shared.recipe import Recipe
from octet.reporting.filling import fill_html
from octet.reporting.plots import COLOURS, INK, WIDE, drawn_twice
from octet.tflite.comparing.names import short_names

_TEMPLATES = Path(__file__).with_name("templates")
_SHOWN = 15  # layers, of which the others have a bar together


def profile_section(profile: Profile, shipped: str) -> str:
    """The HTML of a profile: a sentence and the chart."""
    drawn, is_of_shipped = profile_chart(profile), profile.sha256 == shipped
    return fill_html("profile.html.jinja", _TEMPLATES, profile=profile, drawn=drawn, is_of_shipped=is_of_shipped)


def kernels_section(scores: KernelScores, recipe: Recipe, shipped: str) -> str:
    """The HTML of the scores with other kernels: a sentence and a table."""
    return fill_html(
        "kernels.html.jinja",
        _TEMPLATES,
        kernels=scores,
        rows=kernel_rows(scores, recipe),
        is_of_shipped=scores.sha256 == shipped,
    )


def kernel_rows(scores: KernelScores, recipe: Recipe) -> list[tuple[str, ...]]:
    """A row for each step and metric: the score after the step, the change, and the interval of the change."""
    return [
        (
            f"{step.before} → {step.after}",
            recipe.metrics[step.metric],
            f"{scores.variants[step.after][step.metric]:.4f}",
            signed(step.delta),
            interval_text(step.ci95),
        )
        for step in scores.ledger
    ]


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
