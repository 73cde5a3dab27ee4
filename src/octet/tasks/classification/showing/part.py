"""Presents a classifier's results: pictures with answers, mistakes, precision and recall by class, reliability."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from octet.common.files import read_json
from octet.data.reading.records import read_pictures
from octet.measuring.evaluation import Comparison, Evaluation
from octet.measuring.reading import read_numbers
from octet.recipe.classification import Recipe
from octet.reporting import plots
from octet.reporting.gallery import Gallery
from octet.reporting.plots import Rows
from octet.reporting.results import Results
from octet.tasks.classification.metric.answers import Answers, from_plain
from octet.tasks.classification.metric.truths import Truths, read_truths
from octet.tasks.classification.showing import charts
from octet.tasks.classification.showing.gallery import COLOURS, WRONG, Pictures
from octet.tasks.classification.showing.rates import rates_by_class

_TEMPLATES = Path(__file__).with_name("templates")
_COMPARED = ("float", "uint8")
_SHOWN_IN_STRIP, _SHOWN_IN_ROW = 12, 4
_COUNTED = ("pictures", "repeated")
_WEAKEST = 3


class Showing:
    """Prepares a classifier's results for the report, the model card and the plots."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe

    def results(self, data: Path, reports: Path, evaluation: Evaluation) -> Results:
        """What fills the page and the card, the montage and the confusion."""
        recipe, classes = self._recipe, evaluation.dataset.classes
        dataset = read_json(data / "dataset.json", f"preprocess@{recipe.name}")
        truths = read_truths(data / "records", "test")
        models = {name: self._answers(reports, name, truths) for name in _COMPARED}
        pictures = Pictures(truths, models, classes)
        chosen = pictures.choose(recipe.report.pictures)
        mistakes = pictures.most_confident_mistakes(_SHOWN_IN_STRIP)
        differences = pictures.most_confident_differences(_SHOWN_IN_STRIP)
        ids = {truths.ids[index] for index in (*chosen, *mistakes, *differences)}
        jpegs = {id: jpeg for id, jpeg in read_pictures(data / "records", "test") if id in ids}
        rates = {name: rates_by_class(answers, truths, classes) for name, answers in models.items()}
        errors = {name: evaluation.variants[name]["ece"] for name in _COMPARED}
        return Results(
            highlights=_highlights(evaluation),
            templates=_TEMPLATES,
            shown={
                "gallery": Gallery(
                    [pictures.exhibit(index, jpegs[truths.ids[index]]) for index in chosen], COLOURS, unfound=WRONG
                ),
                "wrong": int(pictures.wrong.sum()),
                "differ": int(pictures.differ.sum()),
                "mistakes": [pictures.figure(index, jpegs[truths.ids[index]]) for index in mistakes],
                "differences": [pictures.figure(index, jpegs[truths.ids[index]]) for index in differences],
                "compared_with_float": _between(evaluation, *_COMPARED),
                "comparisons": [*_comparison_rows(evaluation.comparisons)],
                "confusion_chart": plots.confusion_chart(_confusion(models["uint8"], truths, classes)),
                "most_confused_classes": plots.MOST_CONFUSED if len(classes) > plots.MOST_CONFUSED else None,
                "reliability_chart": charts.reliability_chart(
                    {name: self._reliability(reports, name) for name in _COMPARED}, errors
                ),
                "ece": f"{errors['uint8']:.3f}",
                "sure": _sure(models["uint8"], truths, recipe.report.min_score),
                "min_score": f"{recipe.report.min_score:g}",
                "class_chart": charts.class_chart(rates),
                "rates": [(of.name, of.recall.pictures, of.precision, of.recall) for of in rates["uint8"]],
                "most_classes": plots.MOST_CLASSES if len(classes) > plots.MOST_CLASSES else None,
                "counted": list(_COUNTED),
                "counts_by_split": [
                    (name, *(split[key] for key in _COUNTED)) for name, split in dataset["splits"].items()
                ],
                "count_chart": plots.count_chart(dataset["splits"]["train"]["pictures_per_class"], "pictures in train"),
                "weakest": [(of.name, of.recall.share) for of in rates["uint8"][:_WEAKEST]],
            },
            counts=("pictures",),
            class_scores={"precision": "precision", "recall": "recall"},
            montage=pictures.montage(chosen[:_SHOWN_IN_ROW], jpegs),
            confusion=_confusion(models["uint8"], truths, classes),
        )

    def _answers(self, reports: Path, name: str, truths: Truths) -> Answers:
        file = reports / self._recipe.outputs_folder / f"{name}.json"
        return from_plain(read_json(file, f"evaluate@{self._recipe.name}"), truths)

    def _reliability(self, reports: Path, name: str) -> Rows:
        file = reports / "curves" / f"{name}.csv"
        return read_numbers(file, f"score@{self._recipe.name}", ("score", "correct", "pictures"))


def _highlights(evaluation: Evaluation) -> list[tuple[str, str]]:
    shipped, float32, network = (evaluation.variants[name] for name in ("uint8", "float32", "float"))
    agreement = _between(evaluation, *_COMPARED)["agreement"]
    return [
        (f"{shipped['top1']:.3f}", f"top-1 of the shipped file, {network['top1']:.3f} in float"),
        (f"{100 * agreement:.1f} %", "of the test pictures get the same answer as in float"),
        (f"{(shipped.bytes or 0) / 1e6:.2f} MB", f"of {(float32.bytes or 0) / 1e6:.2f} MB in float32"),
    ]


def _between(evaluation: Evaluation, before: str, after: str) -> Comparison:
    return next(of for of in evaluation.comparisons if (of.before, of.after) == (before, after))


def _comparison_rows(comparisons: Sequence[Comparison]) -> Iterator[tuple[str, ...]]:
    for of in comparisons:
        yield (
            f"{of.before} → {of.after}",
            f"{100 * of['agreement']:.1f} %",
            f"{of['gained']:.0f}",
            f"{of['lost']:.0f}",
            f"{of['mcnemar_p']:.3g}",
        )


def _confusion(answers: Answers, truths: Truths, classes: Sequence[str]) -> list[tuple[str, str]]:
    """For each picture, its class and the class that is said of it."""
    pairs = zip(truths.classes, answers.first, strict=True)
    return [(classes[class_], classes[said]) for class_, said in pairs]


def _sure(answers: Answers, truths: Truths, min_score: float) -> dict[str, str]:
    """How many pictures get an answer with this score or more, and how many of these answers are right, as text."""
    sure = answers.scores[:, 0] >= min_score
    right = (answers.first == truths.classes)[sure]
    return {
        "answered": f"{100 * sure.mean():.1f} %",
        "right": f"{100 * right.mean():.1f} %" if sure.any() else "none",
    }


if TYPE_CHECKING:
    from octet.tasks import protocol

    _: type[protocol.Showing] = Showing
