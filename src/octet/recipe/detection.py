"""What a recipe says that trains a detector."""

import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from octet.recipe.shared import dataset, recipe
from octet.recipe.shared.dataset import Coco, Folder, Shapes, Voc, Yolo
from octet.recipe.shared.types import Count, Positive, Section, Share

_BACKBONE_STRIDE = 32  # the last that the backbone offers; further levels are made from the one before


class Dataset(dataset.Dataset):
    """Pictures with boxes."""

    source: Annotated[Shapes | Voc | Folder | Coco | Yolo, Field(discriminator="kind")]


class Level(Section):
    """A grid of the network's, with an anchor of every scale in every ratio in each of its cells."""

    stride: Literal[8, 16, 32, 64, 128]
    scales: Annotated[tuple[Annotated[float, Field(gt=0, le=2)], ...], Field(strict=False, min_length=1)]
    ratios: Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)]

    @property
    def anchors(self) -> int:
        """How many there are in a cell."""
        return len(self.scales) * len(self.ratios)


class Suppression(Section):
    """How many detections come out, and which: when the network is validated and evaluated, and inside its files."""

    score_threshold: Share
    iou_threshold: Share
    max_detections: Count


class Model(recipe.Model):
    """The network, its anchors, and what becomes of its detections."""

    alpha: Positive
    batch_norm_momentum: Share
    neck_channels: Count
    levels: Annotated[tuple[Level, ...], Field(strict=False, min_length=1)]
    suppression: Suppression

    @model_validator(mode="after")
    def _levels_double(self) -> "Model":
        strides = [level.stride for level in self.levels]
        if strides[0] > _BACKBONE_STRIDE or any(after != 2 * before for before, after in itertools.pairwise(strides)):
            raise ValueError(
                f"the levels' strides are {strides}: start at 8, 16 or {_BACKBONE_STRIDE} and double each time"
            )
        return self


class Matching(Section):
    """From which overlap on an anchor answers for an object, and below which it is background."""

    positive_iou: Share
    negative_iou: Share

    @model_validator(mode="after")
    def _leaves_no_overlap(self) -> "Matching":
        if self.negative_iou > self.positive_iou:
            raise ValueError(f"negative_iou {self.negative_iou} is larger than positive_iou {self.positive_iou}")
        return self


class Loss(Section):
    """How the two losses are shaped and weighed."""

    focal_alpha: Share
    focal_gamma: Annotated[float, Field(ge=0)]
    huber_delta: Positive
    box_weight: Positive


class Training(recipe.Training):
    """What a detector's training is besides: what of the objects it sees, and what they are held against."""

    keep_difficult: bool
    keep_truncated: bool
    matching: Matching
    loss: Loss


class TrainFloat(Training, recipe.TrainFloat):
    """Training in float."""


class TrainQat(Training, recipe.TrainQat):
    """Quantization-aware training, from the float weights."""


class Recipe(recipe.Recipe):
    """A detector's recipe."""

    shipped_file: ClassVar[str] = "detector_uint8.tflite"
    outputs_folder: ClassVar[str] = "detections"
    metrics: ClassVar[Mapping[str, str]] = MappingProxyType({"voc07_map": "VOC07 mAP", "voc12_map": "VOC12 mAP"})
    headline: ClassVar[str] = "voc12_map"

    task: Literal["detection"]
    dataset: Dataset
    model: Model
    train_float: TrainFloat
    train_qat: TrainQat
