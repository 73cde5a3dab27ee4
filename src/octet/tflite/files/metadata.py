"""TFLite metadata, by which a file describes itself: its input, its outputs and its labels."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from octet.common.errors import UserError, first_line
from octet.common.tensorflow import tflite
from octet.data.reading.pixel_scale import BRIGHTEST, DARKEST, PIXEL_SCALE, PIXEL_ZERO
from octet.tflite.files.conversion import pack_model
from octet.tflite.files.flat_tables import Schema
from octet.tflite.files.labels import MOST_LABEL_BYTES, parse_labels

Fields = dict[str, Any]  # values by the field names of TFLite's metadata schema

LABELS = "labels.txt"

_RECIPE = "octet_recipe_sha256"  # the name of a custom entry
_ENTRY = "TFLITE_METADATA"
_IDENTIFIER = b"M001"
_PARSER = "1.5.0"  # the first version of parsers that reads custom entries
# Those that zipfile unpacks no further than it is asked to
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 1  # of the flags of a zip's entry
_MOST_AT_ONCE = 2_000_000  # bytes; some ten thousand files
_BROKEN_ZIP = (OSError, ValueError, RuntimeError, EOFError, struct.error, zlib.error, zipfile.BadZipFile)
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # the earliest in the zip format; fixed, so that the bytes are the same every time

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
class FileDescription:
    """What the metadata says of a file as a whole: its name, version, author, licence, recipe and labels."""

    name: str
    version: str
    author: str
    licence: str
    recipe: str
    recipe_sha256: str
    labels: Sequence[str]
    summary: str  # a sentence on what the file does


@dataclass(frozen=True)
class OutputsMetadata:
    """The metadata of a file's outputs, tensor by tensor, of the groups that they form, and files that it names."""

    tensors: Sequence[Fields]
    groups: Sequence[Fields] = ()
    files: Mapping[str, str] = field(default_factory=dict)  # further ones than the labels: their contents by name


def number_tensor(name: str, description: str, **fields: Any) -> Fields:
    """The metadata of a tensor of plain numbers; `fields` are further fields of it."""
    return {
        "name": name,
        "description": description,
        "content": {"content_properties": {"FeatureProperties": {}}, **fields.pop("content", {})},
        **fields,
    }


def label_files(kind: int) -> list[Fields]:
    """The label file of a tensor; `kind` 2: its lines name the entries along an axis, 3: they name the values."""
    return [{"name": LABELS, "description": "A class a line.", "type": kind}]


def add_metadata(content: bytes, description: FileDescription, outputs: OutputsMetadata) -> bytes:
    """The model file `content` with metadata added, and the label file and all others that it names appended."""
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    fields = _model_fields(model.subgraphs[0], description, outputs)
    _attach(model, _SCHEMA.to_bytes("ModelMetadata", fields, _IDENTIFIER))
    file = io.BytesIO(pack_model(model, len(content)))
    files = {LABELS: "".join(f"{label}\n" for label in description.labels), **outputs.files}
    with zipfile.ZipFile(file, "a") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), text)
    return file.getvalue()


def read_metadata(file: Path) -> Fields | None:
    """The metadata of a file by the fields of TFLite's schema; None where it has none."""
    model = tflite.Model.GetRootAs(file.read_bytes())
    for index in range(model.MetadataLength()):
        entry = model.Metadata(index)
        if entry.Name().decode() == _ENTRY:
            return _SCHEMA.from_bytes("ModelMetadata", model.Buffers(entry.Buffer()).DataAsNumpy().tobytes())
    return None


def read_metadata_labels(file: Path) -> list[str] | None:
    """The labels in the label file that is appended to a model file; None where there is none."""
    try:
        with _SparingFile(file) as content:
            if not zipfile.is_zipfile(content):
                return None
            with zipfile.ZipFile(content) as archive:
                entry = next((entry for entry in archive.infolist() if entry.filename.endswith(".txt")), None)
                if entry is None:
                    return None
                if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _COMPRESSIONS:
                    raise ValueError(f"{entry.filename!r} is encrypted, or not packed as those of TFLite's files are")
                with archive.open(entry) as labels:
                    text = labels.read(MOST_LABEL_BYTES + 1)
    except _BROKEN_ZIP as error:
        raise UserError(f"{file}: the labels in it cannot be read: {first_line(error)}") from None
    return parse_labels(text, f"{file}: its {entry.filename!r}")


class _SparingFile(io.FileIO):
    """A file that is read in small parts only, whatever lengths it tells of itself."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size and size > _MOST_AT_ONCE:
            raise ValueError(f"its list of files has {size:,} bytes, expected at most {_MOST_AT_ONCE:,}")
        return super().read(-1 if size is None else size)


def _attach(model: Any, content: bytes) -> None:
    """Add a buffer with packed metadata to a tflite.ModelT."""
    buffer = tflite.BufferT()
    buffer.data = np.frombuffer(content, np.uint8)
    entry = tflite.MetadataT()
    entry.name, entry.buffer = _ENTRY, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]


def _model_fields(graph: Any, description: FileDescription, outputs: OutputsMetadata) -> Fields:
    """The metadata of the whole model, for the graph that the interpreter runs."""
    return {
        "name": description.name,
        "description": f"{description.summary} "
        f"Made by the recipe {description.recipe} (SHA-256 {description.recipe_sha256}).",
        "version": description.version,
        "author": description.author,
        "license": description.licence,
        "min_parser_version": _PARSER,
        "subgraph_metadata": [
            {
                "input_tensor_metadata": [_input_fields(graph.tensors[graph.inputs[0]])],
                "output_tensor_metadata": list(outputs.tensors),
                "output_tensor_groups": list(outputs.groups),
                "custom_metadata": [{"name": _RECIPE, "data": description.recipe_sha256.encode()}],
            }
        ],
    }


def _input_fields(tensor: Any) -> Fields:
    """The metadata of the input: an RGB picture, its normalization and its range."""
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
