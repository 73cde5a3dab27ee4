"""The interfaces that every task implements: each part serves the stages that its docstring names.

This file holds types alone, and nothing imports it at run time, so an edit here makes no stage rerun.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from octet.backbones import Backbone
from octet.common.tensorflow import keras, tf
from octet.data.augmentation.batches import WHOLE, Part
from octet.measuring.evaluation import Evaluation
from octet.recipe.shared.recipe import Model
from octet.reporting.results import Results
from octet.sources.voc.problem import Problem
from octet.tasks.proposal import Proposal
from octet.tflite.files.conversion import TracedGraph
from octet.tflite.files.metadata import OutputsMetadata

PictureBatches = Iterable[NDArray[np.uint8]]  # each [N, S, S, 3]
# (targets, predictions) -> each loss by its name; predictions are one tensor where the network has one output
LossFunction = Callable[[Sequence[tf.Tensor], Any], dict[str, tf.Tensor]]


class PreparedPictures(Protocol):
    """The pictures of a recipe's archives, ready to be written as records, split by split."""

    @property
    def classes(self) -> Sequence[str]:
        """The names of the classes, in the order of their numbers."""

    @property
    def problems(self) -> list[Problem]:
        """The data errors that were met so far; the list grows while `examples` runs."""

    def found_classes(self) -> Sequence[str]:
        """The names in the annotations, whether they are of the classes or not; they are read anew."""

    def __len__(self) -> int:
        """The number of pictures in all splits together."""

    def examples(self, split: str) -> Iterator[bytes | None]:
        """One serialized record for each picture of a split, or None for a picture that is left out."""

    def summary(self, split: str) -> dict[str, Any]:
        """Counts of what a split's records hold, for dataset.json.

        Every task gives the keys `pictures` and `pictures_per_class`, a number for each class.
        """

    def summary_text(self, summary: Mapping[str, Any]) -> str:
        """The most important counts of a split's summary, as a phrase for the log."""


class Preparing(Protocol):
    """The preprocess stage: turns archives into records."""

    def open(self, archives: Sequence[Path]) -> AbstractContextManager[PreparedPictures]:
        """Open the archives and find the pictures of each split that the recipe names."""


class Survey(Protocol):
    """What a check of the user's own data found."""

    classes: tuple[str, ...]
    problems: list[Problem]
    pictures: dict[str, int]  # how many in each split

    @property
    def usual_steps(self) -> int:
        """The steps of a float training from pre-trained weights, where nothing tells how many the base takes."""

    @property
    def purpose(self) -> str:
        """What a model of this data is for, as a phrase."""

    def facts(self) -> list[tuple[str, str]]:
        """Names and values that describe the data, to be printed line by line."""

    def proposals(self) -> Iterator[Proposal]:
        """The values that a recipe should have for this data, each with its reason."""


class Proposing(Protocol):
    """`octet new`: checks the user's own data before there is a recipe for it."""

    def survey(self, archives: Sequence[Path]) -> Survey:
        """Check every picture of the splits that the recipe names."""


class Validation(Protocol):
    """Scores a network on the validation split while it is trained."""

    @property
    def metric(self) -> str:
        """The column of history.csv that holds the score."""

    def score(self, network: keras.Model) -> float:
        """The score that training chooses the best weights by; larger is better."""

    def show(self, network: keras.Model) -> None:
        """Write pictures with the predictions of the network that was scored last to TensorBoard."""


class Network(Protocol):
    """The network, for every stage that trains, converts or runs it."""

    @property
    def backbone(self) -> Backbone:
        """The backbone that the network is built on."""

    def build(self) -> keras.Model:
        """A new network with random weights: one flat Keras model, whose inputs and outputs are float32."""


class Learning(Protocol):
    """The training stages: batches, losses and validation."""

    @property
    def model(self) -> Model:
        """The section `model` of the recipe."""

    def batches(self, records: Path, plan: Any, start: int, part: Part = WHOLE) -> tf.data.Dataset:
        """Batches (ids [N], pictures [N, S, S, 3], targets) from step `start` to the end of the training.

        Where replicas share them, those that `part` names get theirs one after the other.
        """

    def losses(self, plan: Any) -> LossFunction:
        """The function that computes the losses from targets and the network's predictions."""

    def distillation_losses(self, plan: Any) -> LossFunction:
        """The function that computes losses of the same names from a teacher's and the network's predictions."""

    def validation(self, records: Path) -> Validation:
        """The validation on the validation split of these records."""


