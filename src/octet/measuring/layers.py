"""layers.json: what each layer of an integer file loses against its network, the largest loss first."""

from pathlib import Path

from octet.measuring.reading import Section, read_as
from octet.recipe.shared.types import Text


class LayerFacts(Section):
    """The errors of one layer, its place from the picture on, and what to do about them."""

    layer: Text
    depth: int
    operator: Text
    sqnr_db: float
    lost_db: float
    max_error: float
    saturated: float
    range_used: float
    advice: Text


class LayerTables(Section):
    """The layers of the shipped file against two networks, and those of int8_ptq against the float network."""

    conversion: tuple[LayerFacts, ...]
    qat: tuple[LayerFacts, ...]
    ptq: tuple[LayerFacts, ...]


def read_layers(path: Path, made_by: str) -> LayerTables:
    """Read layers.json; `made_by` is the stage that wrote it, for messages."""
    return read_as(LayerTables, path, made_by)
