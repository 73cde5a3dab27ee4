"""The metadata of a file can be read back, by us and by other readers of TFLite's metadata."""

import io
import re
import zipfile
from pathlib import Path

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from conftest import Project, detection_recipe
from octet.recipe.detection import Recipe
from octet.tasks.detection.shipping.outputs import DETECTIONS
from octet.tflite.files.flat_tables import Schema
from octet.tflite.files.metadata import FileDescription, add_metadata, read_metadata, read_metadata_labels


@pytest.fixture(scope="module")
def recipe(reproduced: Project) -> Recipe:
    return detection_recipe(reproduced.folder / "params.yaml")


@pytest.fixture(scope="module")
def shipped(reproduced: Project) -> Path:
    return reproduced.folder / "models" / "quickstart" / "detector_uint8.tflite"


def test_tables_survive_a_round_trip() -> None:
    schema = Schema(
        "Root: name string, number int, one Left|Right, many [Left], reals [float]"
        "  Left: x float  Right: words [string]"
    )
    values = {
        "name": "ö",
        "number": -3,
        "one": {"Right": {"words": ["a", "bc"]}},
        "many": [{"x": 1.5}, {}],
        "reals": [0.5, 2.0],
    }
    content = schema.to_bytes("Root", values, b"TEST")
    assert content[4:8] == b"TEST"
    assert schema.from_bytes("Root", content) == values
    assert schema.from_bytes("Root", schema.to_bytes("Root", {}, b"TEST")) == {}
    with pytest.raises(ValueError, match="Left has no y"):
        schema.to_bytes("Root", {"many": [{"y": 1.0}]}, b"TEST")


def naming_again_and_again(times: int) -> bytes:
    """A list that has one table many times, whose list has one table many times, whose list has one word many times."""
    builder = flatbuffers.Builder()
    part = builder.CreateString("word")
    for _ in range(3):
        builder.StartVector(4, times, 4)
        for _ in range(times):
            builder.PrependUOffsetTRelative(part)
        parts = builder.EndVector()
        builder.StartObject(1)
        builder.PrependUOffsetTRelativeSlot(0, parts, 0)
        part = builder.EndObject()
    builder.Finish(part)
    return bytes(builder.Output())


def test_tables_that_would_fill_the_memory_are_not_read() -> None:
    schema = Schema("Root: parts [Part]  Part: parts [Leaf]  Leaf: words [string]")
    assert schema.from_bytes("Root", naming_again_and_again(1)) == {"parts": [{"parts": [{"words": ["word"]}]}]}
    with pytest.raises(ValueError, match="names the same things again and again"):
        schema.from_bytes("Root", naming_again_and_again(1000))  # a thousand million words


def test_the_shipped_files_metadata(shipped: Path, recipe: Recipe) -> None:
    metadata = read_metadata(shipped)
    assert metadata is not None
    about = recipe.convert.about
    assert (metadata["name"], metadata["version"], metadata["license"]) == (about.name, about.version, about.licence)
    assert f"Finds {', '.join(recipe.dataset.classes)}." in metadata["description"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", metadata["min_parser_version"])
    (graph,) = metadata["subgraph_metadata"]
    (picture,) = graph["input_tensor_metadata"]
    assert picture["content"]["content_properties"]["ImageProperties"]["color_space"] == 1  # RGB
    (unit,) = picture["process_units"]
    assert unit["options"]["NormalizationOptions"] == {"mean": [128.0], "std": [128.0]}
    names = [output["name"] for output in graph["output_tensor_metadata"]]
    assert names == ["location", "category", "score", "number of detections"]
    assert graph["output_tensor_groups"][0]["tensor_names"] == names[:3]
    (entry,) = graph["custom_metadata"]
    assert (entry["name"], bytes(entry["data"]).decode()) == ("octet_recipe_sha256", recipe.model_sha256)
    assert read_metadata_labels(shipped) == list(recipe.dataset.classes)


def test_every_files_metadata_describes_its_input(reproduced: Project) -> None:
    for file in (reproduced.folder / "models" / "quickstart" / "tflite").glob("*.tflite"):
        metadata = read_metadata(file)
        assert metadata is not None, file.name
        (graph,) = metadata["subgraph_metadata"]
        raw = Interpreter(model_path=str(file)).get_input_details()[0]["dtype"] is np.uint8
        assert graph["input_tensor_metadata"][0]["stats"]["max"] == [255.0 if raw else 127 / 128]


def test_the_same_metadata_makes_the_same_bytes(shipped: Path) -> None:
    description = FileDescription("a", "1.0.0", "b", "c", "d", "e" * 64, ["f", "g"], "Does it.")
    content = shipped.read_bytes()
    described = add_metadata(content, description, DETECTIONS)
    assert described == add_metadata(content, description, DETECTIONS)
    with zipfile.ZipFile(io.BytesIO(described)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}  # no time of day


def test_the_recipes_hash_changes_with_what_decides_the_model_alone(recipe: Recipe) -> None:
    plan = recipe.train_qat.model_copy(update={"epochs": 9})
    assert recipe.model_copy(update={"train_qat": plan}).model_sha256 != recipe.model_sha256
    limits = recipe.score.model_copy(update={"min_score": 0.1})
    assert recipe.model_copy(update={"score": limits}).model_sha256 == recipe.model_sha256
