"""Plots as SVG whose bytes depend on the data alone, and whose lines and letters take the page's colour."""

import io
from collections.abc import Mapping, Sequence
from math import isnan

import matplotlib
from markupsafe import Markup

from octet.measuring.evaluation import Step

INK = "#010203"  # stands for the page's text colour, which is light on dark and dark on light

matplotlib.use("svg")
matplotlib.rcParams |= {
    "svg.hashsalt": "octet",  # otherwise element ids are random
    "text.parse_math": False,  # a class may be called $x$
    "svg.fonttype": "none",  # letters stay letters, in the page's font
    "font.family": "DejaVu Sans",  # what is measured with: it comes with matplotlib
    "font.size": 9,
    "savefig.transparent": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}

import matplotlib.pyplot as plt  # noqa: E402  # after the backend is chosen
from matplotlib.figure import Figure  # noqa: E402

Rows = Sequence[Mapping[str, str]]

# Seen on light and on dark alike
COLOURS = {"float": "#3f8fd2", "control": "#8f8f8f", "qat": "#2ea37a", "uint8": "#e0791e"}


def ledger_chart(steps: Sequence[Step], metric: str) -> Markup:
    """What each step changed, with its interval; in colour where that leaves no change out."""
    figure, axes = plt.subplots(figsize=(7.5, 0.34 * len(steps) + 0.8))
    for row, step in enumerate(steps):
        low, high = step.ci95
        colour = COLOURS["uint8"] if step.is_more_than_chance else COLOURS["control"]
        axes.plot([low, high], [row, row], color=colour, lw=2, solid_capstyle="round")
        axes.plot([step.delta], [row], "o", color=colour)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(range(len(steps)), [f"{step.before} → {step.after}" for step in steps])
    axes.invert_yaxis()
    axes.set_xlabel(f"change of {metric}, with the 95 % interval over pictures")
    return svg(figure)


def training_curves(histories: Mapping[str, Rows], metric: str) -> Markup:
    """Loss, score and learning rate against epochs, of one training after the other."""
    figure, panels = plt.subplots(1, 3, figsize=(9.5, 2.7))
    score = score_of(histories)
    for (key, label), axes in zip(
        (
            ("loss", "training loss"),
            (score, f"val {metric}"),
            ("learning_rate", "learning rate at the end"),
        ),
        panels,
        strict=True,
    ):
        for name, rows, offset in _in_line(histories):
            told = [row for row in rows if row.get(key)]
            epochs, values = [offset + int(row["epoch"]) for row in told], [float(row[key]) for row in told]
            axes.plot(epochs, values, ".-", label=name, color=COLOURS[name], lw=1.4)
        axes.set(xlabel="epoch", title=label)
        axes.legend()
    return svg(figure)


def score_of(histories: Mapping[str, Rows]) -> str:
    """The column that has the score on the held-out pictures."""
    return next(column for rows in histories.values() for column in rows[0] if column.startswith("val_"))


def bars(values: Mapping[str, Sequence[float]], names: Sequence[str], label: str) -> Markup:
    """A group of bars for each name, one bar a model."""
    figure, axes = plt.subplots(figsize=(7.5, 2.6))
    width = 0.8 / len(values)
    for place, (name, heights) in enumerate(values.items()):
        at = [index + (place - (len(values) - 1) / 2) * width for index in range(len(names))]
        drawn = axes.bar(at, heights, width * 0.92, label=name, color=COLOURS[name])
        axes.bar_label(
            drawn,
            ["none there" if isnan(height) else f"{height:.3f}" for height in heights],
            fontsize=7,
            padding=1,
            color=INK,
        )
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel(label)
    axes.legend()
    return svg(figure)


def svg(figure: Figure) -> Markup:
    """The drawing, whose letters matplotlib has escaped; the figure is gone."""
    figure.tight_layout()
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    return Markup(text.getvalue()[text.getvalue().index("<svg") :].replace(INK, "currentColor"))


def _in_line(histories: Mapping[str, Rows]) -> list[tuple[str, Rows, int]]:
    """Each training with the number of epochs before it."""
    lined, before = [], 0
    for name, rows in histories.items():
        lined.append((name, rows, before))
        before += int(rows[-1]["epoch"])
    return lined
