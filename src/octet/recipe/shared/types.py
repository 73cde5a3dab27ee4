"""The types of the values in a recipe."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

_SHOWN = "in letters that can be shown"  # pages and terminals obey control characters, and some turn a line around


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError(f"expected it {_SHOWN}")
    return text


Text = Annotated[str, AfterValidator(_printable)]
Share = Annotated[float, Field(ge=0, le=1)]
Below1 = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
CountOrZero = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Strings = Annotated[tuple[Annotated[Text, Field(min_length=1)], ...], Field(strict=False, min_length=1)]
TfliteVariant = Literal["float32", "float16", "dynamic", "int8_ptq", "uint8", "uint8_raw"]


class Section(BaseModel):
    """A group of keys of a recipe: all of them have to be given, and no others are allowed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def has_single_spaces(text: str) -> bool:
    """Whether a text has no space at an end, and no two in a row."""
    return text == " ".join(text.split())


def require_strings(value: object, expected: str) -> tuple[str, ...]:
    """Return a value from YAML as a tuple if it is a list of strings without extra spaces; else raise a ValueError.

    `expected` is the rest of the message: "expected ...".
    """
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(item, str) and item and has_single_spaces(item) for item in value)
    ):
        raise ValueError(f"expected {expected}")
    if not all(map(str.isprintable, value)):
        raise ValueError(f"expected {expected}, {_SHOWN}")
    return tuple(value)
