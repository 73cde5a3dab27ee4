"""Refuses Keras files that would run code, reach other files, or fill the memory when they are loaded.

A Keras file names the classes and functions that its model is made of, in JSON. Keras imports what is named, runs the
Python code of `Lambda` layers, and some layers read files. So the JSON is checked before Keras sees the file: a name
passes where it can only be one of Keras' own layers and functions that compute.
"""

import builtins
import json
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py

from octet.common.errors import UserError, first_line

_CONFIG_LIMIT = 64 * 2**20  # bytes of JSON; the largest models of Keras' applications have less than 1 MB
_EXPANSION_LIMIT = 20  # times the size on disk: Keras does not compress, and weights hardly can be
_ALWAYS_ALLOWED = 64 * 2**20  # bytes, however few they are on disk

_CODE_CLASSES = {
    "Lambda": "runs Python code from the file",
    "__lambda__": "runs Python code from the file",
    "TorchModuleWrapper": "unpickles Python objects from the file",
    "JaxLayer": "calls a Python function that the file names",
    "FlaxLayer": "calls a Python function that the file names",
    "TFSMLayer": "loads a SavedModel from a path that the file names",
    "ClassMethod": "calls a Python method that the file names",
    "TensorFlowOpLayer": "runs any TensorFlow operator that the file names",
    "__typespec__": "makes a Python object that the file names",
}
# Where Keras keeps what models are made of. Beside them are functions that download, unpack and load files.
_MODEL_MODULES = {
    *("activations", "constraints", "dtype_policies", "engine", "initializers", "layers", "losses", "metrics"),
    *("mixed_precision", "models", "ops", "optimizers", "quantizers", "random", "regularizers"),
}
# Keras' own classes in modules beside those
_MODEL_CLASSES = {
    "keras.src.applications.convnext.LayerScale",
    "tf_keras.src.applications.convnext.LayerScale",
    *(f"tensorflow.python.ops.init_ops_v2.{name}" for name in ("Constant", "GlorotUniform", "Ones", "Zeros")),
}
# TensorFlow's functions that only compute, which Keras 2 stores by name as TFOpLambda
_COMPUTING_FAMILIES = {
    *("__operators__", "bitwise", "image", "linalg", "math", "nn", "quantization", "random", "signal", "strings"),
}
_COMPUTING_FUNCTIONS = {
    *("argsort", "bitcast", "boolean_mask", "broadcast_to", "cast", "clip_by_value", "concat", "convert_to_tensor"),
    *("cumsum", "dynamic_partition", "dynamic_stitch", "einsum", "ensure_shape", "expand_dims", "eye", "fill"),
    *("gather", "gather_nd", "identity", "linspace", "meshgrid", "norm", "one_hot", "ones", "ones_like", "pad"),
    *("range", "rank", "realdiv", "repeat", "reshape", "reverse", "reverse_sequence", "roll", "scatter_nd"),
    *("searchsorted", "sequence_mask", "shape", "size", "slice", "sort", "split", "squeeze", "stack"),
    *("stop_gradient", "strided_slice", "tensor_scatter_nd_add", "tensor_scatter_nd_update", "tensordot", "tile"),
    *("transpose", "truncatediv", "truncatemod", "unique", "unstack", "where", "zeros", "zeros_like"),
}

# What zipfile, h5py and json raise on a damaged file; RuntimeError is also for JSON that is nested too deeply
UNREADABLE = (OSError, KeyError, TypeError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error)

Json = Any  # what `json.loads` makes


def refuse_untrusted_file(path: Path) -> None:
    """Refuse a Keras file that loading must not touch; the message names what it holds, and --trust."""
    try:
        # A file can be both, and Keras chooses by its name.
        configs = [_read_zip(path)] if zipfile.is_zipfile(path) else []
        if h5py.is_hdf5(path):
            configs.append(_read_hdf5(path))
    except UNREADABLE as error:
        raise UserError(f"{path}: is not a Keras model: {first_line(error)}") from None
    if not configs:
        raise UserError(f"{path}: is not a Keras model: expected an HDF5 file or Keras 3's zip archive")
    for name, reason in find_code(configs):
        raise UserError(
            f"{path}: {name} {reason}: if you trust its author, say --trust; otherwise ask for it as a SavedModel "
            "(`model.export`), which holds no Python code"
        )


def find_code(config: Json) -> Iterator[tuple[str, str]]:
    """The parts of a model's config that could do more than compute: the layer and the reason, for each."""
    waiting: list[tuple[Json, str]] = [(config, "the model")]
    while waiting:
        value, owner = waiting.pop()
        if isinstance(value, dict):
            owner = _describe_owner(value, owner)
            yield from ((owner, reason) for reason in _reasons(value))
            waiting += [(part, owner) for part in reversed(value.values())]
        elif isinstance(value, list):
            waiting += [(part, owner) for part in reversed(value)]


def _describe_owner(value: Mapping[str, Json], owner: str) -> str:
    """The layer that a part of the config belongs to, in words; the given owner where the part has no name."""
    class_name, config = value.get("class_name"), value.get("config")
    name = config.get("name") if isinstance(config, dict) else value.get("name")
    if isinstance(class_name, str) and isinstance(name, str):
        return f"its layer {name[:80]!r} ({class_name[:80]})"
    return owner


