"""params.yaml as typed, immutable recipes; what is wrong with it is said before anything runs."""

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from octet.errors import UserError

PARAMS = Path("params.yaml")

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Whole = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]


_BACKBONE_STRIDE = 32  # the last that the backbone offers; further levels are made from the one before


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Pictures(_Section):
    """How many pictures each split gets."""

    train: Count
    val: Count
    test: Count


class Shapes(_Section):
    """A set that the project renders itself."""

    kind: Literal["shapes"]
    seed: Seed
    side: Annotated[int, Field(ge=64, le=1024)]
    pictures: Pictures


class Splits(_Section):
    """The image sets, as FOLDER/NAME, that make up each split."""

    train: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    val: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    test: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class Dataset(_Section):
    """Where the pictures come from and how they are split."""

    source: Shapes
    splits: Splits
    classes: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    shards: Annotated[int, Field(ge=1, le=1024)]

    @model_validator(mode="after")
    def _classes_differ(self) -> "Dataset":
        if len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes {list(self.classes)} name one twice")
        return self


class Model(_Section):
    """The network and its anchors."""

    alpha: Positive
    input_size: Annotated[int, Field(ge=64, le=1024, multiple_of=32)]
    batch_norm_momentum: Share
    strides: Annotated[tuple[Literal[8, 16, 32, 64, 128], ...], Field(strict=False, min_length=1)]
    extra_channels: Annotated[int, Field(ge=2, multiple_of=2)]
    anchor_scales: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(strict=False)]
    octave_scales: Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)]
    aspect_ratios: Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _levels_fit(self) -> "Model":
        if list(self.strides) != sorted(set(self.strides)):
            raise ValueError(f"strides {list(self.strides)} must grow from level to level")
        for before, stride in zip((0, *self.strides), self.strides, strict=False):
            if stride > _BACKBONE_STRIDE and stride != 2 * before:
                raise ValueError(f"strides {list(self.strides)}: beyond {_BACKBONE_STRIDE} each doubles the one before")
        if len(self.strides) != len(self.anchor_scales):
            raise ValueError(
                f"{len(self.anchor_scales)} anchor_scales for {len(self.strides)} strides: give one a stride"
            )
        return self


class Augmentation(_Section):
    """What a picture goes through before training sees it."""

    min_window: Positive
    max_window: Positive
    max_stretch: Annotated[float, Field(ge=1)]
    flip: Share
    contrast: Share
    brightness: Share
    colour: Share

    @model_validator(mode="after")
    def _window_is_a_range(self) -> "Augmentation":
        if self.min_window > self.max_window:
            raise ValueError(f"min_window {self.min_window} is larger than max_window {self.max_window}")
        return self


class Matching(_Section):
    """From which overlap on an anchor answers for an object, and below which it is background."""

    positive_iou: Share
    negative_iou: Share

    @model_validator(mode="after")
    def _leaves_no_overlap(self) -> "Matching":
        if self.negative_iou > self.positive_iou:
            raise ValueError(f"negative_iou {self.negative_iou} is larger than positive_iou {self.positive_iou}")
        return self


class Loss(_Section):
    """How the two losses are shaped and weighed."""

    focal_alpha: Share
    focal_gamma: Annotated[float, Field(ge=0)]
    huber_delta: Positive
    box_weight: Positive


class TrainFloat(_Section):
    """Training in float."""

    device: Literal["cpu", "gpu"]
    seed: Seed
    epochs: Count
    batch: Count
    learning_rate: Positive
    warmup_epochs: Annotated[float, Field(ge=0)]
    validate_every: Count
    augmentation: Augmentation
    matching: Matching
    loss: Loss

    @model_validator(mode="after")
    def _warms_up_in_time(self) -> "TrainFloat":
        if self.warmup_epochs > self.epochs:
            raise ValueError(f"warmup_epochs {self.warmup_epochs} is more than epochs {self.epochs}")
        return self


class TrainQat(TrainFloat):
    """Quantization-aware training, from the float weights."""

    calibration_batches: Count


class Suppression(_Section):
    """How many detections come out of the file, and which."""

    score_threshold: Share
    iou_threshold: Share
    max_detections: Count


class Convert(_Section):
    """What goes into the TFLite files."""

    calibration_pictures: Count
    suppression: Suppression


class Evaluate(_Section):
    """How the drop is judged."""

    bootstrap: Annotated[int, Field(ge=2)]
    seed: Seed
    max_drop: Share
    min_map: Share


class Report(_Section):
    """What the page shows."""

    pictures: Whole
    min_score: Share


class Recipe(_Section):
    """One section of params.yaml."""

    name: str
    dataset: Dataset
    model: Model
    train_float: TrainFloat
    train_qat: TrainQat
    convert: Convert
    evaluate: Evaluate
    report: Report


def load_recipe(name: str, params: Path = PARAMS) -> Recipe:
    """The recipe of that name, or a UserError that says what is wrong with it."""
    sections = _read(params)
    if name not in sections:
        raise UserError(f"{params}: no recipe {name!r}; there are: {', '.join(map(str, sections))}")
    section = sections[name]
    if not isinstance(section, dict):
        raise UserError(f"{params}: {name}: found {section!r}, expected a section with {_keys(Recipe)}")
    if "name" in section:
        raise UserError(f"{params}: {name}.name: no such key; a recipe's name is that of its section")
    try:
        return Recipe.model_validate({**section, "name": name})
    except ValidationError as error:
        lines = [f"{params}: {_explain(name, problem)}" for problem in error.errors()]
        raise UserError("\n".join(lines)) from None


def _read(params: Path) -> dict[str, Any]:
    try:
        sections = yaml.safe_load(params.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{params} is not here: run from the top of the repository") from None
    except yaml.YAMLError as error:
        raise UserError(f"{params}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(sections, dict):
        raise UserError(f"{params}: expected one section a recipe, found {sections!r}")
    return sections


def _explain(recipe: str, problem: Any) -> str:
    """One line: the key, what was found, what is allowed."""
    path = [str(part) for part in problem["loc"]]
    where = ".".join([recipe, *path])
    if problem["type"] == "extra_forbidden":
        allowed = _fields_at(Recipe, path[:-1])
        close = get_close_matches(path[-1], allowed, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(sorted(allowed))}"
        return f"{where}: no such key; {hint}"
    if problem["type"] == "missing":
        return f"{where}: is missing; every key must be given"
    found = "" if isinstance(problem["input"], dict) else f"found {problem['input']!r}; "
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {found}{message[0].lower()}{message[1:]}"


def _fields_at(section: type[BaseModel], path: list[str]) -> list[str]:
    """The keys that the section at the end of the path allows."""
    for part in path:
        section = section.model_fields[part].annotation  # type: ignore[assignment]  # only sections have extra keys
    return [key for key in section.model_fields if key != "name"]


def _keys(section: type[BaseModel]) -> str:
    return ", ".join(_fields_at(section, []))
