"""The sections that every recipe has, whatever its task: one section per stage."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, PlainValidator, model_validator

from octet.recipe.shared.dataset import Dataset
from octet.recipe.shared.types import Below1, Count, Positive, Section, Seed, Share, Strings, Text, TfliteVariant


def _known_backbone(name: str) -> str:
    """Accept the name of a file in the folder of backbones."""
    known = sorted(file.stem for file in Path(__file__).parents[2].joinpath("backbones").glob("[!_]*.py"))
    if name not in known:
        raise ValueError(f"expected one of {', '.join(known)}")
    return name


_OF_ANY_WIDTH = ("mobilenet_v2",)  # backbones whose layers can have any share of the original's channels


def _blocks_or_all(value: object) -> int | Literal["all"]:
    if value == "all":
        return "all"
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError("expected a number of blocks, or the word all")


class Model(Section):
    """The network: its backbone, the width of that as a share of the original's channels, and the size of its input."""

    backbone: Annotated[str, AfterValidator(_known_backbone)]
    alpha: Positive
    input_size: Annotated[int, Field(ge=64, le=1024, multiple_of=32)]

    @model_validator(mode="after")
    def _backbone_has_this_width(self) -> "Model":
        if self.alpha != 1 and self.backbone not in _OF_ANY_WIDTH:
            raise ValueError(f"{self.backbone} has one width: set alpha to 1.0")
        return self


class Augmentation(Section):
    """The random changes that are made to each picture of a training."""

    min_window: Positive
    max_window: Positive
    max_stretch: Annotated[float, Field(ge=1)]
    flip: Share
    contrast: Share
    brightness: Share
    colour: Share
    erase: Share

    @model_validator(mode="after")
    def _window_is_a_range(self) -> "Augmentation":
        if self.min_window > self.max_window:
            raise ValueError(f"min_window {self.min_window} is larger than max_window {self.max_window}")
        return self


class Strategy(Section):
    """How many copies of the network compute a batch together, each a part of it, and where.

    On `one` device, on `mirrored` devices of this machine, on those of several machines' `workers`, or on a `tpu`.
    """

    kind: Literal["one", "mirrored", "workers", "tpu"]
    replicas: Count

    @model_validator(mode="after")
    def _one_is_one(self) -> "Strategy":
        if self.kind == "one" and self.replicas != 1:
            raise ValueError(f"kind one has one replica, found {self.replicas}: set replicas to 1, or kind to mirrored")
        return self


class Training(Section):
    """The keys that all trainings share."""

    device: Literal["cpu", "gpu"]
    strategy: Strategy
    xla: bool
    seed: Seed
    epochs: Annotated[int | float, Field(gt=0)]  # the last one may be a part
    batch: Count
    micro_batches: Count
    at_once: Count
    learning_rate: Positive
    warmup_epochs: Annotated[float, Field(ge=0)]
    ema_decay: Below1
    validate_every: Count
    keep: Literal["best", "last"]
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

    @model_validator(mode="after")
    def _cores_have_as_many_micro_batches(self) -> "Training":
        if self.micro_batches % self.at_once:
            raise ValueError(f"{self.micro_batches} micro_batches cannot be computed {self.at_once} at_once")
        if self.at_once > 1 and (self.device != "cpu" or self.strategy.kind != "one" or self.xla):
            raise ValueError(f"at_once {self.at_once} needs device cpu, strategy.kind one and xla false: set it to 1")
        return self

    @model_validator(mode="after")
    def _replicas_have_equal_parts(self) -> "Training":
        replicas, micro_batches = self.strategy.replicas, self.micro_batches
        if self.batch // micro_batches % replicas:
            in_parts = f" in {micro_batches} micro_batches" if micro_batches > 1 else ""
            raise ValueError(f"a batch of {self.batch}{in_parts} cannot be split evenly over {replicas} replicas")
        return self

    @model_validator(mode="after")
    def _only_one_device_is_compiled_for(self) -> "Training":
        if self.xla and self.strategy.kind != "one":
            raise ValueError(f"xla compiles for one device: set it to false with strategy.kind {self.strategy.kind}")
        return self

    @property
    def pictures_at_once(self) -> int:
        """The pictures whose activations are in memory at the same time, in all replicas together."""
        return self.batch // self.micro_batches * self.at_once

    @property
    def parts(self) -> int:
        """How many parts of a batch follow one another in a step."""
        return self.micro_batches // self.at_once

    def on_one_device(self) -> Self:
        """The same training without others: the parts of a batch that replicas would compute follow one another."""
        parts = self.micro_batches * self.strategy.replicas
        return self.model_copy(update={"strategy": Strategy(kind="one", replicas=1), "micro_batches": parts})

    @property
    def has_fixed_shapes(self) -> bool:
        """Whether a compiler needs tensors whose size does not change from batch to batch; one for TPUs always does."""
        return self.xla or self.strategy.kind == "tpu"


