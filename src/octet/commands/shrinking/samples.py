"""The samples that ranges are read from: the arrays of an `.npz`, or the pictures of a folder."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from octet.commands.shrinking.loaded_model import tflite_name
from octet.commands.shrinking.untrusted_files import UNREADABLE
from octet.common.drawn_copies import is_drawn_copy
from octet.common.errors import UserError, first_line
from octet.common.tensorflow import tf
from octet.common.untrusted_files import read_untrusted_file
from octet.sources.voc.layout import MOST_BYTES, PICTURE_SUFFIXES, PICTURES
from octet.sources.voc.problem import BadPictureError
from octet.sources.voc.untrusted_picture import open_picture
from octet.tflite.opening.pixel_scales import PIXEL_SCALES, PIXEL_SCALES_HELP

Sample = Mapping[str, NDArray[Any]]  # an array [1, ...] for each input


class SampleSet(Protocol):
    """Samples that can be gone through again and again; a folder's pictures are read anew each time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sample]: ...


def read_samples(path: Path, inputs: Sequence[tf.TensorSpec], pixels: str | None) -> SampleSet:
    """The samples of a folder or an `.npz`, checked against the model's inputs; `pixels` is a name of PIXEL_SCALES."""
    return _PictureSamples(path, inputs, pixels) if path.is_dir() else _ArraySamples(path, inputs)


class _ArraySamples:
    """The samples of an `.npz`: an array [N, ...] for each input, by its name, or the only array for the only input."""

    def __init__(self, path: Path, inputs: Sequence[tf.TensorSpec]) -> None:
        arrays = _load_arrays(path)
        if len(inputs) == len(arrays) == 1:
            arrays = {inputs[0].name: next(iter(arrays.values()))}
        missing = [spec.name for spec in inputs if spec.name not in arrays]
        if missing:
            names = ", ".join(arrays) or "none"
            raise UserError(f"{path}: has no arrays for the inputs {', '.join(missing)}; its arrays: {names}")
        self._arrays = {spec.name: _as_input(arrays[spec.name], spec, path) for spec in inputs}
        lengths = [len(array) for array in self._arrays.values()]
        if len(set(lengths)) > 1:
            raise UserError(f"{path}: its arrays differ in length: {lengths}")

    def __len__(self) -> int:
        return len(next(iter(self._arrays.values())))

    def __iter__(self) -> Iterator[Sample]:
        for index in range(len(self)):
            yield {name: array[index : index + 1] for name, array in self._arrays.items()}


def _load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {tflite_name(name): file[name] for name in file.files}
    except (*UNREADABLE, AttributeError, EOFError) as error:
        raise UserError(f"{path}: cannot be read as an .npz of numbers: {first_line(error)}") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):  # the bytes of a file that is no array
            raise UserError(f"{path}: cannot be read as an .npz of numbers: {name} is no array")
    return arrays


def _as_input(array: NDArray[Any], spec: tf.TensorSpec, path: Path) -> NDArray[Any]:
    """The array in the type of the input, where that loses nothing."""
    expected = ", ".join(map(str, ["N", *spec.shape.as_list()[1:]]))
    if list(array.shape[1:]) != spec.shape.as_list()[1:] or not len(array):
        raise UserError(f"{path}: found an array of {list(array.shape)} for {spec.name}, expected [{expected}]")
    if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
        raise UserError(f"{path}: its array for {spec.name} holds values that are not finite numbers")
    converted = array.astype(spec.dtype.as_numpy_dtype)
    if not spec.dtype.is_floating and not np.array_equal(converted, array):
        raise UserError(f"{path}: its array for {spec.name} holds values that do not fit into {spec.dtype.name}")
    return converted


class _PictureSamples:
    """The pictures of a folder and the folders in it, resized and scaled as the model expects them."""

    def __init__(self, folder: Path, inputs: Sequence[tf.TensorSpec], pixels: str | None) -> None:
        shapes = [spec.shape.as_list() for spec in inputs]
        if len(inputs) != 1 or len(shapes[0]) != 4 or shapes[0][3] not in (1, 3):
            raise UserError(
                f"{folder}: the model's inputs are {shapes}, not one picture [1, H, W, 1 or 3]: give an .npz"
            )
        if not pixels:
            raise UserError(f"{folder}: say how the model expects its pixels, with --pixels {PIXEL_SCALES_HELP}")
        (self._spec,) = inputs
        if not self._spec.dtype.is_floating and pixels != "raw":
            raise UserError(f"--pixels {pixels}: the model's input is {self._spec.dtype.name}, so only raw fits")
        self._scale = PIXEL_SCALES[pixels]
        self._files = _pictures(folder)
        if not self._files:
            raise UserError(f"{folder}: holds no pictures ({', '.join(PICTURE_SUFFIXES)})")

    def __len__(self) -> int:
        return len(self._files)

    def __iter__(self) -> Iterator[Sample]:
        return map(self._read, self._files)

    def _read(self, file: Path) -> Sample:
        _, height, width, channels = self._spec.shape
        content = read_untrusted_file(file, MOST_BYTES[PICTURES])
        try:
            open_picture(content, str(file)).close()
        except BadPictureError as error:
            raise UserError(str(error.problem)) from None
        except Exception:  # Pillow's parsers raise errors of any kind
            raise UserError(f"{file}: cannot be read as a picture") from None
        kind = cv2.IMREAD_COLOR_RGB if channels == 3 else cv2.IMREAD_GRAYSCALE
        picture = cv2.imdecode(np.frombuffer(content, np.uint8), kind)
        if picture is None:
            raise UserError(f"{file}: cannot be read as a picture")
        resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA).reshape(1, height, width, channels)
        scaled = (resized - self._scale.offset) / self._scale.divisor
        return {self._spec.name: scaled.astype(self._spec.dtype.as_numpy_dtype)}


def _pictures(folder: Path) -> list[Path]:
    """The pictures of a folder and the folders in it, without drawn copies and hidden files, as macOS puts beside."""
    files = (file for file in folder.rglob("*") if file.suffix[1:].lower() in PICTURE_SUFFIXES)
    shown = (file for file in files if not any(part.startswith(".") for part in file.relative_to(folder).parts))
    return sorted(file for file in shown if not is_drawn_copy(file))
