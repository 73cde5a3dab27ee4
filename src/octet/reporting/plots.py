"""Charts as SVG whose bytes depend on the data alone, and whose lines and letters have the page's text colour.

Each is drawn twice, for a wide and for a narrow place, so that its letters are as large in either.
"""

import io
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from math import isnan
from typing import Concatenate, ParamSpec

import matplotlib
from markupsafe import Markup

from octet.measuring.evaluation import Step
from octet.measuring.layers import LayerFacts

INK = "#010203"  # stands for the page's text colour, which is light on dark and dark on light

matplotlib.use("svg")
matplotlib.rcParams |= {
    "svg.hashsalt": "octet",  # otherwise element ids are random
    "text.parse_math": False,  # a class may be called $x$
    "svg.fonttype": "none",  # letters stay letters, in the page's font
    "font.family": "DejaVu Sans",  # for measuring text: this font comes with matplotlib
    "font.size": 9,  # points: 12 px
    "axes.titlesize": 9,
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
Arguments = ParamSpec("Arguments")

WIDE, NARROW = 5.1, 3.55  # inches: 490 px, of which a laptop shows two side by side; 341 px, for a phone
MOST_CLASSES = 40  # in a chart; with more, nobody reads it, and drawing a thousand takes minutes
MOST_CONFUSED = 20  # classes in the chart of confusions
_TOLD = 0.005  # the least share that it tells as a number: 1 %, rounded

# Visible on a light and on a dark page
COLOURS = {"float": "#3f8fd2", "control": "#8f8f8f", "qat": "#2ea37a", "uint8": "#e0791e"}


def drawn_twice(draw: Callable[Concatenate[float, Arguments], Figure]) -> Callable[Arguments, Markup]:
    """Draw a chart, whose first argument is its width, for both places; the page's style chooses one."""

    @wraps(draw)
    def both(*arguments: Arguments.args, **named: Arguments.kwargs) -> Markup:
        parts = ((name, svg(draw(width, *arguments, **named))) for name, width in (("wide", WIDE), ("narrow", NARROW)))
        return Markup("").join(Markup('<div class="{}">{}</div>').format(f"if-{name}", part) for name, part in parts)

    return both


@drawn_twice
def ledger_chart(width: float, steps: Mapping[Step, bool], metric: str) -> Figure:
    """A chart of the change at each step with its interval; in colour where it is more than chance."""
    figure, axes = plt.subplots(figsize=(width, 0.34 * len(steps) + 0.8))
    for row, (step, is_more_than_chance) in enumerate(steps.items()):
        low, high = step.ci95
        colour = COLOURS["uint8"] if is_more_than_chance else COLOURS["control"]
        axes.plot([low, high], [row, row], color=colour, lw=2, solid_capstyle="round")
        axes.plot([step.delta], [row], "o", color=colour)
    axes.axvline(0, color=INK, lw=0.8)
    axes.set_yticks(range(len(steps)), [f"{step.before} → {step.after}" for step in steps])
    axes.invert_yaxis()
    axes.set_xlabel(f"change of {metric}")
    axes.locator_params(axis="x", nbins=5)  # so that numbers of four digits do not touch
    return figure


@drawn_twice
def training_curves(width: float, histories: Mapping[str, Rows], metric: str) -> Figure:
    """Charts of loss, score and learning rate against epochs, with the trainings one after the other."""
    size = (width, 2.7) if width == WIDE else (width, 7.5)
    figure, panels = plt.subplots(*((1, 3) if width == WIDE else (3, 1)), figsize=size)
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
    return figure


def score_of(histories: Mapping[str, Rows]) -> str:
    """The name of the column with the score on the validation split."""
    return next(column for rows in histories.values() for column in rows[0] if column.startswith("val_"))


@drawn_twice
def bars(width: float, values: Mapping[str, Sequence[float]], names: Sequence[str], label: str) -> Figure:
    """A chart with a group of bars for each name, in which each model has a bar."""
    figure, axes = plt.subplots(figsize=(width, 0.26 * len(names) * len(values) + 0.9))
    thick = 0.8 / len(values)
    for position, (name, lengths) in enumerate(values.items()):
        centres = [index + (position - (len(values) - 1) / 2) * thick for index in range(len(names))]
        drawn = axes.barh(
            centres,
            [0 if isnan(length) else length for length in lengths],
            thick * 0.92,
            label=name,
            color=COLOURS[name],
        )
        told = ["none there" if isnan(length) else f"{length:.3f}" for length in lengths]
        axes.bar_label(drawn, told, padding=2, color=INK)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.set_xlabel(label)
    figure.legend(loc="outside upper right", ncols=len(values))
    return figure


@drawn_twice
def confusion_chart(width: float, pairs: Sequence[tuple[str, str]]) -> Figure:
    """A chart of what each thing was taken for, in percent of its class; of many classes, the most confused ones."""
    counts = Counter(pairs)
    wrong: Counter[str] = Counter()
    for (actual, predicted), count in counts.items():
        wrong[actual] += count * (actual != predicted)
    classes = sorted(name for name, _ in wrong.most_common(MOST_CONFUSED))
    predictions = [*classes, *sorted({predicted for _, predicted in pairs} - {actual for actual, _ in pairs})]
    totals = Counter(actual for actual, _ in pairs)
    shares = [[counts[actual, predicted] / totals[actual] for predicted in predictions] for actual in classes]
    longest = max((len(name) for name in predictions), default=0) * 0.09
    figure, axes = plt.subplots(figsize=(width, 0.3 * len(classes) + longest + 0.8))
    if shares:
        axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="#8f8f8f", linewidth=0.3)
    fits = width / max(len(predictions), 1) > 0.3  # inches for a number
    for row, line in enumerate(shares):
        for column, share in enumerate(line):
            if share >= _TOLD and fits:
                colour = "white" if share > 0.5 else "black"
                axes.text(column + 0.5, row + 0.5, f"{100 * share:.0f}", ha="center", va="center", color=colour)
    axes.set_xticks([index + 0.5 for index in range(len(predictions))], predictions, rotation=90)
    axes.set_yticks([index + 0.5 for index in range(len(classes))], classes)
    axes.invert_yaxis()
    axes.set(xlabel="taken for, % of the class", ylabel="what it is")
    return figure


@drawn_twice
def count_chart(width: float, counts: Mapping[str, int], label: str) -> Figure:
    """A chart of how many there are of each of the rarest classes."""
    rarest = dict(sorted(counts.items(), key=lambda item: item[1])[:MOST_CLASSES])
    figure, axes = plt.subplots(figsize=(width, max(2.6, 0.2 * len(rarest) + 0.8)))
    axes.barh(list(rarest), list(rarest.values()), color=COLOURS["float"])
    axes.set_xlabel(label)
    return figure


@drawn_twice
def layer_chart(width: float, layers: Sequence[LayerFacts]) -> Figure:
    """A chart of what each layer loses, from the picture on; in colour where something can be done about it."""
    figure, axes = plt.subplots(figsize=(width, 2.6))
    for told, colour, label in ((False, COLOURS["control"], "as it should be"), (True, COLOURS["uint8"], "see below")):
        chosen = [layer for layer in layers if bool(layer.advice) == told]
        if chosen:
            lost = [layer.lost_db for layer in chosen]
            axes.bar([layer.depth for layer in chosen], lost, color=colour, label=label)
    axes.set(xlabel="layers, from the picture on", ylabel="lost, dB")
    axes.legend()
    return figure


def svg(figure: Figure) -> Markup:
    """The figure as SVG, in which matplotlib has escaped all text; the figure is closed."""
    figure.set_layout_engine("constrained")
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
