"""Samples that ranges are read from: where they come from, and whether they look like what the model is used to."""

import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from octet.commands.shrinking.keras_3 import keras_3
from octet.commands.shrinking.source import Source, identifier
from octet.common.errors import UserError
from octet.common.tensorflow import keras, tf

FEW = 100
# How a model takes pixels 0..255: what is taken off, and what that is divided by
PIXELS = {"raw": (0.0, 1.0), "unit": (0.0, 255.0), "signed": (127.5, 127.5)}
PIXELS_TOLD = "raw (0..255), unit (0..1) or signed (-1..1)"

_PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_FAR = 30.0  # times the variance that batch norm remembers; between 0..255 and 0..1 it is 65025

Sample = Mapping[str, NDArray[Any]]  # an array [1, ...] for each input


class Samples(Protocol):
    """Gone through as often as need be; a folder's pictures are read again each time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sample]: ...


def read_samples(path: Path, inputs: Sequence[tf.TensorSpec], pixels: str | None) -> Samples:
    """The samples of an `.npz`, an array an input, or a folder's pictures."""
    if path.is_dir():
        return _Pictures(path, inputs, pixels)
    if path.suffix == ".npz" and path.is_file():
        return _Arrays(path, inputs)
    raise UserError(f"{path}: no folder of pictures and no .npz of arrays")


def calibration_warnings(samples: Samples, source: Source) -> list[str]:
    """What speaks against reading ranges from these."""
    found = []
    if len(samples) < FEW:
        found.append(f"{len(samples)} samples are few: ranges are safer from {FEW} or more")
    if len(source.inputs) != 1 or not source.inputs[0].dtype.is_floating:
        return found
    some = [value for sample in islice(samples, FEW) for value in sample.values()]
    lowest, highest = min(value.min() for value in some), max(value.max() for value in some)
    spread = f"the samples lie in {lowest:.4g}..{highest:.4g}"
    ratio = _variance_ratio(source, some)
    if ratio and not 1 / _FAR < ratio < _FAR:
        found.append(
            f"{spread}, and the first batch norm sees {ratio:.3g} times the variance that it was trained on: "
            "scale them as they were in training"
        )
    if ratio or source.model is None:
        return found
    if _rescales(source.model) and highest <= 1.5:
        found.append(f"{spread}, but the model rescales 0..255 itself: hand over pixels as they are")
    if not _rescales(source.model) and highest > 16:
        found.append(f"{spread}, and the model does not rescale: most are trained on 0..1 or -1..1")
    return found


class _Arrays:
    """Those of an `.npz`, by the inputs' names, or the only one."""

    def __init__(self, path: Path, inputs: Sequence[tf.TensorSpec]) -> None:
        arrays = _load(path)
        if len(inputs) == len(arrays) == 1:
            arrays = {inputs[0].name: next(iter(arrays.values()))}
        missing = [spec.name for spec in inputs if spec.name not in arrays]
        if missing:
            raise UserError(f"{path}: has {', '.join(arrays) or 'nothing'}, but not the inputs {', '.join(missing)}")
        self._arrays = {spec.name: _checked(arrays[spec.name], spec, path) for spec in inputs}
        lengths = [len(array) for array in self._arrays.values()]
        if len(set(lengths)) > 1:
            raise UserError(f"{path}: its arrays differ in length: {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self._arrays.values())))

    def __iter__(self) -> Iterator[Sample]:
        for index in range(len(self)):
            yield {name: array[index : index + 1] for name, array in self._arrays.items()}


def _load(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            return {identifier(name): file[name] for name in file.files}
    except (ValueError, OSError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: is no .npz of numbers: {error}") from None


def _checked(array: NDArray[Any], spec: tf.TensorSpec, path: Path) -> NDArray[Any]:
    """The array as the input takes it, where nothing is lost by that."""
    expected = ", ".join(map(str, ["N", *spec.shape.as_list()[1:]]))
    if list(array.shape[1:]) != spec.shape.as_list()[1:] or not len(array):
        raise UserError(f"{path}: found an array of {list(array.shape)} for {spec.name}, expected [{expected}]")
    if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
        raise UserError(f"{path}: what it has for {spec.name} are not all numbers")
    taken = array.astype(spec.dtype.as_numpy_dtype)
    if not spec.dtype.is_floating and not np.array_equal(taken, array):
        raise UserError(f"{path}: {spec.name} takes {spec.dtype.name}, and what is there does not fit into that")
    return taken


class _Pictures:
    """Those of a folder and the folders in it."""

    def __init__(self, folder: Path, inputs: Sequence[tf.TensorSpec], pixels: str | None) -> None:
        shapes = [spec.shape.as_list() for spec in inputs]
        if len(inputs) != 1 or len(shapes[0]) != 4 or shapes[0][3] not in (1, 3):
            raise UserError(f"{folder}: the model takes no picture but {shapes}: give an .npz")
        if not pixels:
            raise UserError(f"{folder}: say how the model takes pixels, with --pixels {PIXELS_TOLD}")
        (self._spec,) = inputs
        if not self._spec.dtype.is_floating and pixels != "raw":
            raise UserError(f"--pixels {pixels}: the model takes {self._spec.dtype.name}, which has no fractions: raw")
        self._less, self._by = PIXELS[pixels]
        self._files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in _PICTURES)
        if not self._files:
            raise UserError(f"{folder}: no pictures in it ({', '.join(_PICTURES)})")

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[Sample]:
        return map(self._read, self._files)

    def _read(self, file: Path) -> Sample:
        _, height, width, channels = self._spec.shape
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR_RGB if channels == 3 else cv2.IMREAD_GRAYSCALE)
        if picture is None:
            raise UserError(f"{file}: is no picture that can be read")
        resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).reshape(1, height, width, channels)
        return {self._spec.name: ((resized - self._less) / self._by).astype(self._spec.dtype.as_numpy_dtype)}


