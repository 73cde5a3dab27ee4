"""Any Keras model or SavedModel, loaded from a file as a graph to convert."""

import json
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
from tensorflow.python.saved_model import loader_impl

from octet.commands.shrinking.graph_operators import refuse_reaching_graph, refuse_reaching_saved_model
from octet.commands.shrinking.keras_3 import keras_3
from octet.commands.shrinking.options import format_shape
from octet.commands.shrinking.untrusted_files import UNREADABLE
from octet.common.errors import UserError, first_line
from octet.common.tensorflow import keras, tf
from octet.tflite.files.conversion import TracedGraph, to_float, trace_graph


@dataclass(frozen=True)
class LoadedModel:
    """A model that is ready to be converted."""

    traced: TracedGraph
    inputs: Sequence[tf.TensorSpec]  # all sizes known, one sample at a time, named as `tflite_name` has it
    keras_model: Any | None  # None for a SavedModel

    @cached_property
    def float_file(self) -> bytes:
        """The model as a TFLite file, before anything is rounded."""
        return to_float(self.traced)


def load_model(path: Path, shape: Sequence[int] | None = None, trust: bool = False) -> LoadedModel:
    """Load a `.h5` or `.keras` file, of Keras 2 or 3, or a SavedModel's folder; `shape` replaces sizes that are open.

    Unless `trust`, operators that call Python or reach files are refused. What a Keras file says is not checked here.
    """
    return _load_saved_model(path, shape, trust) if path.is_dir() else _load_keras(path, shape, trust)


def tflite_name(name: str) -> str:
    """The name that a TFLite file gives to an input of this name."""
    letters = re.sub(r"\W", "_", name.split(":")[0], flags=re.ASCII)
    return letters if letters[:1].isalpha() or letters[:1] == "_" else f"arg_{letters}"


def _load_keras(path: Path, shape: Sequence[int] | None, trust: bool) -> LoadedModel:
    library = keras_3 if _keras_version(path).startswith("3") else keras
    try:
        model = library.models.load_model(path, compile=False, safe_mode=not trust)
    except MemoryError:
        raise
    except Exception as error:  # whatever Keras' loaders raise
        raise UserError(f"{path}: Keras cannot load it: {first_line(error)}") from None
    inputs = getattr(model, "inputs", None)  # Keras 3 raises where there are none yet
    if not inputs:
        raise UserError(f"{path}: its inputs have no shapes: build it, or call it once, and save it again")
    inputs = inputs if isinstance(inputs, list | tuple) else [inputs]
    specs = _input_specs({tensor.name: (tensor.shape, tensor.dtype) for tensor in inputs}, shape, path)
    variables = [weight.value if isinstance(weight, keras_3.Variable) else weight for weight in model.variables]

    def run(*values: tf.Tensor) -> Any:
        return model(values[0] if len(values) == 1 else list(values), training=False)

    traced = trace_graph(run, variables, *specs)
    if not trust:
        refuse_reaching_graph(traced.function.graph.as_graph_def(), path)
    return LoadedModel(traced, specs, model)


def _load_saved_model(path: Path, shape: Sequence[int] | None, trust: bool) -> LoadedModel:
    try:
        if not trust:
            refuse_reaching_saved_model(loader_impl.parse_saved_model(str(path)).meta_graphs, path)
        loaded = tf.saved_model.load(str(path))
    except (UserError, MemoryError):
        raise
    except Exception as error:  # whatever TensorFlow's loader raises
        raise UserError(f"{path}: TensorFlow cannot load it: {first_line(error)}") from None
    signature = loaded.signatures.get("serving_default")
    if signature is None:
        names = ", ".join(loaded.signatures) or "none"
        raise UserError(f"{path}: has no signature serving_default; its signatures: {names}")
    named = signature.structured_input_signature[1]
    specs = _input_specs({name: (spec.shape, spec.dtype) for name, spec in named.items()}, shape, path)

    def run(*values: tf.Tensor) -> Any:
        return list(signature(**dict(zip(named, values, strict=True))).values())

    return LoadedModel(TracedGraph(tf.function(run).get_concrete_function(*specs), loaded), specs, None)


def _input_specs(inputs: Mapping[str, tuple[Any, Any]], shape: Sequence[int] | None, path: Path) -> list[tf.TensorSpec]:
    """One sample at a time, and every size known; `shape` is that of the only input, or of those that are open."""
    specs = []
    for name, (stored_shape, dtype) in inputs.items():
        known = tf.TensorShape(stored_shape)
        where = f"{path}: its input {name!r} has the shape {known}"
        if known.rank == 0 or (known.rank and known[0] not in (None, 1)):
            raise UserError(f"{where}: expected a first axis of any length, along which samples lie")
        sizes = [1, *known.as_list()[1:]] if known.rank else [1, None]
        if None in sizes and not shape:
            raise UserError(f"{where}: say what to convert it for, for example --shape 1,224,224,3")
        if shape and (None in sizes or len(inputs) == 1):
            if not known.is_compatible_with(list(shape)):
                raise UserError(f"{where}, which --shape {format_shape(shape)} does not fit")
            sizes = list(shape)
        specs.append(tf.TensorSpec(sizes, dtype, tflite_name(name)))
    return specs


def _keras_version(path: Path) -> str:
    """The version of Keras that wrote the file; empty where the file does not say, as those of old versions."""
    try:
        if path.suffix == ".keras" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return str(dict(json.loads(archive.read("metadata.json"))).get("keras_version", ""))
        with h5py.File(path) as file:
            return str(file.attrs.get("keras_version", ""))
    except UNREADABLE as error:
        raise UserError(f"{path}: is not a Keras model: {first_line(error)}") from None
