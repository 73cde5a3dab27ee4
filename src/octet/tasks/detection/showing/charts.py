"""Draws charts of how good a detector is: by class, by size of the objects, and by kind of error."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from octet.common.spreadsheets import csv_text
from octet.measuring.evaluation import Variant
from octet.reporting.plots import COLOURS, MOST_CLASSES, WIDE, Rows, bars, drawn_twice
from octet.tasks.detection.showing.thresholds import THRESHOLDS, ByThreshold


@drawn_twice
def class_chart(width: float, variants: Mapping[str, Variant]) -> Figure:
    """A chart of the weakest classes' average precision, of the float model and the shipped file, the best on top."""
    scores = {name: variants[name].per_class for name in ("float", "uint8")}
    names = weakest_classes(variants["uint8"])
    figure, axes = plt.subplots(figsize=(width, 0.26 * len(names) + 0.9))
    ends = [[by_class[name]["voc12_ap"] for name in names] for by_class in scores.values()]
    axes.hlines(range(len(names)), ends[0], ends[1], color=COLOURS["control"], lw=1.5)
    for variant, ap in zip(scores, ends, strict=True):
        axes.plot(ap, range(len(names)), "o", ms=5, color=COLOURS[variant], label=variant)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="AP50", ylim=(-0.7, len(names) - 0.3))
    figure.legend(loc="outside upper right", ncols=2)
    return figure


def weakest_classes(variant: Variant) -> list[str]:
    """The classes that the variant finds worst, the worst first; all of them where there are few."""
    return sorted(variant.per_class, key=lambda name: variant.per_class[name]["voc12_ap"])[:MOST_CLASSES]


def error_chart(gains: Mapping[str, Mapping[str, float]]) -> Markup:
    """A chart of what correcting each kind of error would gain, with a bar for each model."""
    kinds = list(next(iter(gains.values())))
    heights = {name: [by_kind[kind] for kind in kinds] for name, by_kind in gains.items()}
    return bars(heights, kinds, "change of mAP50 if mended")


@drawn_twice
def threshold_chart(width: float, scores: Mapping[str, ByThreshold]) -> Figure:
    """A chart of F1 against the score that is asked for, with a line for each model and a dot where it is best."""
    figure, axes = plt.subplots(figsize=(width, 2.8))
    for name, of in scores.items():
        axes.plot(THRESHOLDS, of.f1, color=COLOURS[name], lw=1.4, label=f"{name}, best from {THRESHOLDS[of.best]:.2f}")
        axes.plot(THRESHOLDS[of.best], of.f1[of.best], "o", ms=5, color=COLOURS[name])
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="score at least", ylabel="F1")
    axes.legend(loc="lower left")
    return figure


def size_chart(recalls: Mapping[str, Sequence[float]], sizes: Sequence[str]) -> Markup:
    """A chart of the share of objects that is found, by their size, with a bar for each model."""
    return bars(recalls, sizes, "share that is found")


@drawn_twice
def precision_recall_curves(width: float, points: Mapping[str, Rows], names: Sequence[str]) -> Figure:
    """A chart of precision against recall for each of the named classes, with a line for each variant."""
    columns = min(len(names), 3 if width == WIDE else 2)
    lines = -(-len(names) // columns)
    size = (width, 1.75 * lines + 0.6)
    figure, grid = plt.subplots(lines, columns, figsize=size, squeeze=False, sharex=True, sharey=True)
    for axes, name in zip(grid.flat, sorted(names), strict=False):
        for variant, rows in points.items():
            chosen = [row for row in rows if row["class"] == csv_text(name)]
            recall, precision = ([float(row[column]) for row in chosen] for column in ("recall", "precision"))
            axes.plot(recall, precision, label=variant, lw=1.2, color=COLOURS[variant])
        axes.set_title(name)
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
    for unused in list(grid.flat)[len(names) :]:
        unused.set_visible(False)
    figure.supxlabel("recall", fontsize="medium")
    figure.supylabel("precision", fontsize="medium")
    figure.legend(*grid.flat[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(points))
    return figure


@drawn_twice
def side_chart(width: float, train: Mapping[str, Any]) -> Figure:
    """A chart of how many objects of each size the train split has."""
    ends = train["box_sides"]["up_to"]
    names = [f"up to {end:g}" if end else f"more than {ends[-2]:g}" for end in ends]
    figure, axes = plt.subplots(figsize=(width, 2.6))
    axes.barh(names, train["box_sides"]["objects"], color=COLOURS["float"])
    axes.invert_yaxis()
    axes.set(xlabel="objects in train", ylabel="side, as a share")
    return figure
