"""evaluation.json: the scores of every variant of a recipe, the change at each step, and the gate's result."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer

from octet.common.files import write_json
from octet.measuring.reading import read_as


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TestSet(_Section):
    """The test set that all variants are scored on."""

    __test__ = False  # tells pytest that this is no test

    recipe: str
    task: str
    images: int
    classes: tuple[str, ...]


class Step(_Section):
    """The change of a metric from one variant to another, after minus before: worse is negative."""

    before: str = Field(alias="from")
    after: str = Field(alias="to")
    metric: str
    delta: float
    ci95: tuple[float, float]

    @property
    def is_more_than_chance(self) -> bool:
        """Whether the 95 % interval does not include 0."""
        low, high = self.ci95
        return low > 0 or high < 0


class Variant(BaseModel):
    """The scores of a variant by the names of the metrics, and its size in bytes where it is a TFLite file."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, float]

    per_class: dict[str, dict[str, float]]
    bytes: int | None = None

    @model_serializer
    def _scores_first(self) -> dict[str, Any]:
        size = {} if self.bytes is None else {"bytes": self.bytes}
        return {**self.__pydantic_extra__, "per_class": self.per_class, **size}

    def __getitem__(self, metric: str) -> float:
        return self.__pydantic_extra__[metric]


class Gate(_Section):
    """The result of the quality gate, with the limits on the score."""

    max_drop: float
    drop: float
    min_score: float
    passed: bool


class Evaluation(_Section):
    """The content of evaluation.json."""

    dataset: TestSet
    variants: dict[str, Variant]
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


def read_evaluation(path: Path, made_by: str) -> Evaluation:
    """Read evaluation.json; `made_by` is the stage that wrote it, for messages."""
    return read_as(Evaluation, path, made_by)
