"""Presents a detector's results: pictures with boxes, errors by kind, recall by size."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from octet.common.files import read_json, read_rows
from octet.data.reading.records import read_pictures
from octet.measuring.evaluation import Evaluation
from octet.recipe.detection import Recipe
from octet.reporting import html
from octet.reporting.plots import Rows
from octet.reporting.results import Card, Results
from octet.tasks.detection.metric.average_precision import Objects, tabulate_objects
from octet.tasks.detection.metric.detections import above_score, from_coco
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.showing import charts
from octet.tasks.detection.showing.errors import CLASS, ERRORS, RIGHT, classify_errors, found_share_by_size, gains
from octet.tasks.detection.showing.gallery import (
    COLOURS,
    DiagnosedDetections,
    Exhibit,
    choose_pictures,
    make_exhibit,
    make_montage,
)

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
        """The parts of the page, the montage, the confusion and the card."""
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
        shown = {name: above_score(detections, recipe.report.min_score) for name, detections in found.items()}
        judged = {
            name: DiagnosedDetections(detections, classify_errors(detections, objects, len(classes)))
            for name, detections in shown.items()
        }
        chosen = choose_pictures(judged["uint8"], objects, recipe.report.pictures)
        ids = {truths[picture.index].id for picture in chosen}
        jpegs = {id: jpeg for id, jpeg in read_pictures(data / "records", "test") if id in ids}
        exhibits = [
            make_exhibit(picture, jpegs[truths[picture.index].id], truths[picture.index], objects, judged, classes)
            for picture in chosen
        ]
        areas = np.array([truth.width * truth.height for truth in truths], float)
        return Results(
            numbers=_numbers(evaluation),
            examples=self._examples(exhibits),
            by_class="<h3>By class</h3>"
            + html.chart(charts.class_chart(evaluation.variants), "Average precision by class, float and uint8"),
            mistakes=self._mistakes(
                {
                    name: gains(of, objects, classify_errors(of, objects, len(classes)), len(classes))
                    for name, of in found.items()
                },
                {name: found_share_by_size(objects, of.diagnosis, areas, _SIZES) for name, of in judged.items()},
                {name: read_rows(reports / "curves" / f"{name}.csv", f"score@{recipe.name}") for name in _CURVES},
            ),
            data=_data(dataset),
            montage=make_montage(exhibits[:_SHOWN_IN_ROW], "uint8"),
            confusion=list(_confusion(judged["uint8"], objects, classes)),
            card=_card(recipe, evaluation),
        )

    def _examples(self, exhibits: Sequence[Exhibit]) -> str:
        intro = (
            "Left: ground truth, and what of it the uint8 file misses. Middle: what the float model finds. "
            "Right: what the uint8 file finds. "
            f"Detections that score less than {self._recipe.report.min_score:g} are left out."
        )
        rows = "".join(html.row_of_three(of.title, of.images) for of in exhibits)
        return html.paragraphs([intro]) + html.key(COLOURS) + rows

    def _mistakes(
        self,
        errors: Mapping[str, Mapping[str, float]],
        recalls: Mapping[str, Sequence[float]],
        curves: Mapping[str, Rows],
    ) -> str:
        by_kind = "How much VOC12 mAP would rise if one kind of error were mended, of all detections, however unsure:"
        by_size = (
            "Size is the side of a box as a share of its picture's; found with a score of "
            f"{self._recipe.report.min_score:g} or more."
        )
        sizes = [*(f"up to {end:g}" for end in _SIZES), f"more than {_SIZES[-1]:g}"]
        return (
            html.paragraphs([by_kind])
            + html.points(ERRORS)
            + html.chart(charts.error_chart(errors), "What each kind of error costs, float and uint8")
            + "<h3>By size</h3>"
            + html.paragraphs([by_size])
            + html.chart(charts.size_chart(recalls, sizes), "The share of objects that is found, by size")
            + "<h3>Precision and recall</h3>"
            + html.chart(charts.precision_recall_curves(curves), "Precision against recall by class")
        )


def _numbers(evaluation: Evaluation) -> list[tuple[str, str]]:
    shipped, before = evaluation.variants["uint8"], evaluation.variants["float32"]
    return [
        (f"{shipped['voc07_map']:.3f}", "VOC07 mAP of the shipped file"),
        (f"{evaluation.variants['float']['voc07_map']:.3f}", "of the float model"),
        (f"{(shipped.bytes or 0) / 1e6:.2f} MB", f"of {(before.bytes or 0) / 1e6:.2f} MB in float32"),
    ]


def _data(dataset: Mapping[str, Any]) -> str:
    rows = [(split, *(of[key] for key in _COUNTED)) for split, of in dataset["splits"].items()]
    told = "How many objects of each class and size there are"
    return html.table(("split", *_COUNTED), rows) + html.chart(charts.object_charts(dataset), told)


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


def _card(recipe: Recipe, evaluation: Evaluation) -> Card:
    suppression, size = recipe.model.suppression, recipe.model.input_size
    per_class = evaluation.variants["uint8"].per_class
    worst = sorted(per_class, key=lambda name: per_class[name]["voc12_ap"])[:3]
    weakest = ", ".join(f"{name} ({per_class[name]['voc12_ap']:.2f})" for name in worst)
    # The side of a square that an anchor overlaps by half: the smallest anchor's over the root of two.
    smallest = round(min(min(level.scales) for level in recipe.model.levels) * size / 2**0.5)
    return Card(
        network=f"An object detector in eight bits: MobileNetV2 (alpha {recipe.model.alpha:g}) with a feature pyramid",
        gives="boxes `[ymin, xmin, ymax, xmax]` as shares of the sides, classes by their number from 0, scores, and "
        f"how many of them are meant: {suppression.max_detections} at most, with scores of "
        f"{suppression.score_threshold:g} or more.",
        names="Finds",
        counts=("pictures", "objects"),
        scores=(("VOC07 AP", "voc07_ap"), ("VOC12 AP", "voc12_ap")),
        measured=", at an overlap of a half",
        limits=(
            "It knows the classes above and nothing else, in pictures like those of its data. The weakest are "
            f"{weakest}.",
            f"Objects smaller than about {smallest} px at {size} x {size} are overlapped by no anchor by half, and are "
            "found less often.",
            "Run it in 8 threads at most: with more, a class would be lost to a fault in TFLite's post-processing.",
            "Scores are for ranking; they are not calibrated probabilities.",
        ),
    )


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Showing] = Showing
