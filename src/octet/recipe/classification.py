"""The sections of a recipe that trains a classifier."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from octet.recipe.shared import dataset, recipe
from octet.recipe.shared.dataset import ClassArchives, ClassFolders, OneShape, TfRecords
from octet.recipe.shared.types import Below1, Section


class Dataset(dataset.Dataset):
    """A data set of pictures, each of one class."""

    source: Annotated[OneShape | ClassFolders | ClassArchives | TfRecords, Field(discriminator="kind")]


class Model(recipe.Model):
    """The network of a classifier: after its backbone come the mean over the picture, dropout and one dense layer."""

    dropout: Below1
    batch_norm_momentum: Below1


class Loss(Section):
    """The share of the labels that is spread evenly over all classes."""

    label_smoothing: Below1


class Training(recipe.Training):
    """The further key of a classifier's training: the loss."""

    loss: Loss


class TrainFloat(Training, recipe.TrainFloat):
    """The training of a classifier in float."""


class TrainQat(Training, recipe.TrainQat):
    """The quantization-aware training of a classifier, starting from the float weights."""


class Recipe(recipe.Recipe):
    """A recipe that trains a classifier."""

    shipped_file: ClassVar[str] = "classifier_uint8.tflite"
    outputs_folder: ClassVar[str] = "outputs"
    metrics: ClassVar[Mapping[str, str]] = MappingProxyType({"top1": "top-1", "top5": "top-5"})
    command: ClassVar[str] = "classify"
    headline: ClassVar[str] = "top1"

    task: Literal["classification"]
    dataset: Dataset
    model: Model
    train_float: TrainFloat
    train_qat: TrainQat
