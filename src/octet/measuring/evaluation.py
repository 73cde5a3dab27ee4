"""evaluation.json: the scores of every variant of a recipe, the change at each step, and the gate's result."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer

from octet.common.files import write_json
from octet.measuring.reading import read_as, refusal
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


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TestSet(_Section):
    """The test set that all variants are scored on."""

    __test__ = False  # tells pytest that this is no test

    recipe: Text
    task: Text
    images: int
    classes: tuple[Text, ...]


class Step(_Section):
    """The change of a metric from one variant to another, after minus before: worse is negative."""

    before: Text = Field(alias="from")
    after: Text = Field(alias="to")
    metric: Text
    delta: float
    ci95: tuple[float, float]

    @property
    def is_more_than_chance(self) -> bool:
        """Whether the 95 % interval does not include 0."""
        low, high = self.ci95
        return low > 0 or high < 0


class Variant(BaseModel):
    """The scores of a variant by the names of the metrics, and its size in bytes where it is a TFLite file."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)
    __pydantic_extra__: dict[str, float]

    per_class: dict[Text, dict[str, float]]
    bytes: int | None = None

    @model_serializer
    def _scores_first(self) -> dict[str, Any]:
        size = {} if self.bytes is None else {"bytes": self.bytes}
        return {**self.__pydantic_extra__, "per_class": self.per_class, **size}

    def __getitem__(self, metric: str) -> float:
        return self.__pydantic_extra__[metric]

    def __contains__(self, metric: str) -> bool:
        return metric in self.__pydantic_extra__


class Gate(_Section):
    """The result of the quality gate, with the limits on the score."""

    max_drop: float
    drop: float
    min_score: float
    passed: bool


class Evaluation(_Section):
    """The content of evaluation.json."""

    dataset: TestSet
    variants: dict[Text, Variant]
    ledger: tuple[Step, ...]
    gate: Gate

    def steps(self, metric: str) -> Iterator[Step]:
        """The steps of the ledger that are in one metric."""
        return (step for step in self.ledger if step.metric == metric)


def signed(change: float) -> str:
    """A change with its sign and four decimals, and never minus zero."""
    return f"{round(change, 4) + 0.0:+.4f}"


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Write evaluation.json, whole or not at all."""
    write_json(path, evaluation.model_dump(mode="json", by_alias=True, exclude_none=True))


def read_evaluation(path: Path, recipe: Recipe) -> Evaluation:
    """Read evaluation.json, in which every variant has all of the recipe's metrics, and every step its change."""
    made_by = f"score@{recipe.name}"
    evaluation = read_as(Evaluation, path, made_by)
    steps = {(step.before, step.after) for step in evaluation.steps(recipe.headline)}
    missing = [name for name in dict.fromkeys(chain(*STEPS)) if name not in evaluation.variants]
    missing += [
        f"{name}.{metric}"
        for name, variant in evaluation.variants.items()
        for metric in recipe.metrics
        if metric not in variant
    ]
    missing += [f"the step from {before} to {after}" for before, after in STEPS if (before, after) not in steps]
    if missing:
        raise refusal(path, missing[0], "is missing", made_by)
    return evaluation
