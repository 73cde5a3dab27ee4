"""What every recipe says, whatever its task: one section a stage."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from octet.recipe.shared.dataset import Dataset
from octet.recipe.shared.types import Count, Positive, Section, Seed, Share, Strings, TfliteVariant, Whole


def _known_backbone(name: str) -> str:
    """Each has a file in the folder of backbones."""
    known = sorted(file.stem for file in Path(__file__).parents[2].joinpath("backbones").glob("[!_]*.py"))
    if name not in known:
        raise ValueError(f"expected one of {', '.join(known)}")
    return name


class Model(Section):
    """The network."""

    backbone: Annotated[str, AfterValidator(_known_backbone)]
    input_size: Annotated[int, Field(ge=64, le=1024, multiple_of=32)]


class Augmentation(Section):
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


class Training(Section):
    """What all trainings are made of."""

    device: Literal["cpu", "gpu"]
    xla: bool
    seed: Seed
    epochs: Count
    batch: Count
    micro_batches: Count
    learning_rate: Positive
    warmup_epochs: Annotated[float, Field(ge=0)]
    ema_decay: Annotated[float, Field(ge=0, lt=1)]
    validate_every: Count
    augmentation: Augmentation

    @model_validator(mode="after")
    def _warms_up_in_time(self) -> "Training":
        if self.warmup_epochs > self.epochs:
            raise ValueError(f"warmup_epochs {self.warmup_epochs} is more than epochs {self.epochs}")
        return self

    @model_validator(mode="after")
    def _micro_batches_are_equal(self) -> "Training":
        if self.batch % self.micro_batches:
            raise ValueError(f"a batch of {self.batch} cannot be computed in {self.micro_batches} equal micro_batches")
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
    distillation_weight: Share


class About(Section):
    """What the files say of themselves."""

    name: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    author: str
    licence: str


class Convert(Section):
    """What goes into the TFLite files."""

    about: About
    calibration_pictures: Count


class Layers(Section):
    """How the files are looked into."""

    pictures: Count


class Score(Section):
    """How the variants are compared, and what of the shipped file is good enough."""

    bootstrap: Annotated[int, Field(ge=2)]
    seed: Seed
    max_drop: Share
    min_score: Share
    max_bytes: Count
    forbidden_operators: dict[TfliteVariant, Strings]


class Report(Section):
    """What the page shows."""

    pictures: Whole
    min_score: Share


class Recipe(Section):
    """One section of params.yaml; a task's own class says more of some subsections."""

    shipped_file: ClassVar[str]  # in models/RECIPE
    outputs_folder: ClassVar[str]  # in reports/RECIPE: what each variant says of every test picture
    metrics: ClassVar[Mapping[str, str]]  # those that tables show, as people call them
    headline: ClassVar[str]  # the one that the gate judges by

    name: str
    task: str
    dataset: Dataset
    model: Model
    train_float: TrainFloat
    train_qat: TrainQat
    convert: Convert
    layers: Layers
    score: Score
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
