"""What a .tflite file tells of itself, in TFLite's metadata format: what it takes, what comes out, and its labels."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from octet.dataset.pixels import BRIGHTEST, DARKEST, PIXEL_SCALE, PIXEL_ZERO
from octet.errors import UserError
from octet.quantization.conversion import packed
from octet.quantization.flat_tables import Schema
from octet.tensorflow import tflite

Facts = dict[str, Any]  # by the names of TFLite's schema

LABELS = "labels.txt"

_RECIPE = "octet_recipe_sha256"  # the custom entry that has it
_ENTRY = "TFLITE_METADATA"
_IDENTIFIER = b"M001"
_PARSER = "1.5.0"  # the first that reads custom entries
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # zip's first day: the same bytes every time

_RGB, _BOUNDARIES, _RATIO, _AXIS_LABELS, _VALUE_LABELS = 1, 1, 0, 2, 3
_SCHEMA = Schema(
    """
    AssociatedFile: name string, description string, type byte, locale string, version string
    FeatureProperties:
    ImageSize: width uint, height uint
    ImageProperties: color_space byte, default_size ImageSize
    BoundingBoxProperties: index [uint], type byte, coordinate_type byte
    AudioProperties: sample_rate uint, channels uint
    ValueRange: min int, max int
    Content: content_properties FeatureProperties|ImageProperties|BoundingBoxProperties|AudioProperties,
        range ValueRange
    NormalizationOptions: mean [float], std [float]
    ScoreCalibrationOptions: score_transformation byte, default_score float
    ScoreThresholdingOptions: global_score_threshold float
    BertTokenizerOptions: vocab_file [AssociatedFile]
    SentencePieceTokenizerOptions: sentencePiece_model [AssociatedFile], vocab_file [AssociatedFile]
    RegexTokenizerOptions: delim_regex_pattern string, vocab_file [AssociatedFile]
    ProcessUnit: options
        NormalizationOptions | ScoreCalibrationOptions | ScoreThresholdingOptions | BertTokenizerOptions
        | SentencePieceTokenizerOptions | RegexTokenizerOptions
    Stats: max [float], min [float]
    TensorGroup: name string, tensor_names [string]
    TensorMetadata: name string, description string, dimension_names [string], content Content,
        process_units [ProcessUnit], stats Stats, associated_files [AssociatedFile]
    CustomMetadata: name string, data [ubyte]
    SubGraphMetadata: name string, description string, input_tensor_metadata [TensorMetadata],
        output_tensor_metadata [TensorMetadata], associated_files [AssociatedFile], input_process_units [ProcessUnit],
        output_process_units [ProcessUnit], input_tensor_groups [TensorGroup], output_tensor_groups [TensorGroup],
        custom_metadata [CustomMetadata]
    ModelMetadata: name string, description string, version string, subgraph_metadata [SubGraphMetadata],
        author string, license string, associated_files [AssociatedFile], min_parser_version string
    """
)


@dataclass(frozen=True)
class About:
    """What the file's maker has to say."""

    name: str
    version: str
    author: str
    licence: str
    recipe: str
    recipe_sha256: str
    labels: Sequence[str]


def describe(content: bytes, about: About) -> bytes:
    """The same model with its metadata, and its labels at the end."""
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    _attach(model, _SCHEMA.pack("ModelMetadata", _facts(model.subgraphs[0], about), _IDENTIFIER))
    file = io.BytesIO(packed(model, len(content)))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(zipfile.ZipInfo(LABELS, _LONG_AGO), "".join(f"{label}\n" for label in about.labels))
    return file.getvalue()


