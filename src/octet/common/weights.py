"""The weights of a network in an .h5 file: checked before they are loaded, and refused where they are not numbers."""

from pathlib import Path

import h5py
import numpy as np

from octet.common.errors import UserError, first_line
from octet.common.tensorflow import keras

# What the HDF5 library and Keras raise when they read a file that is damaged or of another network.
_DAMAGE = (OSError, AttributeError, KeyError, RuntimeError, TypeError, ValueError)


def load_weights(network: keras.Model, file: Path, made_by: str) -> None:
    """Load the weights that the stage `made_by` wrote for this network."""
    try:
        with h5py.File(file) as content:
            _require_plain(content)
        network.load_weights(file)
        if name := find_not_finite(network):
            raise UserError(f"{name} is not finite")
    except (*_DAMAGE, UserError) as error:
        problem = first_line(error).rstrip(".")
        raise UserError(f"{file} cannot be used: {problem}: run `dvc repro {made_by}` to make it again") from None


def find_not_finite(network: keras.Model) -> str | None:
    """The name of the first of a network's variables that has a value which is infinite or not a number."""
    return next((variable.name for variable in network.weights if not np.isfinite(variable.numpy()).all()), None)


def _require_plain(group: h5py.Group) -> None:
    """Refuse links, values that lie in other files, and values that take fewer bytes than they claim."""
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise UserError(f"{group.name}: {name} is a link")
        item = group[name]
        if isinstance(item, h5py.Group):
            _require_plain(item)
        elif item.external or item.nbytes != item.id.get_storage_size():
            raise UserError(f"{item.name} does not lie in it whole")
