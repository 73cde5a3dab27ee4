"""files.json: what each file weighs, what identifies it, and what it is made of."""

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from octet.measuring.reading import read_as

FLOAT = "FLOAT"  # stands for every operator that takes or gives floating point


class Operators(BaseModel):
    """How many of one kind compute with integers, and how many in floating point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    integer: int
    float: int


class FileFacts(BaseModel):
    """Of one file; its operators by name, the most frequent first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int
    sha256: str
    operators: dict[str, Operators]

    def forbidden(self, names: Sequence[str]) -> list[str]:
        """Which of the names, or of FLOAT's operators, are in the file."""
        return sorted(name for name, of in self.operators.items() if name in names or (FLOAT in names and of.float))


def read_files(path: Path, made_by: str) -> dict[str, FileFacts]:
    """What the evaluate stage wrote, by variant."""
    return read_as(dict[str, FileFacts], path, made_by)
