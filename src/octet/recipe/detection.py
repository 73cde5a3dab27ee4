"""The sections of a recipe that trains a detector."""

import itertools
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from octet.recipe.shared import dataset, recipe
from octet.recipe.shared.dataset import Coco, Folder, Shapes, Voc, Yolo
from octet.recipe.shared.types import Below1, Count, CountOrZero, Positive, Section, Share

Stride = Literal[8, 16, 32, 64, 128]
STRIDES: tuple[int, ...] = get_args(Stride)

_AboveZero = Annotated[float, Field(ge=0.001, le=1)]  # files have six decimals, and runtimes refuse an IoU of 0
_BACKBONE_STRIDE = 32  # of the backbone's last features; each further grid is computed from the one before


class Dataset(dataset.Dataset):
    """A data set of pictures with boxes."""

    source: Annotated[Shapes | Voc | Folder | Coco | Yolo, Field(discriminator="kind")]


class Suppression(Section):
    """Limits on the detections that are kept, in validation, in evaluation and inside the TFLite files."""

    score_threshold: _AboveZero
    iou_threshold: _AboveZero
    max_detections: Count


class Model(recipe.Model):
    """The network of a detector, the strides of its grids, and the suppression of overlapping detections."""

    batch_norm_momentum: Below1
    neck_channels: Count
    head_layers: CountOrZero
    strides: Annotated[tuple[Stride, ...], Field(strict=False, min_length=2)]
    suppression: Suppression

    @model_validator(mode="after")
    def _strides_double(self) -> "Model":
        strides = self.strides
        if strides[0] > _BACKBONE_STRIDE or any(after != 2 * before for before, after in itertools.pairwise(strides)):
            raise ValueError(
                f"the strides are {list(strides)}: start at 8, 16 or {_BACKBONE_STRIDE} and double each time"
            )
        return self


class Assignment(Section):
    """Which cells are trained on an object: those that cost least by what the network predicts."""

    most_cells: Count
    radius: Positive
    iou_weight: Positive
    outside_cost: Positive


class Loss(Section):
    """The weight of the boxes' loss against that of the class scores."""

    box_weight: Positive


class Training(recipe.Training):
    """The further keys of a detector's training: which objects it uses, which cells learn them, and the loss."""

    keep_difficult: bool
    keep_truncated: bool
    assignment: Assignment
    loss: Loss


class TrainFloat(Training, recipe.TrainFloat):
    """The training of a detector in float."""


class TrainQat(Training, recipe.TrainQat):
    """The quantization-aware training of a detector, starting from the float weights."""


class Score(recipe.Score):
    """The further limit of a detector: the drop in COCO's metric, which asks for boxes that fit closely."""

    max_coco_drop: Share


class Recipe(recipe.Recipe):
    """A recipe that trains a detector."""

    shipped_file: ClassVar[str] = "detector_uint8.tflite"
    outputs_folder: ClassVar[str] = "detections"
    metrics: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"voc07_map": "VOC07 mAP", "voc12_map": "mAP50", "coco_map": "mAP50-95"}
    )
    command: ClassVar[str] = "detect"
    headline: ClassVar[str] = "voc12_map"

    task: Literal["detection"]
    dataset: Dataset
    model: Model
    train_float: TrainFloat
    train_qat: TrainQat
    score: Score

    @property
    def max_drops(self) -> Mapping[str, float]:
        """The drops that are allowed in VOC2012's and in COCO's metric."""
        return {self.headline: self.score.max_drop, "coco_map": self.score.max_coco_drop}
