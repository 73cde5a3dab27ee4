"""What a file of any origin is fed: what its metadata says, or its type, or the user; and nothing on a guess."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from helpers.classifying import classifier_recipe
from octet.common.errors import UserError
from octet.common.tensorflow import tf, tflite
from octet.tasks.classification.shipping.part import Shipping
from octet.tasks.classification.using.part import Finder
from octet.tflite.files.conversion import TracedGraph, pack_model, to_float, to_float16, to_integer, trace_graph
from octet.tflite.files.metadata import FileDescription, add_metadata
from octet.tflite.opening.picture_runner import pixel_normalization
from octet.tflite.opening.pixel_scales import PIXEL_SCALES

LABELS = ("light", "dark")
SIDE = 8
BRIGHTNESSES = (0, 40, 100, 220, 255)
STEP = 0.02  # more than the rounding of a picture and of two outputs

Convert = Callable[[TracedGraph, str], bytes]


def metadata(mean: list[float], std: list[float]) -> dict[str, Any]:
    unit = {"options": {"NormalizationOptions": {"mean": mean, "std": std}}}
    return {"subgraph_metadata": [{"input_tensor_metadata": [{"process_units": [{"options": {}}, unit]}]}]}


def test_one_mean_for_all_colours() -> None:
    assert pixel_normalization(metadata([127.5], [127.5])) == (127.5, 127.5)
    assert pixel_normalization(metadata([0.0] * 3, [255.0] * 3)) == (0.0, 255.0)
    assert pixel_normalization(None) is None


@pytest.mark.parametrize(
    ("mean", "std", "told"),
    [
        ([123.7, 116.3, 103.5], [58.0], "by colour"),
        ([0.0], [58.4, 57.1, 57.4], "by colour"),
        ([0.0], [0.0], "standard deviation 0"),
        ([float("nan")], [1.0], "mean nan"),
    ],
)
def test_what_it_cannot_apply_is_refused(mean: list[float], std: list[float], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        pixel_normalization(metadata(mean, std))


def brightness_graph(scale: str, dtype: tf.DType = tf.float32) -> TracedGraph:
    """A classifier that expects its pixels in a scale, and whose scores are the brightness and the rest up to one."""
    offset, divisor = PIXEL_SCALES[scale]

    def classify(pictures: tf.Tensor) -> tf.Tensor:
        light = tf.reduce_mean(tf.cast(pictures, tf.float32) * divisor + offset, [1, 2, 3])[None] / 255
        return tf.concat([light, 1 - light], axis=1)

    return trace_graph(classify, (), tf.TensorSpec([1, SIDE, SIDE, 3], dtype, "pictures"))


def scaled_greys(scale: str) -> Iterator[list[NDArray[np.float32]]]:
    offset, divisor = PIXEL_SCALES[scale]
    for brightness in range(0, 256, 15):
        yield [np.full((1, SIDE, SIDE, 3), (brightness - offset) / divisor, np.float32)]


def in_integers(input_type: tf.DType) -> Convert:
    return lambda graph, scale: to_integer(graph, lambda: scaled_greys(scale), input_type)


CONVERSIONS: dict[str, Convert] = {
    "float32": lambda graph, _: to_float(graph),
    "float16": lambda graph, _: to_float16(graph),
    "int8": in_integers(tf.int8),
    "uint8": in_integers(tf.uint8),
}


def finder_of(content: bytes, folder: Path) -> Finder:
    (folder / "labels.txt").write_text("\n".join(LABELS))
    (folder / "model.tflite").write_bytes(content)
    return Finder(folder / "model.tflite", folder / "labels.txt")


def brightnesses(finder: Finder) -> list[float]:
    """How bright grey pictures of BRIGHTNESSES are to the file, from 0 to 1."""
    pictures = (np.full((20, 30, 3), of, np.uint8) for of in BRIGHTNESSES)
    return [next(of.score for of in finder(picture) if of.label == "light") for picture in pictures]


EXPECTED = pytest.approx(np.array(BRIGHTNESSES) / 255, abs=STEP)


@pytest.mark.parametrize("scale", PIXEL_SCALES)
def test_a_uint8_input_gets_pixels_as_they_are_whatever_its_quantization(scale: str, tmp_path: Path) -> None:
    finder = finder_of(CONVERSIONS["uint8"](brightness_graph(scale), scale), tmp_path)
    assert brightnesses(finder) == EXPECTED
    finder.take_pixels(None)
    assert brightnesses(finder) == EXPECTED
    finder.take_pixels("raw")
    assert brightnesses(finder) == EXPECTED
    finder.take_pixels(scale)
    assert brightnesses(finder) == EXPECTED


@pytest.mark.parametrize("kind", ["float32", "float16", "int8"])
@pytest.mark.parametrize("scale", PIXEL_SCALES)
def test_of_other_inputs_without_metadata_the_user_says_how(kind: str, scale: str, tmp_path: Path) -> None:
    finder = finder_of(CONVERSIONS[kind](brightness_graph(scale), scale), tmp_path)
    type_ = "int8" if kind == "int8" else "float32"
    told = (
        rf"^{tmp_path}/model.tflite: its input is {type_}, and its metadata names no normalization: say how the model "
        r"expects its pixels, with --pixels raw \(0..255\), unit \(0..1\) or signed \(-1..1\)$"
    )
    with pytest.raises(UserError, match=told):
        finder.take_pixels(None)
    with pytest.raises(UserError, match=told):
        brightnesses(finder)
    finder.take_pixels(scale)
    assert brightnesses(finder) == EXPECTED


@pytest.mark.parametrize("dtype", [tf.uint8, tf.int32])
def test_an_integer_input_without_a_scale_gets_no_fractions(dtype: tf.DType, tmp_path: Path) -> None:
    finder = finder_of(to_float(brightness_graph("raw", dtype)), tmp_path)
    finder.take_pixels("raw")
    assert brightnesses(finder) == EXPECTED
    for scale in ("unit", "signed"):
        with pytest.raises(UserError, match=f"its input is {dtype.name} without a scale, so only raw fits"):
            finder.take_pixels(scale)


def test_an_input_that_does_not_hold_pixels_is_refused(tmp_path: Path) -> None:
    finder = finder_of(to_float(brightness_graph("raw", tf.int8)), tmp_path)
    for scale in PIXEL_SCALES:
        with pytest.raises(UserError, match=r"its input is int8 .*, which does not hold pixels of 0\.\.255"):
            finder.take_pixels(scale)


def test_what_the_user_says_goes_before_what_the_metadata_says(tmp_path: Path) -> None:
    """Metadata of our own files: (pixel - 128) / 128."""
    shipping = Shipping(classifier_recipe(), LABELS)
    about = FileDescription("n", "1.0.0", "a", "l", "r", "0" * 64, LABELS, shipping.description)
    for scale in ("signed", "unit"):
        finder = finder_of(add_metadata(to_float(brightness_graph(scale)), about, shipping.outputs), tmp_path)
        finder.take_pixels(None)
        assert (brightnesses(finder) == EXPECTED) == (scale == "signed")
        finder.take_pixels(scale)
        assert brightnesses(finder) == EXPECTED


@pytest.mark.parametrize("signature", [[1, -1, -1, 3], [-1, -1, SIDE, 3], [-1, SIDE, -1, 3]])
def test_a_file_with_open_sides_is_not_run_on_a_point(signature: list[int], tmp_path: Path) -> None:
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(to_float(brightness_graph("raw"))))
    tensor = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]]
    tensor.shapeSignature, tensor.shape = signature, [abs(side) for side in signature]
    with pytest.raises(UserError) as error:
        finder_of(pack_model(model, 10_000), tmp_path)
    assert str(error.value) == (
        f"{tmp_path}/model.tflite: takes {signature}, pictures of any size; expected one size, [1, S, S, 3]: convert "
        "the model for one, as octet quantize does with --shape 1,S,S,3"
    )


def test_a_file_for_batches_of_any_size_is_run(tmp_path: Path) -> None:
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(to_float(brightness_graph("raw"))))
    model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]].shapeSignature = [-1, SIDE, SIDE, 3]
    finder = finder_of(pack_model(model, 10_000), tmp_path)
    finder.take_pixels("raw")
    assert brightnesses(finder) == EXPECTED