def _variance_ratio(source: Source, values: Iterable[NDArray[Any]]) -> float | None:
    """How much wider than in training the first batch norm's input is; None where that cannot be told."""
    norm = _norm_of_graph(source.traced.graph) or (_norm_of_layers(source.model) if source.model else None)
    if norm is None or np.allclose(norm.variance, 1):  # never trained
        return None
    seen = np.concatenate([_by_channel(norm.before(value), norm.axis) for value in values])
    variance, remembered = seen.var(axis=0), norm.variance
    alive = (variance > 0) & (remembered > 0)
    return float(np.exp(np.median(np.log(variance[alive] / remembered[alive])))) if alive.any() else None


class _Norm(NamedTuple):
    """A batch norm: what comes before it, the variance that it remembers of that, and along which axis."""

    before: Callable[[NDArray[Any]], NDArray[Any]]
    variance: NDArray[Any]
    axis: int


def _norm_of_graph(graph: Any) -> _Norm | None:
    """The first of a graph, wherever in a model of models it stands; Keras 3 and flat inputs have none as one op."""
    frozen = convert_variables_to_constants_v2(graph)
    norm = next((op for op in frozen.graph.get_operations() if op.type.startswith("FusedBatchNorm")), None)
    if norm is None:
        return None
    values, _, _, _, variance = norm.inputs
    both = frozen.prune(frozen.inputs, [values, variance])
    some = tf.zeros(frozen.inputs[0].shape, frozen.inputs[0].dtype)
    axis = 1 if norm.get_attr("data_format") == b"NCHW" else -1
    return _Norm(lambda value: both(tf.constant(value))[0].numpy(), both(some)[1].numpy(), axis)


def _norm_of_layers(model: Any) -> _Norm | None:
    """The first of a Keras model's own layers."""
    norm = next((layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"), None)
    if norm is None:
        return None
    (axis,) = norm.axis if isinstance(norm.axis, list | tuple) else (norm.axis,)
    library = keras_3 if isinstance(model, keras_3.Model) else keras
    before = library.Model(model.inputs[0], norm.input)
    return _Norm(lambda value: np.asarray(before(value, training=False)), np.asarray(norm.moving_variance), axis)


def _by_channel(values: NDArray[Any], axis: int) -> NDArray[Any]:
    """A few rows [P, C] of an activation, C along the axis that batch norm counts by."""
    rows = np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis])
    return rows[:: max(1, len(rows) // 1000)]


def _rescales(model: Any) -> bool:
    return any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in _layers(model))


def _layers(model: Any) -> Iterator[Any]:
    """All layers, those of models inside the model too, in their order."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _layers(layer)
        else:
            yield layer
