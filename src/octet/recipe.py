"""params.yaml as typed, immutable recipes; what is wrong with it is said before anything runs."""

import hashlib
import itertools
import json
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, model_validator

from octet.errors import UserError

PARAMS = Path("params.yaml")

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Whole = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
TfliteVariant = Literal["float32", "float16", "dynamic", "int8_ptq", "uint8", "uint8_raw"]
Strings = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(strict=False, min_length=1)]


def _share_or_image_sets(value: object) -> float | tuple[str, ...]:
    if isinstance(value, float) and 0 < value < 1:
        return value
    return _strings(value, "a share of train between 0 and 1, or a list of image sets")


def _found_or_listed(value: object) -> Literal["found"] | tuple[str, ...]:
    return "found" if value == "found" else _strings(value, "a list of names, or the word found")


def _strings(value: object, expected: str) -> tuple[str, ...]:
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(item, str) and item and item == " ".join(item.split()) for item in value)
    ):
        raise ValueError(f"expected {expected}")
    return tuple(value)


_BACKBONE_STRIDE = 32  # the last that the backbone offers; further levels are made from the one before


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Pictures(_Section):
    """How many pictures each split gets."""

    train: Count
    val: Count
    test: Count


class File(_Section):
    """A file to fetch: where it may be found, in this order, and how to know it; null is not known yet."""

    name: Annotated[str, Field(pattern=r"^[^/\s]+$")]
    bytes: Count | None
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None
    sources: Strings


class Shapes(_Section):
    """A set that the project renders itself."""

    kind: Literal["shapes"]
    seed: Seed
    side: Annotated[int, Field(ge=64, le=1024)]
    pictures: Pictures


class Voc(_Section):
    """Tars in VOC's layout, the official ones or others."""

    kind: Literal["voc"]
    archives: Annotated[tuple[File, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _names_differ(self) -> "Voc":
        names = [archive.name for archive in self.archives]
        for name in names:
            if not name.endswith(".tar"):
                raise ValueError(f"archive {name!r} has to be a plain tar, with that ending")
        if len(set(names)) < len(names):
            raise ValueError(f"archives {names} name one twice")
        return self


class Folder(_Section):
    """A folder in VOC's layout."""

    kind: Literal["folder"]
    path: Path = Field(strict=False)


class CocoSet(_Section):
    """A file of COCO's instances, and the folder that its `file_name`s lie in."""

    instances: Path = Field(strict=False)
    pictures: Path = Field(strict=False)


class Coco(_Section):
    """Pictures with annotations in COCO's format, as image sets by name."""

    kind: Literal["coco"]
    sets: Annotated[dict[Annotated[str, Field(pattern=r"^[\w.-]+$")], CocoSet], Field(min_length=1)]


class Splits(_Section):
    """The image sets, as FOLDER/NAME, of each split; val and test may also be a share of train's."""

    train: Strings
    val: Annotated[float | tuple[str, ...], PlainValidator(_share_or_image_sets)]
    test: Annotated[float | tuple[str, ...], PlainValidator(_share_or_image_sets)]

    @model_validator(mode="after")
    def _train_keeps_some(self) -> "Splits":
        held_out = sum(of for of in (self.val, self.test) if isinstance(of, float))
        if held_out >= 1:
            raise ValueError(f"val and test hold out {held_out:g} of train, which leaves nothing to train on")
        return self


class Dataset(_Section):
    """Where the pictures come from, how they are split, and what happens to those that are wrong."""

    source: Annotated[Shapes | Voc | Folder | Coco, Field(discriminator="kind")]
    pretrained: File | None
    splits: Splits
    classes: Annotated[Literal["found"] | tuple[str, ...], PlainValidator(_found_or_listed)]
    on_bad: Literal["error", "skip"]
    shards: Annotated[int, Field(ge=1, le=1024)]

    @model_validator(mode="after")
    def _classes_differ(self) -> "Dataset":
        if self.classes != "found" and len(set(self.classes)) < len(self.classes):
            raise ValueError(f"classes {list(self.classes)} name one twice")
        return self


class Level(_Section):
    """A grid of the network's, with an anchor of every scale in every ratio in each of its cells."""

    stride: Literal[8, 16, 32, 64, 128]
    scales: Annotated[tuple[Annotated[float, Field(gt=0, le=2)], ...], Field(strict=False, min_length=1)]
    ratios: Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)]

    @property
    def anchors(self) -> int:
        """How many there are in a cell."""
        return len(self.scales) * len(self.ratios)


