"""The kinds of values that a recipe's keys take."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Whole = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Strings = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False, min_length=1)]
TfliteVariant = Literal["float32", "float16", "dynamic", "int8_ptq", "uint8", "uint8_raw"]


class Section(BaseModel):
    """Some keys that belong together: all of them have to be given, and there are no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def strings(value: object, expected: str) -> tuple[str, ...]:
    """The value as a tuple, where it is a list of words without stray spaces."""
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(item, str) and item and item == " ".join(item.split()) for item in value)
    ):
        raise ValueError(f"expected {expected}")
    return tuple(value)
