"""What a .tflite file tells of itself, in TFLite's metadata format: what it takes, what comes out, and its labels."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from octet.common.errors import UserError
from octet.common.tensorflow import tflite
from octet.data.reading.pixels import BRIGHTEST, DARKEST, PIXEL_SCALE, PIXEL_ZERO
from octet.tflite.files.conversion import packed
from octet.tflite.files.flat_tables import Schema

Facts = dict[str, Any]  # by the names of TFLite's schema

LABELS = "labels.txt"

_RECIPE = "octet_recipe_sha256"  # the custom entry that has it
_ENTRY = "TFLITE_METADATA"
_IDENTIFIER = b"M001"
_PARSER = "1.5.0"  # the first that reads custom entries
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # zip's first day: the same bytes every time

_RGB = 1
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
    description: str  # what the file does


@dataclass(frozen=True)
class Outputs:
    """What comes out, tensor by tensor, and which tensors belong together."""

    tensors: Sequence[Facts]
    groups: Sequence[Facts] = ()


def numbers(name: str, description: str, **more: Any) -> Facts:
    """A tensor of plain numbers."""
    return {
        "name": name,
        "description": description,
        "content": {"content_properties": {"FeatureProperties": {}}, **more.pop("content", {})},
        **more,
    }


def labelled_by(kind: int) -> list[Facts]:
    """The file that names the classes: along an axis of a tensor (2), or by its values (3)."""
    return [{"name": LABELS, "description": "A class a line.", "type": kind}]


def describe(content: bytes, about: About, outputs: Outputs) -> bytes:
    """The same model with its metadata, and its labels at the end."""
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    _attach(model, _SCHEMA.pack("ModelMetadata", _facts(model.subgraphs[0], about, outputs), _IDENTIFIER))
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


def _facts(graph: Any, about: About, outputs: Outputs) -> Facts:
    return {
        "name": about.name,
        "description": f"{about.description} Made by the recipe {about.recipe} (SHA-256 {about.recipe_sha256}).",
        "version": about.version,
        "author": about.author,
        "license": about.licence,
        "min_parser_version": _PARSER,
        "subgraph_metadata": [
            {
                "input_tensor_metadata": [_picture(graph.tensors[graph.inputs[0]])],
                "output_tensor_metadata": list(outputs.tensors),
                "output_tensor_groups": list(outputs.groups),
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