class Model(_Section):
    """The network and its anchors."""

    alpha: Positive
    input_size: Annotated[int, Field(ge=64, le=1024, multiple_of=32)]
    batch_norm_momentum: Share
    neck_channels: Count
    levels: Annotated[tuple[Level, ...], Field(strict=False, min_length=1)]

    @model_validator(mode="after")
    def _levels_double(self) -> "Model":
        strides = [level.stride for level in self.levels]
        if strides[0] > _BACKBONE_STRIDE or any(after != 2 * before for before, after in itertools.pairwise(strides)):
            raise ValueError(
                f"the levels' strides are {strides}: start at 8, 16 or {_BACKBONE_STRIDE} and double each time"
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


class Training(_Section):
    """What both trainings are made of."""

    device: Literal["cpu", "gpu"]
    xla: bool
    seed: Seed
    epochs: Count
    batch: Count
    parts: Count
    learning_rate: Positive
    warmup_epochs: Annotated[float, Field(ge=0)]
    average: Annotated[float, Field(ge=0, lt=1)]
    validate_every: Count
    keep_difficult: bool
    keep_truncated: bool
    augmentation: Augmentation
    matching: Matching
    loss: Loss

    @model_validator(mode="after")
    def _warms_up_in_time(self) -> "Training":
        if self.warmup_epochs > self.epochs:
            raise ValueError(f"warmup_epochs {self.warmup_epochs} is more than epochs {self.epochs}")
        return self

    @model_validator(mode="after")
    def _parts_are_equal(self) -> "Training":
        if self.batch % self.parts:
            raise ValueError(f"a batch of {self.batch} cannot be computed in {self.parts} equal parts")
        return self


class TrainFloat(Training):
    """Training in float."""

    precision: Literal["float32", "bfloat16"]
    backbone_rate: Annotated[float, Field(ge=0)]
    frozen_blocks: Annotated[int, Field(ge=0, le=17)]


class TrainQat(Training):
    """Quantization-aware training, from the float weights."""

    calibration_batches: Count
    float_layers: tuple[str, ...] = Field(strict=False)
    freeze_batch_norm: bool
    freeze_ranges: bool
    distillation: Share


class Suppression(_Section):
    """How many detections come out of the file, and which."""

    score_threshold: Share
    iou_threshold: Share
    max_detections: Count


class About(_Section):
    """What the files say of themselves."""

    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    author: str
    licence: str


class Convert(_Section):
    """What goes into the TFLite files."""

    about: About
    calibration_pictures: Count
    suppression: Suppression


class Layers(_Section):
    """How the files are looked into."""

    pictures: Count


class Evaluate(_Section):
    """How the drop is judged."""

    bootstrap: Annotated[int, Field(ge=2)]
    seed: Seed
    max_drop: Share
    min_map: Share
    max_bytes: Count
    forbidden_operators: dict[TfliteVariant, Strings]


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
    layers: Layers
    evaluate: Evaluate
    report: Report

    @model_validator(mode="after")
    def _only_what_was_learnt_is_kept(self) -> "Recipe":
        if self.train_float.frozen_blocks and not self.dataset.pretrained:
            raise ValueError(
                f"train_float.frozen_blocks {self.train_float.frozen_blocks} keeps blocks as they come, and without "
                "dataset.pretrained they come random: set it to 0, and train_float.backbone_rate to 1.0"
            )
        return self

    @property
    def what_makes_models(self) -> dict[str, Any]:
        """All that decides what the models are, as plain values; where an archive was fetched from does not."""
        decides = {"dataset", "model", "train_float", "train_qat", "convert"}
        where: Any = {"dataset": {"source": {"archives": {"__all__": {"sources"}}}, "pretrained": {"sources"}}}
        # Its warnings are of fields that take a share or a list, which it knows by their own validator alone.
        return self.model_dump(mode="json", include=decides, exclude=where, warnings=False)

    @property
    def model_sha256(self) -> str:
        """Of all that."""
        return hashlib.sha256(json.dumps(self.what_makes_models, sort_keys=True).encode()).hexdigest()


def load_recipe(name: str, params: Path = PARAMS) -> Recipe:
    """The recipe of that name, or a UserError that says what is wrong with it."""
    sections = _read(params)
    if name not in sections:
        raise UserError(f"{params}: no recipe {name!r}; there are: {', '.join(map(str, sections))}")
    section = sections[name]
    if not isinstance(section, dict):
        raise UserError(f"{params}: {name}: found {section!r}, expected a section with {', '.join(_keys(Recipe))}")
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
    path, section = _walk(problem["loc"])
    where = ".".join([recipe, *path])
    if problem["type"] == "extra_forbidden":
        allowed = _keys(section)
        close = get_close_matches(path[-1], allowed, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"allowed: {', '.join(sorted(allowed))}"
        return f"{where}: no such key; {hint}"
    if problem["type"] == "missing":
        return f"{where}: is missing; every key must be given"
    if problem["type"] == "union_tag_not_found":
        return f"{where}.kind: is missing; every key must be given"
    if problem["type"] == "union_tag_invalid":
        return f"{where}.kind: found {problem['ctx']['tag']!r}; expected one of {problem['ctx']['expected_tags']}"
    found = "" if isinstance(problem["input"], dict) else f"found {problem['input']!r}; "
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {found}{message[0].lower()}{message[1:]}"


def _walk(location: Sequence[str | int]) -> tuple[list[str], type[BaseModel]]:
    """The keys on the way to a problem, without the kinds that pydantic puts among them, and the section it lies in."""
    keys: list[str] = []
    sections: list[type[BaseModel]] = [Recipe]
    for part in map(str, location):
        if len(sections) > 1:
            sections = [section for section in sections if part in get_args(_type_of(section, "kind"))]
            continue
        keys.append(part)
        sections = _sections_in(_type_of(sections[0], part)) or sections
    return keys, sections[0]


def _type_of(section: type[BaseModel], key: str) -> Any:
    return section.model_fields[key].annotation if key in section.model_fields else None


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    """The sections that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in get_args(annotation) for section in _sections_in(part)]


def _keys(section: type[BaseModel]) -> list[str]:
    return [key for key in section.model_fields if key != "name" or section is not Recipe]
