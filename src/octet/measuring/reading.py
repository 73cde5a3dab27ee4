"""Reading and validating the JSON files that stages write."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from octet.common.errors import UserError
from octet.common.files import require_output

Content = TypeVar("Content")


def read_as(type_: type[Content], path: Path, made_by: str) -> Content:
    """Read a JSON file as a type; an error names the first value that does not fit, and the stage to run again."""
    try:
        return TypeAdapter(type_).validate_json(require_output(path, made_by).read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise UserError(f"{path}: {where}: {problem['msg']}: run `dvc repro {made_by}` again") from None
