"""Draws charts of a classifier: how often it is right when it is how sure, and how good it is by class."""

from collections.abc import Mapping, Sequence

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from octet.measuring.rates import Rate
from octet.reporting.plots import COLOURS, INK, MOST_CLASSES, WIDE, Rows, drawn_twice
from octet.tasks.classification.showing.rates import ClassRates

_LARGEST = 180  # points squared: the area of the dot of all pictures


@drawn_twice
def reliability_chart(width: float, bins: Mapping[str, Rows], errors: Mapping[str, float]) -> Figure:
    """A chart of the share that is right against the score, with a line for each model; on the diagonal they agree.

    The area of a dot tells how many of the pictures it stands for, its line the 95 % interval that these leave.
    """
    figure, axes = plt.subplots(figsize=(width, 3.2))
    axes.plot([0, 1], [0, 1], color=INK, lw=0.8, ls="--")
    for name, rows in bins.items():
        scores, right, pictures = ([float(row[key]) for row in rows] for key in ("score", "correct", "pictures"))
        intervals = [Rate(round(share * count), int(count)).ci95 for share, count in zip(right, pictures, strict=True)]
        axes.vlines(scores, *zip(*intervals, strict=True), color=COLOURS[name], lw=1, alpha=0.5)
        axes.plot(scores, right, color=COLOURS[name], lw=1.4, label=f"{name}, ECE {errors[name]:.3f}")
        areas = [_LARGEST * count / sum(pictures) for count in pictures]
        axes.scatter(scores, right, areas, color=COLOURS[name], alpha=0.7)
    axes.set(xlim=(0, 1.03), ylim=(0, 1.05), xlabel="score of the answer", ylabel="share that is right")
    axes.legend(loc="upper left")
    return figure


@drawn_twice
def class_chart(width: float, rates: Mapping[str, Sequence[ClassRates]]) -> Figure:
    """Charts of precision and recall by class with their intervals, of each model; the class found worst on top."""
    names = [of.name for of in rates["uint8"][:MOST_CLASSES]]
    height = 0.34 * len(names) + 0.9
    size = (width, height) if width == WIDE else (width, 2 * height)
    figure, panels = plt.subplots(*((1, 2) if width == WIDE else (2, 1)), figsize=size, sharey=width == WIDE)
    for axes, kind in zip(panels, ("precision", "recall"), strict=True):
        for position, (model, of_model) in enumerate(rates.items()):
            by_name = {of.name: getattr(of, kind) for of in of_model}
            rows = [index + 0.24 * (position - (len(rates) - 1) / 2) for index in range(len(names))]
            chosen = [by_name[name] for name in names]
            axes.hlines(rows, *zip(*(rate.ci95 for rate in chosen), strict=True), color=COLOURS[model], lw=1.5)
            axes.plot([rate.share for rate in chosen], rows, "o", ms=4, color=COLOURS[model], label=model)
        axes.set_yticks(range(len(names)), names)
        axes.locator_params(axis="x", nbins=4)
        axes.set(xlabel=kind, ylim=(len(names) - 0.3, -0.7))
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(rates))
    return figure
