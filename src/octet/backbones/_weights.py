"""Reads weights from an HDF5 file as Keras writes it, and nothing in it but plain numbers of the expected shapes."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import h5py
import numpy as np

from octet.common.errors import UserError, first_line
from octet.common.tensorflow import keras

_DEEPEST = 8  # groups in each other that a layer's weights may lie in


def load_layers(layers: Iterable[keras.layers.Layer], file: Path, expected: str) -> None:
    """Load the weights of all these layers, or of none; `expected` says in an error what the file should hold."""
    layers = list(layers)
    try:
        with h5py.File(file) as content:
            values = [read_weights(content, layer.name, _shapes(layer)) for layer in layers]
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:  # all of which h5py raises
        raise UserError(f"{file}: not {expected}: {first_line(error)}") from None
    for layer, value in zip(layers, values, strict=True):
        layer.set_weights(value)


def _shapes(layer: keras.layers.Layer) -> dict[str, tuple[int, ...]]:
    """The shapes of a layer's weights by their names in a file, such as `kernel:0`."""
    return {weight.name.rpartition("/")[2]: tuple(weight.shape) for weight in layer.weights}


def read_weights(file: h5py.File, layer: str, shapes: Mapping[str, tuple[int, ...]]) -> list[np.ndarray]:
    """Read the weights of a layer, which have these names and shapes; a ValueError says why a file has no such ones."""
    group = _open(file, layer)
    for _ in range(_DEEPEST):  # what the groups in that of a layer are called depends on who wrote the file
        inner = list(group) if isinstance(group, h5py.Group) and len(group) == 1 else []
        if not inner or inner[0] in shapes:
            break
        group = _open(group, inner[0])
    if not isinstance(group, h5py.Group):
        raise ValueError(f"it has no layer {layer}")
    return [_read(group, layer, name, shape) for name, shape in shapes.items()]


def _read(group: h5py.Group, layer: str, name: str, shape: tuple[int, ...]) -> np.ndarray:
    found, place = _open(group, name), f"{layer}/{name}"
    if not isinstance(found, h5py.Dataset) or found.dtype.kind != "f":
        raise ValueError(f"it has no floating-point numbers {place}")
    if found.chunks or found.external or found.is_virtual:  # pieces, which may be compressed, or lie in other files
        raise ValueError(f"{place} does not lie in the file in one piece")
    if found.shape != shape:
        raise ValueError(f"{place} has the shape {found.shape}, expected {shape}")
    with np.errstate(over="ignore"):
        values = np.asarray(found[()], np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"{place} has values that are infinite or not a number")
    return values


def _open(group: object, name: str) -> object:
    """What has this name in a group; None if that is nothing, or a link, which could lead to another file."""
    if not isinstance(group, h5py.Group) or not isinstance(group.get(name, getlink=True), h5py.HardLink):
        return None
    return group[name]
