"""Presents a detector's results: pictures with boxes, errors by kind, recall by size."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from octet.common.files import read_json
from octet.data.reading.records import read_pictures
from octet.measuring.evaluation import Evaluation, Variant
from octet.measuring.reading import read_numbers
from octet.recipe.detection import Recipe
from octet.reporting import plots
from octet.reporting.gallery import Gallery
from octet.reporting.results import Results
from octet.tasks.detection.metric.average_precision import Objects, tabulate_objects
from octet.tasks.detection.metric.detections import Detections, above_score, from_coco
from octet.tasks.detection.metric.sizes import SIZES, within
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.showing import charts
from octet.tasks.detection.showing.errors import CLASS, ERRORS, RIGHT, classify_errors, found_share_by_size, gains
from octet.tasks.detection.showing.gallery import (
    COLOURS,
    DiagnosedDetections,
    choose_pictures,
    make_exhibit,
    make_montage,
)
from octet.tasks.detection.showing.thresholds import THRESHOLDS, ByThreshold, by_threshold

_TEMPLATES = Path(__file__).with_name("templates")
_COMPARED = ("float", "uint8")
_CURVES = ("float", "qat", "uint8")
_SHOWN_IN_ROW = 4
_SIZES = (0.1, 0.2, 0.4, 0.8)
_MISSED = "(missed)"
_COUNTED = ("pictures", "objects", "difficult", "truncated")


class Showing:
    """Prepares a detector's results for the report, the model card and the plots."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def results(self, data: Path, reports: Path, evaluation: Evaluation) -> Results:
        """What fills the page and the card, the montage and the confusion."""
        recipe, classes = self._recipe, evaluation.dataset.classes
        dataset = read_json(data / "dataset.json", f"preprocess@{recipe.name}")
        truths = read_truths(data / "records", "test")
        objects = tabulate_objects(truths)
        found = {
            name: from_coco(
                read_json(reports / recipe.outputs_folder / f"{name}.json", f"evaluate@{recipe.name}"), truths
            )
            for name in _COMPARED
        }
        every = {name: _diagnosed(detections, objects, classes) for name, detections in found.items()}
        judged = {
            name: _diagnosed(above_score(detections, recipe.report.min_score), objects, classes)
            for name, detections in found.items()
        }
        thresholds = {name: by_threshold(of.detections, objects, of.diagnosis) for name, of in every.items()}
        chosen = choose_pictures(judged["uint8"], objects, recipe.report.pictures)
        ids = {truths[picture.index].id for picture in chosen}
        jpegs = {id: jpeg for id, jpeg in read_pictures(data / "records", "test") if id in ids}
        exhibits = [
            make_exhibit(picture, jpegs[truths[picture.index].id], truths[picture.index], objects, every, classes)
            for picture in chosen
        ]
        confusion = list(_confusion(judged["uint8"], objects, classes))
        areas = np.array([truth.width * truth.height for truth in truths], float)
        sizes = [
            f"{name}, {np.sum(within(size, objects.boxes) & ~objects.difficult)} objects"
            for name, size in SIZES.items()
        ]
        return Results(
            highlights=_highlights(evaluation, recipe),
            templates=_TEMPLATES,
            shown={
                "min_score": f"{recipe.report.min_score:g}",
                "gallery": Gallery(exhibits, COLOURS, recipe.report.min_score),
                "threshold_chart": charts.threshold_chart(thresholds),
                "best_threshold": _best(thresholds["uint8"]),
                "confusion_chart": plots.confusion_chart(confusion),
                "most_confused_classes": plots.MOST_CONFUSED if len(classes) > plots.MOST_CONFUSED else None,
                "class_chart": charts.class_chart(evaluation.variants),
                "size_names": sizes,
                "scores_by_size": [(name, *_by_size(variant)) for name, variant in evaluation.variants.items()],
                "shipped_by_size": list(zip(sizes, _by_size(evaluation.variants["uint8"]), strict=True)),
                "errors": ERRORS,
                "error_chart": charts.error_chart(
                    {name: gains(of.detections, objects, of.diagnosis, len(classes)) for name, of in every.items()}
                ),
                "size_chart": charts.size_chart(
                    {
                        name: found_share_by_size(objects, model.diagnosis, areas, _SIZES)
                        for name, model in judged.items()
                    },
                    [*(f"up to {end:g}" for end in _SIZES), f"more than {_SIZES[-1]:g}"],
                ),
                "precision_recall_curves": charts.precision_recall_curves(
                    {name: self._curve(reports / "curves" / f"{name}.csv") for name in _CURVES},
                    charts.weakest_classes(evaluation.variants["uint8"]),
                ),
                "most_classes": plots.MOST_CLASSES if len(classes) > plots.MOST_CLASSES else None,
                "counted": list(_COUNTED),
                "counts_by_split": [
                    (name, *(split[key] for key in _COUNTED)) for name, split in dataset["splits"].items()
                ],
                "count_chart": plots.count_chart(dataset["splits"]["train"]["objects_per_class"], "objects in train"),
                "side_chart": charts.side_chart(dataset["splits"]["train"]),
                "suppression": recipe.model.suppression,
                "weakest": _weakest(evaluation),
                "smallest": recipe.model.strides[0],
            },
            counts=("pictures", "objects"),
            class_scores={"VOC07 AP": "voc07_ap", "AP50": "voc12_ap"},
            montage=make_montage(exhibits[:_SHOWN_IN_ROW], "uint8", recipe.report.min_score),
            confusion=confusion,
        )

    def _curve(self, file: Path) -> list[dict[str, str]]:
        return read_numbers(file, f"score@{self._recipe.name}", ("class", "recall", "precision"), words=("class",))


