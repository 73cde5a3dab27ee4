"""Plots as SVG whose bytes depend on the data alone."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "octet"  # otherwise element ids are random
matplotlib.rcParams["font.family"] = "DejaVu Sans"  # comes with matplotlib

import matplotlib.pyplot as plt  # noqa: E402  # after the backend is chosen
from matplotlib.figure import Figure  # noqa: E402


def training_curves(histories: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """Loss and validation mAP against epochs, one line a training."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.2))
    for name, rows in histories.items():
        left.plot([int(row["epoch"]) for row in rows], [float(row["loss"]) for row in rows], label=name)
        validated = [row for row in rows if row.get("val_map")]
        right.plot([int(r["epoch"]) for r in validated], [float(r["val_map"]) for r in validated], "o-", label=name)
    for axes, label in ((left, "training loss"), (right, "validation VOC12 mAP")):
        axes.set(xlabel="epoch", ylabel=label)
        axes.legend()
    return _svg(figure)


def precision_recall_curves(points: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """Precision against recall of each class, one line a variant."""
    classes = sorted({row["class"] for rows in points.values() for row in rows})
    columns = min(len(classes), 5)
    lines = -(-len(classes) // columns)
    figure, grid = plt.subplots(
        lines, columns, figsize=(2.4 * columns, 2.2 * lines), squeeze=False, sharex=True, sharey=True
    )
    for axes, name in zip(grid.flat, classes, strict=False):
        for variant, rows in points.items():
            chosen = [row for row in rows if row["class"] == name]
            axes.plot(
                [float(r["recall"]) for r in chosen], [float(r["precision"]) for r in chosen], label=variant, lw=1
            )
        axes.set_title(name, fontsize=9)
    for unused in list(grid.flat)[len(classes) :]:
        unused.set_visible(False)
    figure.supxlabel("recall", fontsize=9)
    figure.supylabel("precision", fontsize=9)
    grid.flat[0].legend(fontsize=7)
    return _svg(figure)


def drop_bars(ledger: Sequence[Mapping[str, Any]]) -> str:
    """What each step changed, with its interval."""
    figure, axes = plt.subplots(figsize=(7, 0.36 * len(ledger) + 0.8))
    names = [f"{step['from']} → {step['to']}" for step in ledger]
    deltas = [step["delta"] for step in ledger]
    reach = [
        [step["delta"] - step["ci95"][0] for step in ledger],
        [step["ci95"][1] - step["delta"] for step in ledger],
    ]
    axes.errorbar(deltas, range(len(names)), xerr=[[max(r, 0.0) for r in side] for side in reach], fmt="o", capsize=3)
    axes.axvline(0, color="grey", lw=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("change of VOC12 mAP, with the 95 % interval over pictures")
    return _svg(figure)


def _svg(figure: Figure) -> str:
    figure.tight_layout()
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    plt.close(figure)
    return text.getvalue()[text.getvalue().index("<svg") :]
