"""files.json: the size, the SHA-256 and the operators of each TFLite file."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from octet.measuring.reading import read_as, refusal
from octet.recipe.shared.recipe import Recipe
from octet.recipe.shared.types import Text


class OperatorCounts(BaseModel):
    """How many operators of one name compute in integers, and how many in floating point."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    integer: int
    float: int


class FileFacts(BaseModel):
    """The size of a TFLite file, its SHA-256, and its operators by name, the most frequent first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bytes: int
    sha256: Text
    operators: dict[Text, OperatorCounts]


def read_files(path: Path, recipe: Recipe) -> dict[str, FileFacts]:
    """Read files.json, by variant, with the files that the recipe's gate looks at."""
    made_by = f"evaluate@{recipe.name}"
    files = read_as(dict[Text, FileFacts], path, made_by)
    for variant in ("uint8", *recipe.score.forbidden_operators):
        if variant not in files:
            raise refusal(path, variant, "is missing", made_by)
    return files
