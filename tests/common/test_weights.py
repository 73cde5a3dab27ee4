"""Weights are loaded from a whole file of the same network, and refused otherwise, in one line that names the file."""

import io
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from octet.common.errors import UserError
from octet.common.tensorflow import keras
from octet.common.weights import load_weights


def dense(*units: int) -> keras.Model:
    """A network of dense layers, the first of which has the name `d0`."""
    layers = [keras.layers.Dense(count, name=f"d{index}") for index, count in enumerate(units)]
    return keras.Sequential([keras.Input((4,)), *layers])


KERNEL = "d0/d0/kernel:0"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    dense(3, 2).save_weights(tmp_path / "weights.h5")
    return tmp_path / "weights.h5"


def replace(file: Path, put: Callable[[h5py.File], object]) -> None:
    with h5py.File(file, "r+") as content:
        del content[KERNEL]
        put(content)


def link(file: Path) -> None:
    """A link to the same weights in another file."""
    dense(3, 2).save_weights(file.with_name("other.h5"))
    replace(file, lambda content: content.__setitem__(KERNEL, h5py.ExternalLink("other.h5", KERNEL)))


def soft_link(file: Path) -> None:
    replace(file, lambda content: content.__setitem__(KERNEL, h5py.SoftLink("/d1/d1/kernel:0")))


def external(file: Path) -> None:
    """Values that are the bytes of another file."""
    other = file.with_name("other")
    other.write_bytes(bytes(48))
    replace(file, lambda content: content.create_dataset(KERNEL, (4, 3), "f4", external=[(str(other), 0, 48)]))


def virtual(file: Path) -> None:
    def put(content: h5py.File) -> None:
        layout = h5py.VirtualLayout((4, 3), "f4")
        layout[:] = h5py.VirtualSource("other.h5", KERNEL, (4, 3))
        content.create_virtual_dataset(KERNEL, layout)

    replace(file, put)


def huge(file: Path) -> None:
    """A petabyte of zeros in a few bytes."""
    replace(file, lambda content: content.create_dataset(KERNEL, (1 << 25, 1 << 25), "u1", chunks=(1024, 1024)))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-2000])


def another_network(file: Path) -> None:
    dense(3, 5).save_weights(file)


def another_count(file: Path) -> None:
    dense(3).save_weights(file)


def not_a_number(file: Path) -> None:
    model = dense(3, 2)
    model.layers[0].kernel.assign(np.full((4, 3), np.nan))
    model.save_weights(file)


def infinite(file: Path) -> None:
    model = dense(3, 2)
    model.layers[1].kernel.assign(np.full((3, 2), np.inf))
    model.save_weights(file)


def text(file: Path) -> None:
    file.write_text("not weights")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def no_weights(file: Path) -> None:
    with io.BytesIO() as memory:
        h5py.File(memory, "w").close()
        file.write_bytes(memory.getvalue())


def test_whole_weights_are_loaded(file: Path) -> None:
    network, saved = dense(3, 2), dense(3, 2)
    saved.load_weights(file)
    load_weights(network, file, "train_float@r")
    for loaded, expected in zip(network.get_weights(), saved.get_weights(), strict=True):
        np.testing.assert_array_equal(loaded, expected)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (link, "kernel:0 is a link"),
        (soft_link, "kernel:0 is a link"),
        (external, "kernel:0 does not lie in it whole"),
        (virtual, "kernel:0 does not lie in it whole"),
        (huge, "kernel:0 does not lie in it whole"),
        (cut, "truncated"),
        (another_network, "incompatible"),
        (another_count, "layer"),
        (not_a_number, "d0/kernel:0 is not finite"),
        (infinite, "d1/kernel:0 is not finite"),
        (text, "signature not found"),
        (empty, "signature not found"),
        (no_weights, "Layer count mismatch"),
    ],
)
def test_other_weights_are_refused(file: Path, damage: Callable[[Path], None], reason: str) -> None:
    damage(file)
    with pytest.raises(UserError) as error:
        load_weights(dense(3, 2), file, "train_float@r")
    (line,) = str(error.value).splitlines()
    assert line.startswith(f"{file} cannot be used: ")
    assert reason in line
    assert line.endswith(": run `dvc repro train_float@r` to make it again")
