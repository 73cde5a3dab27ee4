"""evaluation.json: what every variant of a recipe scores, what each step costs, and the gate's verdict."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_serializer

from octet.common.files import write_json
from octet.measuring.reading import read_as


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TestSet(_Part):
    """What was scored on."""

    __test__ = False  # no test of pytest's

    recipe: str
    task: str
    images: int
    classes: tuple[str, ...]


class Step(_Part):
    """A change from one variant to another, after minus before: what is worse is negative."""

    before: str = Field(alias="from")
    after: str = Field(alias="to")
    metric: str
    delta: float
    ci95: tuple[float, float]

    @property
    def is_more_than_chance(self) -> bool:
        """Whether the interval leaves no change out."""
        low, high = self.ci95
        return low > 0 or high < 0


class Variant(BaseModel):
    """A model's scores by the names of the metrics, and the size of its file, where it is one."""

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


class Gate(_Part):
    """Whether the shipped file is good enough."""

    max_drop: float
    drop: float
    min_score: float
    passed: bool


class Evaluation(_Part):
    """The whole file."""

    dataset: TestSet
    variants: dict[str, Variant]
    ledger: tuple[Step, ...]
    gate: Gate

    def steps(self, metric: str) -> Iterator[Step]:
        """The ledger of one metric."""
        return (step for step in self.ledger if step.metric == metric)


def signed(change: float) -> str:
    """A change with its sign and four decimals, and never minus zero."""
    return f"{round(change, 4) + 0.0:+.4f}"


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Write it whole."""
    write_json(path, evaluation.model_dump(mode="json", by_alias=True, exclude_none=True))


def read_evaluation(path: Path, made_by: str) -> Evaluation:
    """What the score stage wrote."""
    return read_as(Evaluation, path, made_by)