def read(file: Path) -> Facts | None:
    """The metadata, field by field as in TFLite's schema; None where a file has none."""
    model = tflite.Model.GetRootAs(file.read_bytes())
    for index in range(model.MetadataLength()):
        entry = model.Metadata(index)
        if entry.Name().decode() == _ENTRY:
            return _SCHEMA.unpack("ModelMetadata", model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    return None


def read_recipe(file: Path) -> str:
    """The SHA-256 of the recipe that made a file of ours."""
    for graph in (read(file) or {}).get("subgraph_metadata", []):
        for entry in graph.get("custom_metadata", []):
            if entry["name"] == _RECIPE:
                return bytes(entry["data"]).decode()
    raise UserError(f"{file}: does not say which recipe made it: convert it again")


def read_labels(file: Path) -> list[str] | None:
    """The labels that a file carries; None where it carries none."""
    if not zipfile.is_zipfile(file):
        return None
    with zipfile.ZipFile(file) as archive:
        names = [name for name in archive.namelist() if name.endswith(".txt")]
        return archive.read(names[0]).decode().splitlines() if names else None


def _attach(model: Any, content: bytes) -> None:
    buffer = tflite.BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    entry = tflite.MetadataT()
    entry.name, entry.buffer = _ENTRY, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]


def _facts(graph: Any, about: About) -> Facts:
    outputs = _DETECTIONS if len(graph.outputs) == len(_DETECTIONS) else _HEADS
    groups = [{"name": "detection_result", "tensor_names": [output["name"] for output in _DETECTIONS[:3]]}]
    return {
        "name": about.name,
        "description": f"Finds {', '.join(about.labels)}. Made by the recipe {about.recipe} "
        f"(SHA-256 {about.recipe_sha256}).",
        "version": about.version,
        "author": about.author,
        "license": about.licence,
        "min_parser_version": _PARSER,
        "subgraph_metadata": [
            {
                "input_tensor_metadata": [_picture(graph.tensors[graph.inputs[0]])],
                "output_tensor_metadata": list(outputs),
                "output_tensor_groups": groups if outputs is _DETECTIONS else [],
                "custom_metadata": [{"name": _RECIPE, "data": about.recipe_sha256.encode()}],
            }
        ],
    }


def _picture(tensor: Any) -> Facts:
    _, height, width, _ = tensor.shape
    raw = tensor.type == tflite.TensorType.UINT8
    lowest, highest = (0.0, 255.0) if raw else (DARKEST, BRIGHTEST)
    return {
        "name": "image",
        "description": f"An RGB picture resized to {width} x {height}, "
        + ("its pixels as they are." if raw else f"as (pixel - {PIXEL_ZERO:g}) / {PIXEL_SCALE:g}."),
        "dimension_names": ["batch", "height", "width", "channel"],
        "content": {
            "content_properties": {
                "ImageProperties": {"color_space": _RGB, "default_size": {"width": width, "height": height}}
            }
        },
        "process_units": [
            {"options": {"NormalizationOptions": {"mean": [float(PIXEL_ZERO)], "std": [float(PIXEL_SCALE)]}}}
        ],
        "stats": {"max": [highest], "min": [lowest]},
    }


def _numbers(name: str, description: str, **more: Any) -> Facts:
    return {
        "name": name,
        "description": description,
        "content": {"content_properties": {"FeatureProperties": {}}, **more.pop("content", {})},
        **more,
    }


_EACH_DETECTION = {"range": {"min": 2, "max": 2}}  # the axis along which they lie
_DETECTIONS = (
    {
        "name": "location",
        "description": "ymin, xmin, ymax, xmax as shares of the picture's sides.",
        "content": {
            "content_properties": {
                "BoundingBoxProperties": {
                    "index": [1, 0, 3, 2],  # where left, top, right, bottom stand
                    "type": _BOUNDARIES,
                    "coordinate_type": _RATIO,
                }
            },
            **_EACH_DETECTION,
        },
    },
    _numbers(
        "category",
        "The number of the class, from 0, a line of the labels.",
        content=_EACH_DETECTION,
        associated_files=[{"name": LABELS, "description": "A class a line.", "type": _VALUE_LABELS}],
    ),
    _numbers("score", "How sure the detector is, best first.", content=_EACH_DETECTION),
    _numbers("number of detections", "How many of the above are meant."),
)
_HEADS = (
    _numbers("box codes", "Of each anchor; anchors.npy has them."),
    _numbers(
        "class scores",
        "Of each anchor and class.",
        associated_files=[{"name": LABELS, "description": "A class a line.", "type": _AXIS_LABELS}],
    ),
)
