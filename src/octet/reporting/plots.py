"""Plots as SVG whose bytes depend on the data alone, and whose lines and letters take the page's colour."""

import io
from collections.abc import Mapping, Sequence
from math import isnan
from typing import Any

import matplotlib

_INK = "#010203"  # stands for the page's text colour, which is light on dark and dark on light

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
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
}

import matplotlib.pyplot as plt  # noqa: E402  # after the backend is chosen
from matplotlib.figure import Figure  # noqa: E402

Rows = Sequence[Mapping[str, str]]

# Seen on light and on dark alike
_COLOURS = {"float": "#3f8fd2", "control": "#8f8f8f", "qat": "#2ea37a", "uint8": "#e0791e"}


def ledger_chart(ledger: Sequence[Mapping[str, Any]]) -> str:
    """What each step changed, with its interval; in colour where that leaves no change out."""
    figure, axes = plt.subplots(figsize=(7.5, 0.34 * len(ledger) + 0.8))
    for row, step in enumerate(ledger):
        low, high = step["ci95"]
        colour = _COLOURS["uint8"] if low > 0 or high < 0 else _COLOURS["control"]
        axes.plot([low, high], [row, row], color=colour, lw=2, solid_capstyle="round")
        axes.plot([step["delta"]], [row], "o", color=colour)
    axes.axvline(0, color=_INK, lw=0.8)
    axes.set_yticks(range(len(ledger)), [f"{step['from']} → {step['to']}" for step in ledger])
    axes.invert_yaxis()
    axes.set_xlabel("change of VOC12 mAP, with the 95 % interval over pictures")
    return _svg(figure)


def class_chart(variants: Mapping[str, Mapping[str, Any]]) -> str:
    """Average precision by class, the float model's and the shipped file's, the best class first."""
    scores = {name: variants[name]["per_class"] for name in ("float", "uint8")}
    names = sorted(scores["uint8"], key=lambda name: scores["uint8"][name]["voc12_ap"])
    figure, axes = plt.subplots(figsize=(7.5, 0.26 * len(names) + 0.9))
    ends = [[of[name]["voc12_ap"] for name in names] for of in scores.values()]
    axes.hlines(range(len(names)), ends[0], ends[1], color=_COLOURS["control"], lw=1.5)
    for variant, ap in zip(scores, ends, strict=True):
        axes.plot(ap, range(len(names)), "o", ms=5, color=_COLOURS[variant], label=variant)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="VOC12 AP", ylim=(-0.7, len(names) - 0.3))
    axes.legend(loc="lower right")
    return _svg(figure)


def error_chart(costs: Mapping[str, Mapping[str, float]]) -> str:
    """What mending each kind of error would bring, a bar a model."""
    kinds = list(next(iter(costs.values())))
    return _bars({name: [of[kind] for kind in kinds] for name, of in costs.items()}, kinds, "VOC12 mAP that it costs")


def size_chart(recalls: Mapping[str, Sequence[float]], sizes: Sequence[str]) -> str:
    """The share of objects that is found, by size, a bar a model."""
    return _bars(recalls, sizes, "share that is found")


def precision_recall_curves(points: Mapping[str, Rows]) -> str:
    """Precision against recall of each class, one line a variant."""
    classes = sorted({row["class"] for rows in points.values() for row in rows})
    columns = min(len(classes), 5)
    lines = -(-len(classes) // columns)
    size = (1.9 * columns, 1.7 * lines + 0.4)
    figure, grid = plt.subplots(lines, columns, figsize=size, squeeze=False, sharex=True, sharey=True)
    for axes, name in zip(grid.flat, classes, strict=False):
        for variant, rows in points.items():
            chosen = [row for row in rows if row["class"] == name]
            recall, precision = ([float(row[of]) for row in chosen] for of in ("recall", "precision"))
            axes.plot(recall, precision, label=variant, lw=1.2, color=_COLOURS[variant])
        axes.set_title(name, fontsize=9)
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
    for unused in list(grid.flat)[len(classes) :]:
        unused.set_visible(False)
    figure.supxlabel("recall", fontsize=9)
    figure.supylabel("precision", fontsize=9)
    grid.flat[0].legend(fontsize=7, loc="lower left")
    return _svg(figure)


def training_curves(histories: Mapping[str, Rows]) -> str:
    """Loss, score and learning rate against epochs, of one training after the other."""
    figure, panels = plt.subplots(1, 3, figsize=(9.5, 2.7))
    for (key, label), axes in zip(
        (("loss", "training loss"), ("val_map", "val VOC12 mAP"), ("learning_rate", "learning rate at the end")),
        panels,
        strict=True,
    ):
        for name, rows, offset in _in_line(histories):
            told = [row for row in rows if row.get(key)]
            epochs, values = [offset + int(row["epoch"]) for row in told], [float(row[key]) for row in told]
            axes.plot(epochs, values, ".-", label=name, color=_COLOURS[name], lw=1.4)
        axes.set(xlabel="epoch", title=label)
        axes.legend()
    return _svg(figure)


def object_charts(dataset: Mapping[str, Any]) -> str:
    """How many objects of each class and of each size the training has."""
    train = dataset["splits"]["train"]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9, max(2.6, 0.2 * len(train["objects_per_class"]) + 0.8)), width_ratios=(3, 2)
    )
    counts = dict(sorted(train["objects_per_class"].items(), key=lambda item: item[1]))
    left.barh(list(counts), list(counts.values()), color=_COLOURS["float"])
    left.set_title("objects of each class in train")
    ends = train["box_sides"]["up_to"]
    names = [f"up to {end:g}" if end else f"more than {ends[-2]:g}" for end in ends]
    right.barh(names, train["box_sides"]["objects"], color=_COLOURS["float"])
    right.invert_yaxis()
    right.set_title("side, as a share of the picture's")
    return _svg(figure)


def _bars(values: Mapping[str, Sequence[float]], names: Sequence[str], label: str) -> str:
    figure, axes = plt.subplots(figsize=(7.5, 2.6))
    width = 0.8 / len(values)
    for place, (name, heights) in enumerate(values.items()):
        at = [index + (place - (len(values) - 1) / 2) * width for index in range(len(names))]
        bars = axes.bar(at, heights, width * 0.92, label=name, color=_COLOURS[name])
        axes.bar_label(
            bars,
            ["none there" if isnan(height) else f"{height:.3f}" for height in heights],
            fontsize=7,
            padding=1,
            color=_INK,
        )
    axes.set_xticks(range(len(names)), names)
    axes.set_ylabel(label)
    axes.legend()
    return _svg(figure)


def _in_line(histories: Mapping[str, Rows]) -> list[tuple[str, Rows, int]]:
    """Each training with the number of epochs before it."""
    lined, before = [], 0
    for name, rows in histories.items():
        lined.append((name, rows, before))
        before += int(rows[-1]["epoch"])
    return lined


def _svg(figure: Figure) -> str:
    figure.tight_layout()
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :].replace(_INK, "currentColor")