class TrainFloat(Training):
    """The training in float."""

    precision: Literal["float32", "bfloat16"]
    backbone_rate: Annotated[float, Field(ge=0)]
    frozen_blocks: Annotated[int | Literal["all"], PlainValidator(_blocks_or_all)]

    @model_validator(mode="after")
    def _is_in_32_bits_on_a_tpu(self) -> "TrainFloat":
        if self.strategy.kind == "tpu" and self.precision != "float32":
            raise ValueError(f"precision {self.precision} is refused on a TPU, where nothing was tried: set float32")
        return self


class TrainQat(Training):
    """The quantization-aware training, starting from the float weights."""

    calibration_batches: Count
    float_layers: tuple[str, ...] = Field(strict=False)
    freeze_batch_norm: bool
    freeze_ranges: bool
    distillation_weight: Share

    @model_validator(mode="after")
    def _is_not_on_a_tpu(self) -> "TrainQat":
        if self.strategy.kind == "tpu":
            raise ValueError("fake quantization is not known to run on a TPU: strategy.kind has to be another here")
        return self


class ModelInfo(Section):
    """The name, version, author and licence that are written into the metadata of the TFLite files."""

    name: Annotated[Text, Field(min_length=1)]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    author: Text
    licence: Text


class Convert(Section):
    """The conversion to TFLite files: their metadata, and the number of pictures for calibration."""

    about: ModelInfo
    calibration_pictures: Count


class Layers(Section):
    """The comparison of files and networks layer by layer, on this number of pictures."""

    pictures: Count


class Score(Section):
    """The comparison of the variants by bootstrap, and the limits of the quality gate for the shipped file."""

    bootstrap: Annotated[int, Field(ge=2)]
    seed: Seed
    max_drop: Share
    min_score: Share
    max_bytes: Count
    forbidden_operators: dict[TfliteVariant, Strings]


class Report(Section):
    """The report: the number of pictures shown, and the score from which detections count there."""

    pictures: Count
    min_score: Share


class Devices(Section):
    """`octet devices`: the number of test pictures, and the runtimes that must give the right answers."""

    pictures: Count
    must: tuple[Text, ...] = Field(strict=False)


class Recipe(Section):
    """A recipe: one section of params.yaml; each task refines some of its subsections."""

    shipped_file: ClassVar[str]  # the name of the shipped file in models/RECIPE
    outputs_folder: ClassVar[str]  # in reports/RECIPE; holds the outputs of each variant for all test pictures
    metrics: ClassVar[Mapping[str, str]]  # the metrics that tables show, with their names for people
    command: ClassVar[str]  # that runs its file on any picture
    headline: ClassVar[str]  # the metric that decides; score.min_score and score.max_drop are about it

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
    devices: Devices

    @model_validator(mode="after")
    def _frozen_blocks_are_pretrained(self) -> "Recipe":
        if self.train_float.frozen_blocks and not self.dataset.pretrained:
            raise ValueError(
                f"train_float.frozen_blocks {self.train_float.frozen_blocks} does not train these blocks, and without "
                "dataset.pretrained their weights are random: set it to 0, and train_float.backbone_rate to 1.0"
            )
        return self

    @property
    def max_drops(self) -> Mapping[str, float]:
        """The metrics that the ledger and the quality gate judge, the headline first, each with the largest drop."""
        return {self.headline: self.score.max_drop}

    @property
    def model_settings(self) -> dict[str, Any]:
        """The settings that the models depend on, as plain values; the sources of archives are left out."""
        sections = {"dataset", "model", "train_float", "train_qat", "convert"}
        ignored: Any = {"dataset": {"source": {"archives": {"__all__": {"sources"}}}, "pretrained": {"sources"}}}
        # Pydantic warns of fields that take a share or a list, because only their own validator knows that.
        return self.model_dump(mode="json", include=sections, exclude=ignored, warnings=False)

    @property
    def model_sha256(self) -> str:
        """The SHA-256 of the settings that the models depend on."""
        return hashlib.sha256(json.dumps(self.model_settings, sort_keys=True).encode()).hexdigest()