def _diagnosed(detections: Detections, objects: Objects, classes: Sequence[str]) -> DiagnosedDetections:
    return DiagnosedDetections(detections, classify_errors(detections, objects, len(classes)))


def _best(scores: ByThreshold) -> dict[str, str]:
    """The score from which the detections have the best F1, and what they reach there, as text."""
    best = scores.best
    return {
        "score": f"{THRESHOLDS[best]:.2f}",
        "f1": f"{scores.f1[best]:.3f}",
        "precision": f"{100 * scores.precision[best]:.1f} %",
        "recall": f"{100 * scores.recall[best]:.1f} %",
    }


def _by_size(variant: Variant) -> Iterator[str]:
    """The mAP50-95 of the objects of each size, as text."""
    for size in SIZES:
        score = variant.get(f"coco_map_{size}")
        yield "none there" if score is None else f"{score:.4f}"


def _highlights(evaluation: Evaluation, recipe: Recipe) -> list[tuple[str, str]]:
    shipped, float32, network = (evaluation.variants[name] for name in ("uint8", "float32", "float"))
    return [
        *(
            (f"{shipped[metric]:.3f}", f"{recipe.metrics[metric]} of the shipped file, {network[metric]:.3f} in float")
            for metric in recipe.max_drops
        ),
        (f"{(shipped.bytes or 0) / 1e6:.2f} MB", f"of {(float32.bytes or 0) / 1e6:.2f} MB in float32"),
    ]


def _weakest(evaluation: Evaluation) -> list[tuple[str, float]]:
    """The three classes that the shipped file finds worst, with their AP50."""
    shipped = evaluation.variants["uint8"]
    return [(name, shipped.per_class[name]["voc12_ap"]) for name in charts.weakest_classes(shipped)[:3]]


def _confusion(model: DiagnosedDetections, objects: Objects, classes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """For each object that is not difficult, its class and the class of its best detection, or that it was missed."""
    detected_as: dict[int, int] = {}  # object -> class
    kinds, object_indices = model.diagnosis.kinds, model.diagnosis.objects
    order = (-model.detections.scores).argsort(kind="stable")
    for kind in (RIGHT, CLASS):
        for index in order[kinds[order] == kind]:
            detected_as.setdefault(int(object_indices[index]), int(model.detections.classes[index]))
    for object_index, (class_, difficult) in enumerate(zip(objects.classes, objects.difficult, strict=True)):
        if not difficult:
            yield classes[class_], classes[detected_as[object_index]] if object_index in detected_as else _MISSED


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Showing] = Showing
