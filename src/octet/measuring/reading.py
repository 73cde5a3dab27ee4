"""What a stage wrote as JSON, as the type that it has."""

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from octet.common.errors import UserError
from octet.common.files import require_output

Content = TypeVar("Content")


def read_as(kind: type[Content], path: Path, made_by: str) -> Content:
    """The file's content, or a UserError that names the first place where it is not of that kind."""
    try:
        return TypeAdapter(kind).validate_json(require_output(path, made_by).read_bytes())
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise UserError(f"{path}: {where}: {problem['msg']}: run `dvc repro {made_by}` again") from None
