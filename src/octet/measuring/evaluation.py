"""evaluation.json: the scores of every variant of a recipe, the change at each step, and the gate's result."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer

from octet.common.files import write_json
from octet.measuring.reading import Section, read_as, refusal
from octet.recipe.shared.recipe import Recipe
from octet.recipe.shared.types import Text

# From the float model to every other variant; then what QAT changes against equal training in float and against no
# training, and what conversion changes.
STEPS = (
    ("float", "control"),
    ("float", "qat"),
    ("float", "float32"),
    ("float", "float16"),
    ("float", "dynamic"),
    ("float", "int8_ptq"),
    ("float", "uint8"),
    ("float", "uint8_raw"),
    ("control", "qat"),
    ("control", "uint8"),
    ("int8_ptq", "uint8"),
    ("qat", "uint8"),
    ("uint8", "uint8_raw"),
)


DECIMALS = 5  # of every score and change
_SHOWN_DECIMALS = 4
_CHANCE = 0.05  # what is likelier by chance is called so


class TestSet(Section):
    """The test set that all variants are scored on."""

    __test__ = False  # tells pytest that this is no test

    recipe: Text
    task: Text
    images: int
    classes: tuple[Text, ...]


class Step(Section):
    """The change of a metric from one variant to another, after minus before: worse is negative."""

    before: Text = Field(alias="from")
    after: Text = Field(alias="to")
    metric: Text
    delta: float
    ci95: tuple[float, float]

    @property
    def leaves_out_0(self) -> bool:
        """Whether the 95 % interval, as it is shown, does not include 0."""
        low, high = (round(end, _SHOWN_DECIMALS) for end in self.ci95)
        return low > 0 or high < 0


class Comparison(BaseModel):
    """Further numbers that a task has, by name, about two variants on the same pictures."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, int | float]

    before: Text = Field(alias="from")
    after: Text = Field(alias="to")

    def __getitem__(self, name: str) -> float:
        return self.__pydantic_extra__[name]


class Variant(BaseModel):
    """The scores of a variant by the names of the metrics; of a TFLite file also its size in bytes and its SHA-256.

    A score is None where the test set has nothing that it could be about.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, float | None]

    per_class: dict[Text, dict[str, float]]
    bytes: int | None = None
    sha256: Text | None = None

    @model_serializer
    def _scores_first(self) -> dict[str, Any]:
        file = {name: value for name, value in (("bytes", self.bytes), ("sha256", self.sha256)) if value is not None}
        return {**self.__pydantic_extra__, "per_class": self.per_class, **file}

    def __getitem__(self, metric: str) -> float:
        if (score := self.get(metric)) is None:
            raise KeyError(metric)
        return score

    def __contains__(self, metric: str) -> bool:
        return self.get(metric) is not None

    def get(self, metric: str) -> float | None:
        """The score in this metric; None where there is none."""
        return self.__pydantic_extra__.get(metric)


class Drop(Section):
    """By how much the shipped file scores lower than the float model, and what is allowed."""

    max_drop: float
    drop: float


class Gate(Section):
    """The result of the quality gate, with the limits on the scores: the headline's, and the drop in each metric."""

    max_drop: float
    drop: float
    min_score: float
    passed: bool
    by_metric: dict[Text, Drop]


class Evaluation(Section):
    """The content of evaluation.json."""

    dataset: TestSet
    variants: dict[Text, Variant]
    ledger: tuple[Step, ...]
    gate: Gate
    comparisons: tuple[Comparison, ...] = Field(default=(), exclude_if=lambda found: not found)  # of some tasks alone

    def steps(self, metric: str) -> Iterator[Step]:
        """The steps of the ledger that are in one metric."""
        return (step for step in self.ledger if step.metric == metric)

    def is_more_than_chance(self, step: Step) -> bool:
        """Whether the test pictures tell a change from none, also by the exact test where single answers are counted.

        Of few pictures that changed, the interval alone leaves out 0 too easily.
        """
        same = [found for found in self.comparisons if (found.before, found.after) == (step.before, step.after)]
        return step.leaves_out_0 and all(found["mcnemar_p"] < _CHANCE for found in same)


def changes_from_float(ledger: Iterable[Step]) -> dict[tuple[str, str], Step]:
    """The steps that begin at the float model, by their metric and the variant that they lead to."""
    return {(step.metric, step.after): step for step in ledger if step.before == "float"}


def signed(change: float, decimals: int = _SHOWN_DECIMALS) -> str:
    """A change with its sign and so many decimals, and never minus zero."""
    return f"{round(change, decimals) + 0.0:+.{decimals}f}"


def interval_text(ci95: tuple[float, float]) -> str:
    """An interval of changes, as tables and sentences show it."""
    low, high = ci95
    return f"{signed(low)} to {signed(high)}"


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Write evaluation.json, whole or not at all."""
    write_json(path, evaluation.model_dump(mode="json", by_alias=True))


def read_evaluation(path: Path, recipe: Recipe) -> Evaluation:
    """Read evaluation.json, in which every variant has all of the recipe's metrics, and every step its changes."""
    made_by = f"score@{recipe.name}"
    evaluation = read_as(Evaluation, path, made_by)
    steps = {(step.before, step.after, step.metric) for step in evaluation.ledger}
    missing = [name for name in dict.fromkeys(chain(*STEPS)) if name not in evaluation.variants]
    missing += [
        f"{name}.{metric}"
        for name, variant in evaluation.variants.items()
        for metric in recipe.metrics
        if metric not in variant
    ]
    missing += [
        f"the step from {before} to {after} in {metric}"
        for before, after in STEPS
        for metric in recipe.max_drops
        if (before, after, metric) not in steps
    ]
    missing += [f"gate.by_metric.{metric}" for metric in recipe.max_drops if metric not in evaluation.gate.by_metric]
    if missing:
        raise refusal(path, missing[0], "is missing", made_by)
    return evaluation
