"""files.json: the size, the SHA-256 and the operators of each TFLite file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from octet.measuring.reading import read_as


class OperatorCounts(BaseModel):
    """How many operators of one name compute in integers, and how many in floating point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    integer: int
    float: int


class FileFacts(BaseModel):
    """The size of a TFLite file, its SHA-256, and its operators by name, the most frequent first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int
    sha256: str
    operators: dict[str, OperatorCounts]


def read_files(path: Path, made_by: str) -> dict[str, FileFacts]:
    """Read files.json, by variant; `made_by` is the stage that wrote it, for messages."""
    return read_as(dict[str, FileFacts], path, made_by)