class Shipping(Protocol):
    """The convert stage: the graphs that become .tflite files, and what is written into the files about them."""

    @property
    def appended_operators(self) -> Mapping[int, Sequence[tuple[str, float]]]:
        """The operators, each with its constant, that follow an output of the shipped file, by the output's number."""

    @property
    def outputs(self) -> OutputsMetadata:
        """The metadata of the shipped file's outputs."""

    @property
    def raw_outputs(self) -> OutputsMetadata:
        """The metadata of the outputs of the file that computes in integers from end to end."""

    @property
    def raw_arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that are needed to decode that file's outputs; each is saved beside it under its name."""

    @property
    def description(self) -> str:
        """What the files do, as one sentence for their metadata."""

    def trace_shipped(self, network: keras.Model) -> TracedGraph:
        """The graph of the shipped file: from pictures to final answers."""

    def trace_raw(self, network: keras.Model) -> TracedGraph:
        """The graph that can compute in integers from end to end, for compilers that take nothing else."""


class Predicting(Protocol):
    """The evaluate stage: the predictions of models for the test pictures."""

    def network_outputs(self, network: keras.Model, batches: PictureBatches) -> Iterator[Any]:
        """The predictions of a Keras model, batch by batch."""

    def file_outputs(self, file: Path, batches: PictureBatches) -> Iterator[Any]:
        """The predictions of a .tflite file, batch by batch, in the form of `network_outputs`."""

    def read_outputs(self, file: Path, outputs: Iterable[tuple[NDArray[Any], ...]]) -> Iterator[Any]:
        """The predictions that a file's outputs, dequantized, stand for, whichever runtime gave them."""

    def collect(self, outputs: Iterable[Any]) -> Any:
        """The predictions for all test pictures, in the order of the records, as plain data for JSON."""


class Scoring(Protocol):
    """The score stage: predictions against ground truth. The other methods take what `match_predictions` returns."""

    @property
    def images(self) -> int:
        """The number of test pictures."""

    def match_predictions(self, predictions: Any) -> Any:
        """One model's predictions, as `Predicting.collect` gave them, matched with the ground truth."""

    def scores(self, matched: Any) -> dict[str, Any]:
        """Rounded scores by metric, and under `per_class` those of each class."""

    def exact_metrics(self, matched: Any) -> dict[str, float]:
        """The metrics that the ledger compares, unrounded."""

    def resampled_metrics(self, matched: Any, draws: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """The ledger's metrics on every resample, each [R]; `draws` [pictures, R] counts each picture in it."""

    def comparable(self, matched: Any) -> Any:
        """What `compare` needs of one model; it is kept for all models at once, and so has to be small."""

    def compare(self, before: Any, after: Any) -> dict[str, float]:
        """Further numbers about two models on the same pictures, by name, from what `comparable` gave; maybe none."""

    def write_curve(self, matched: Any, path: Path) -> None:
        """Write the points of a curve as CSV, for DVC's plots."""


class Showing(Protocol):
    """The report stage: what people see of the results."""

    def results(self, data: Path, reports: Path, evaluation: Evaluation) -> Results:
        """The task's own parts of the page, the model card and the plots."""


class Finding(Protocol):
    """What a shipped file says of a picture, or of an object in it."""

    @property
    def label(self) -> str:
        """The name of a class."""

    @property
    def score(self) -> float:
        """The model's confidence, 0 to 1."""

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """Left, top, right and bottom of the object, in the picture's pixels; None where it is the whole picture."""


class Finder(Protocol):
    """`octet detect`, `octet classify`: runs one shipped file on pictures of any size, without a recipe or records."""

    @property
    def labels(self) -> Sequence[str]:
        """The names of the classes that the file knows."""

    def take_pixels(self, scale: str | None) -> None:
        """Feed pixels as a name of PIXEL_SCALES says, or without one as the file does; refuse what cannot be."""

    def __call__(self, picture: NDArray[np.uint8]) -> Sequence[Finding]:
        """What the file says of an RGB picture [H, W, 3], the highest score first."""
