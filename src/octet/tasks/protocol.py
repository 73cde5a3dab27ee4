"""What differs between tasks: eight parts, each for the stages that its name says, found through the registry.

This file is types alone and nothing imports it when it runs, so that a word changed here makes no stage stale.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from octet.backbones import Backbone
from octet.common.tensorflow import keras, tf
from octet.measuring.evaluation import Evaluation
from octet.recipe.shared.recipe import Model
from octet.reporting.results import Results
from octet.sources.voc.problem import Problem
from octet.tasks.proposal import Proposal
from octet.tflite.files.conversion import Traced
from octet.tflite.files.metadata import Outputs

Pictures = Iterable[NDArray[np.uint8]]  # batches [N, S, S, 3]
Losses = Callable[[Sequence[tf.Tensor], Sequence[tf.Tensor]], dict[str, tf.Tensor]]


class Source(Protocol):
    """The pictures of opened archives, split by split."""

    @property
    def classes(self) -> Sequence[str]:
        """Their names, in the order of their numbers."""

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the data; the list grows while examples are made."""

    def __len__(self) -> int:
        """How many pictures there are in all splits."""

    def examples(self, split: str) -> Iterator[bytes | None]:
        """A record a picture, or None where it is left out."""

    def summary(self, split: str) -> dict[str, Any]:
        """What the split's records hold, for dataset.json; its `pictures` are counted in every task."""

    def in_words(self, split: str) -> str:
        """The same in short."""


class Preparing(Protocol):
    """From archives to records: the preprocess stage."""

    def open(self, archives: Sequence[Path]) -> AbstractContextManager[Source]:
        """Read what the archives hold of a recipe's splits."""


class Survey(Protocol):
    """What was seen of own data."""

    classes: tuple[str, ...]
    problems: list[Problem]
    pictures: dict[str, int]  # by split

    def facts(self) -> list[tuple[str, str]]:
        """Names and values to show."""

    def proposals(self) -> Iterator[Proposal]:
        """What the recipe should say for this data, where that is not what it says."""


class Proposing(Protocol):
    """Own data before there is a recipe for it: `octet new`."""

    def look(self, archives: Sequence[Path]) -> Survey:
        """Check every picture of a recipe's splits."""


class Validation(Protocol):
    """The validation split."""

    @property
    def metric(self) -> str:
        """The score's name in the history."""

    def score(self, network: keras.Model) -> float:
        """What training chooses its weights by; larger is better."""

    def show(self, network: keras.Model) -> None:
        """Write to TensorBoard what the network last scored says of some pictures."""


class Network(Protocol):
    """The network: for all stages that train, convert or run it."""

    @property
    def backbone(self) -> Backbone:
        """The trunk that it is built on."""

    def build(self) -> keras.Model:
        """A new one, its weights random; flat, and in 32 bits at its ends."""


class Learning(Protocol):
    """How the network learns: the trainings."""

    @property
    def model(self) -> Model:
        """The recipe's section."""

    def batches(self, records: Path, plan: Any, start: int) -> tf.data.Dataset:
        """Ids [N], pictures [N, S, S, 3] and targets of the steps from `start` on."""

    def losses(self, plan: Any) -> Losses:
        """Of targets and the network's predictions, by name."""

    def distillation_losses(self, plan: Any) -> Losses:
        """Of a teacher's predictions and the network's, by the same names."""

    def validation(self, records: Path) -> Validation:
        """The validation split of these records."""


class Shipping(Protocol):
    """The files: the convert stage."""

    @property
    def tail(self) -> Mapping[int, Sequence[tuple[str, float]]]:
        """By output of what ships, the operators to be put behind it."""

    @property
    def outputs(self) -> Outputs:
        """What comes out of what ships."""

    @property
    def raw_outputs(self) -> Outputs:
        """What comes out of the file that is integer from end to end."""

    @property
    def beside(self) -> Mapping[str, NDArray[Any]]:
        """The arrays that this file needs beside it."""

    @property
    def description(self) -> str:
        """What the files do, in a sentence."""

    def trace(self, network: keras.Model) -> Traced:
        """What ships: pictures in, answers out."""

    def trace_raw(self, network: keras.Model) -> Traced:
        """The same as integers from end to end, for compilers that take nothing else."""


class Predicting(Protocol):
    """What models say of the test pictures: the evaluate stage."""

    def network_outputs(self, network: keras.Model, pictures: Pictures) -> Iterator[Any]:
        """What a Keras model says of each batch."""

    def file_outputs(self, file: Path, pictures: Pictures) -> Iterator[Any]:
        """What a .tflite file says, likewise."""

    def collect(self, outputs: Iterable[Any]) -> Any:
        """What was said of all test pictures, in the records' order, as plain data for JSON."""


class Scoring(Protocol):
    """How good that is: the score stage. What `read` returns is handed back to the others."""

    @property
    def images(self) -> int:
        """How many pictures are scored on."""

    def read(self, said: Any) -> Any:
        """What a model said, judged."""

    def scores(self, judged: Any) -> dict[str, Any]:
        """By metric, and by class under `per_class`; rounded, as they are told."""

    def exact(self, judged: Any) -> dict[str, float]:
        """The ledger's metrics, to the last digit."""

    def resampled(self, judged: Any, draws: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """The ledger's metrics on every resample [R]; `draws` [pictures, R] says how often it has each picture."""

    def write_curve(self, judged: Any, path: Path) -> None:
        """A CSV for DVC's plots."""


class Showing(Protocol):
    """What a person sees: the report stage."""

    def results(self, data: Path, reports: Path, evaluation: Evaluation) -> Results:
        """The task's own parts of the page, the card and the plots."""


class Answer(Protocol):
    """One thing that was found in a picture."""

    @property
    def label(self) -> str:
        """Its class."""

    @property
    def score(self) -> float:
        """How sure the model is."""

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom in the picture's pixels."""


class Finder(Protocol):
    """A shipped file at work on any picture, from the file alone."""

    @property
    def labels(self) -> Sequence[str]:
        """The names of its classes."""

    def __call__(self, picture: NDArray[np.uint8]) -> Sequence[Answer]:
        """What is in an RGB picture [H, W, 3], best first."""
