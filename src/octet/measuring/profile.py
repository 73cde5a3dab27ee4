"""profile.json: how long each layer of a file takes on one machine, and what it has to do."""

from pathlib import Path

from octet.measuring.reading import Section, read_as
from octet.recipe.shared.types import Text


class LayerCost(Section):
    """One operator: its time, its multiplications, None where the file does not tell them, and the bytes it handles."""

    layer: Text
    operator: Text
    shape: tuple[int, ...]  # of its first output
    ms: float
    macs: int | None
    weight_bytes: int  # constants that it reads
    activation_bytes: int  # what it reads besides, and what it writes


class Profile(Section):
    """The layers of a file, in the order in which they run, and how their times were measured."""

    file: Text
    sha256: Text
    bytes: int
    runtime: Text
    machine: Text
    threads: int
    rounds: int  # how often each cut of the file was opened and timed
    whole_ms: float  # the file as it is, measured in the same rounds
    layers: tuple[LayerCost, ...]

    @property
    def sum_ms(self) -> float:
        """The times of all layers together."""
        return sum(layer.ms for layer in self.layers)


def read_profile(path: Path, recipe: str) -> Profile:
    """Read the profile.json of a recipe, which exists."""
    return read_as(Profile, path, f"profile {recipe}", tool="octet")
