"""Charts as SVG whose bytes depend on the data alone, and whose lines and letters have the page's text colour."""

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
    "font.family": "DejaVu Sans",  # for measuring text: this font comes with matplotlib
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

# Visible on a light and on a dark page
COLOURS = {"float": "#3f8fd2", "control": "#8f8f8f", "qat": "#2ea37a", "uint8": "#e0791e"}


def ledger_chart(steps: Sequence[Step], metric: str) -> Markup:
    """A chart of the change at each step with its interval; in colour where the interval does not include 0."""
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
    """Charts of loss, score and learning rate against epochs, with the trainings one after the other."""
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
        for name, rows, offset in _one_after_another(histories):
            measured = [row for row in rows if row.get(key)]
            epochs, values = [offset + int(row["epoch"]) for row in measured], [float(row[key]) for row in measured]
            axes.plot(epochs, values, ".-", label=name, color=COLOURS[name], lw=1.4)
        axes.set(xlabel="epoch", title=label)
        axes.legend()
    return svg(figure)


def score_of(histories: Mapping[str, Rows]) -> str:
    """The name of the column with the score on the validation split."""
    return next(column for rows in histories.values() for column in rows[0] if column.startswith("val_"))


def bars(values: Mapping[str, Sequence[float]], names: Sequence[str], label: str) -> Markup:
    """A chart with a group of bars for each name, in which each model has a bar."""
    figure, axes = plt.subplots(figsize=(7.5, 2.6))
    width = 0.8 / len(values)
    for position, (name, heights) in enumerate(values.items()):
        centres = [index + (position - (len(values) - 1) / 2) * width for index in range(len(names))]
        drawn = axes.bar(centres, heights, width * 0.92, label=name, color=COLOURS[name])
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
    """The figure as SVG, in which matplotlib has escaped all text; the figure is closed."""
    figure.tight_layout()
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    return Markup(text.getvalue()[text.getvalue().index("<svg") :].replace(INK, "currentColor"))


def _one_after_another(histories: Mapping[str, Rows]) -> list[tuple[str, Rows, int]]:
    """The name and rows of each training, and the number of epochs before it."""
    trainings, before = [], 0
    for name, rows in histories.items():
        trainings.append((name, rows, before))
        before += int(rows[-1]["epoch"])
    return trainings
