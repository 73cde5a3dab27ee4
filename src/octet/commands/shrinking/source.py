"""A model of anybody's, from a file, as a graph to convert."""

import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py

from octet.commands.shrinking.keras_3 import keras_3
from octet.common.errors import UserError, first_line
from octet.common.tensorflow import keras, tf
from octet.tflite.files.conversion import TracedGraph, trace_graph


@dataclass(frozen=True)
class Source:
    """What was read."""

    traced: TracedGraph
    inputs: Sequence[tf.TensorSpec]  # all sizes known, one sample at a time, named as `identifier` has it
    model: Any | None  # the Keras model, where it is one


def read_model(path: Path, shape: Sequence[int] | None = None) -> Source:
    """A `.h5` or `.keras` file, of Keras 2 or 3, or a SavedModel's folder; `shape` is for what these leave open."""
    if (path / "saved_model.pb").exists():
        return _from_saved_model(path, shape)
    if path.suffix in (".h5", ".keras") and path.is_file():
        return _from_keras(path, shape)
    raise UserError(f"{path}: no .h5 or .keras file and no folder of a SavedModel")


def identifier(name: str) -> str:
    """An input's name as a TFLite file has it."""
    letters = re.sub(r"\W", "_", name.split(":")[0], flags=re.ASCII)
    return letters if letters[:1].isalpha() or letters[:1] == "_" else f"arg_{letters}"


def _from_keras(path: Path, shape: Sequence[int] | None) -> Source:
    library = keras_3 if _keras_version(path).startswith("3") else keras
    try:
        model = library.models.load_model(path, compile=False)
    except Exception as error:  # whatever Keras' loaders stumble over
        raise UserError(f"{path}: Keras cannot load it: {first_line(error)}") from None
    inputs = getattr(model, "inputs", None)  # Keras 3 raises where there are none yet
    if not inputs:
        raise UserError(f"{path}: says nothing of what it takes: build it, or call it once, and save it again")
    specs = _specs({of.name: (of.shape, of.dtype) for of in _listed(inputs)}, shape, path)
    variables = [of.value if isinstance(of, keras_3.Variable) else of for of in model.variables]

    def run(*values: tf.Tensor) -> Any:
        return model(values[0] if len(values) == 1 else list(values), training=False)

    return Source(trace_graph(run, variables, *specs), specs, model)


def _from_saved_model(path: Path, shape: Sequence[int] | None) -> Source:
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:  # whatever TensorFlow's loader stumbles over
        raise UserError(f"{path}: TensorFlow cannot load it: {first_line(error)}") from None
    signature = loaded.signatures.get("serving_default")
    if signature is None:
        raise UserError(f"{path}: has no signature serving_default, but {', '.join(loaded.signatures) or 'none'}")
    named = signature.structured_input_signature[1]
    specs = _specs({name: (of.shape, of.dtype) for name, of in named.items()}, shape, path)

    def run(*values: tf.Tensor) -> Any:
        return list(signature(**dict(zip(named, values, strict=True))).values())

    return Source(TracedGraph(tf.function(run).get_concrete_function(*specs), loaded), specs, None)


def _specs(inputs: dict[str, tuple[Any, Any]], shape: Sequence[int] | None, path: Path) -> list[tf.TensorSpec]:
    """One sample at a time, and every size known; `shape` is that of the only input, or of those that are open."""
    if shape and (shape[0] != 1 or min(shape) < 1):
        raise UserError(f"--shape {_told(shape)}: begins with a 1, for one sample at a time, and every size is known")
    specs = []
    for name, (found, dtype) in inputs.items():
        known = tf.TensorShape(found)
        where = f"{path}: its input {name!r} has the shape {known}"
        if known.rank == 0 or (known.rank and known[0] not in (None, 1)):
            raise UserError(f"{where}: expected a first axis of any length, along which samples lie")
        sizes = [1, *known.as_list()[1:]] if known.rank else [1, None]
        if None in sizes and not shape:
            raise UserError(f"{where}: say what to convert it for, for example --shape 1,224,224,3")
        if shape and (None in sizes or len(inputs) == 1):
            if not known.is_compatible_with(list(shape)):
                raise UserError(f"{where}, which --shape {_told(shape)} does not fit")
            sizes = list(shape)
        specs.append(tf.TensorSpec(sizes, dtype, identifier(name)))
    return specs


def _told(shape: Sequence[int]) -> str:
    return ",".join(map(str, shape))


def _keras_version(path: Path) -> str:
    """Which Keras wrote the file; what does not say so is old."""
    try:
        if path.suffix == ".keras" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return str(json.loads(archive.read("metadata.json")).get("keras_version", ""))
        with h5py.File(path) as file:
            return str(file.attrs.get("keras_version", ""))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: is no model of Keras': {first_line(error)}") from None


def _listed(inputs: Any) -> list[Any]:
    return list(inputs) if isinstance(inputs, list | tuple) else [inputs]