def _reasons(value: Mapping[str, Json]) -> Iterator[str]:
    """Why one dictionary of the config, apart from those in it, could do more than compute."""
    config = value["config"] if isinstance(value.get("config"), dict) else {}
    if isinstance(value.get("vocabulary"), str):
        yield "reads a vocabulary from another file"
    if "class_name" not in value:
        return
    # Keras falls back to registered_name, and takes "outer.inner" and "package>name"
    names = {part for key in ("class_name", "registered_name") for part in re.split(r"[.>]", str(value.get(key)))}
    yield from (_CODE_CLASSES[name] for name in sorted(names & _CODE_CLASSES.keys()))
    name = f"{value.get('module')}.{value['class_name']}"
    if name not in _MODEL_CLASSES and ("." in str(value["class_name"]) or not _is_model_module(value.get("module"))):
        yield f"needs {name[:80]}, which is not a part that Keras makes models of"
    function = str(value.get("config"))
    if value["class_name"] == "function" and ("." in function or hasattr(builtins, function)):
        yield f"calls the Python function {function[:80]}"
    if names & {"TFOpLambda", "SlicingOpLambda"} and not _only_computes(str(config.get("function"))):
        yield f"calls TensorFlow's function {str(config.get('function'))[:80]}, which may do more than compute"
    if names & {"InstanceMethod", "InstanceProperty"} and str(config.get("attr_name")).startswith("_"):
        yield f"reaches into Python's {str(config.get('attr_name'))[:80]}"


def _is_model_module(module: Json) -> bool:
    """Whether a module's name can lead only to what models are made of; None and builtins look in Keras' own tables."""
    if module is None or module == "builtins":
        return True
    package, *folders = str(module).split(".")
    if folders[:1] == ["src"]:
        folders = folders[1:]
    return package in ("keras", "tf_keras") and (not folders or folders[0] in _MODEL_MODULES)


def _only_computes(function: str) -> bool:
    function = function.removeprefix("compat.v1.")
    family, _, rest = function.partition(".")
    if not rest:
        return function in _COMPUTING_FUNCTIONS
    return family in _COMPUTING_FAMILIES and "sampler" not in rest  # a sampler can read a vocabulary from a file


def _read_zip(path: Path) -> Json:
    """The config of Keras 3's archive, whose weights are checked on the way."""
    with zipfile.ZipFile(path) as archive:
        _refuse_expansion(path, sum(member.file_size for member in archive.infolist()), path.stat().st_size)
        _refuse_packed(path, archive)
        for member in archive.infolist():
            if member.filename.endswith(".npz"):
                with zipfile.ZipFile(BytesIO(archive.read(member))) as arrays:
                    _refuse_packed(path, arrays)
            if member.filename.endswith(".h5"):
                with h5py.File(BytesIO(archive.read(member))) as weights:
                    _check_hdf5(weights, member.file_size, path)
        for name in ("config.json", "metadata.json"):
            _refuse_large_config(path, archive.getinfo(name).file_size)
        config = json.loads(archive.read("config.json"))
    if isinstance(config, dict):
        config.pop("compile_config", None)  # is not loaded
    return config


def _read_hdf5(path: Path) -> Json:
    """The config of an HDF5 file, whose weights are checked on the way."""
    size = path.stat().st_size
    with h5py.File(path) as file:
        stored = _check_hdf5(file, size, path)
        _refuse_large_config(path, size - stored)  # the text is at most as long as what is not weights
        config = file.attrs.get("model_config")
    if config is None:
        raise UserError(f"{path}: holds no model_config, so perhaps weights alone: save the whole model")
    return json.loads(config)


def _check_hdf5(file: h5py.File, size: int, path: Path) -> int:
    """Refuse links to other files, and data that unpacks to a multiple; the bytes that the data takes in the file."""
    # What these callbacks return other than None ends the visit; they must not raise.
    link = file.visititems_links(lambda name, link: name if isinstance(link, h5py.ExternalLink) else None)
    if link:
        raise UserError(f"{path}: its {link} is a link to another file: ask for a model without it")
    datasets: list[h5py.Dataset] = []
    file.visititems(lambda _, item: datasets.append(item) if isinstance(item, h5py.Dataset) else None)
    for data in datasets:
        if data.external or data.is_virtual:
            raise UserError(f"{path}: its {data.name} lies in another file: ask for a model without it")
    _refuse_expansion(path, sum(data.nbytes for data in datasets), size)
    return sum(data.id.get_storage_size() for data in datasets)


def _refuse_expansion(path: Path, unpacked: int, size: int) -> None:
    if unpacked > max(_ALWAYS_ALLOWED, _EXPANSION_LIMIT * size):
        raise UserError(
            f"{path}: has {size / 1e6:.1f} MB and unpacks to {unpacked / 1e6:.0f} MB, which no Keras model does"
        )


def _refuse_packed(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive whose members are compressed: however much they are, they would be unpacked to be read."""
    packed = next((member for member in archive.infolist() if member.compress_type != zipfile.ZIP_STORED), None)
    if packed:
        raise UserError(
            f"{path}: its {packed.filename[:80]!r} is compressed, which Keras does not do: if you trust its author, "
            "say --trust"
        )


def _refuse_large_config(path: Path, size: int) -> None:
    if size > _CONFIG_LIMIT:
        raise UserError(
            f"{path}: describes its layers in {size / 1e6:.0f} MB, expected at most {_CONFIG_LIMIT / 1e6:.0f} MB"
        )
