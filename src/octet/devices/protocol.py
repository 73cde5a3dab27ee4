"""What every runtime is asked, what it answers, and how it says that it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

Status = Literal["equal", "close", "wrong", "refused", "absent"]


class AbsentError(Exception):
    """The runtime gives no answers here; the message says what to install, or what hardware it takes."""


class RefusedError(Exception):
    """The runtime is here, and does not run the file; the message says why."""


@dataclass(frozen=True)
class Trial:
    """A file, and the pictures that it is tried on."""

    file: Path
    inputs: Path  # .npy: what the file's input takes, [N, S, S, 3]
    pictures: Path  # .npy: the same pictures as uint8 [N, S, S, 3]
    calibration: Path  # .npy: pictures to find ranges with, uint8 [M, S, S, 3], not of the test split
    outputs: int  # how many the file has
    labels: tuple[str, ...]  # of the classes that it tells apart
    scratch: Path  # a folder that exists, of this trial alone


@dataclass(frozen=True)
class Answers:
    """What a runtime said of all pictures, and of itself."""

    version: str
    outputs: tuple[NDArray[Any], ...] = ()  # the contents of each output tensor, [N, ...]
    milliseconds: float | None = None  # a picture takes; None where that means nothing, as in an emulator
    memory: int | None = None  # bytes that the network needs besides its file, where the runtime tells them
    notes: tuple[str, ...] = ()  # lines to print below the table
    same_form: bool = True  # False where detections came back instead of the file's own outputs


class Runtime(Protocol):
    """One way to run a file."""

    @property
    def name(self) -> str:
        """Its name in tables and in a recipe's `devices.must`."""

    @property
    def arch(self) -> str:
        """The processor that its answers are of."""

    @property
    def kernels(self) -> str:
        """Which implementation of the operators computes them."""

    @property
    def variants(self) -> Sequence[str]:
        """The variants of a model that it is tried with."""

    def run(self, trial: Trial) -> Answers:
        """Run a file on all pictures; an AbsentError or a RefusedError says why not."""
