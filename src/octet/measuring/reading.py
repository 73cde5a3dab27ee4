"""Reading and validating the JSON and CSV files that stages write."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from octet.common.errors import UserError, first_line
from octet.common.files import read_rows, require_output
from octet.common.printing import printable

Content = TypeVar("Content")


class Section(BaseModel):
    """A part of such a file, of which every value is known and every number finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def read_as(type_: type[Content], path: Path, made_by: str, tool: str = "dvc repro") -> Content:
    """Read a JSON file as a type; an error names the first value that does not fit, and the stage to run again.

    What a command of Octet makes has the `tool` octet, and is `made_by` the command's name and its arguments.
    """
    try:
        return TypeAdapter(type_).validate_json(require_output(path, made_by).read_bytes(), strict=True)
    except ValidationError as error:
        problem = error.errors()[0]
        raise refusal(path, ".".join(map(str, problem["loc"])), problem["msg"], made_by, tool) from None


def read_numbers(path: Path, made_by: str, columns: Sequence[str], words: Sequence[str] = ()) -> list[dict[str, str]]:
    """Read the rows of a CSV that has these columns, of numbers but for those in `words`; a number may be left out."""
    try:
        rows = read_rows(path, made_by)
    except (csv.Error, UnicodeDecodeError) as error:
        raise refusal(path, "", first_line(error), made_by) from None
    if not rows:
        raise refusal(path, "", "it has no rows", made_by)
    for line, row in enumerate(rows, start=2):
        missing = [column for column in columns if row.get(column) is None]
        if missing or None in row:
            raise refusal(path, f"line {line}", f"expected values for {', '.join(columns)}", made_by)
        for column, value in row.items():
            if column not in words and value and not _is_number(value):
                raise refusal(path, f"line {line}, {column}", f"found {value[:80]!r}, expected a number", made_by)
    return rows


def refusal(path: Path, place: str, reason: str, made_by: str, tool: str = "dvc repro") -> UserError:
    """The error for a file that is not as its stage writes it."""
    return UserError(": ".join(filter(None, (f"{path}", printable(place), reason, f"run `{tool} {made_by}` again"))))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
