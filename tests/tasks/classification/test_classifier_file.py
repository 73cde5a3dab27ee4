"""A classifier of either backbone survives rounding: the integer file says what the fake-quantized network says."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from helpers.classifying import CLASSES, classifier_recipe, noise, settle_batch_norm
from octet.common.tensorflow import keras, tf
from octet.data.reading.pixels import normalize
from octet.quantization.qat import calibrate, copy_weights, quantize
from octet.tasks.classification.network.part import Network
from octet.tasks.classification.network.prediction import run_keras
from octet.tasks.classification.shipping.part import Shipping
from octet.tflite.comparing.layers import keras_reference, worst_first
from octet.tflite.files.conversion import to_float, to_integer
from octet.tflite.files.metadata import FileDescription, add_metadata, read_metadata, read_metadata_labels
from octet.tflite.running.operators import file_facts
from octet.tflite.running.running import Runner, run_tflite
from octet.training.balancing import balance_channels

BACKBONES = {"mobilenet_v2": 0.35, "resnet50_v2": 1.0}
Made = tuple[Shipping, keras.Model, keras.Model, Path]
STEP = 1 / 256  # of a probability in the file


@pytest.fixture(scope="module", params=BACKBONES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The network, its fake-quantized copy, and the folder with the files of both."""
    keras.utils.set_random_seed(4)
    recipe = classifier_recipe(backbone=request.param, alpha=BACKBONES[request.param])
    network, shipping = Network(recipe, CLASSES).build(), Shipping(recipe, CLASSES)
    pictures = normalize(noise(16, recipe.model.input_size))
    settle_batch_norm(network, pictures)
    # As far apart as a trained network's: the probabilities of an untrained one hardly differ from picture to picture.
    logits = network.get_layer("logits")
    logits.kernel.assign(logits.kernel * 6)
    quantized = quantize(network)
    calibrate(quantized, network, [pictures])
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "float32.tflite").write_bytes(to_float(shipping.trace_shipped(network)))
    uint8 = to_integer(shipping.trace_shipped(quantized))
    about = FileDescription("n", "1.0.0", "a", "l", "r", "0" * 64, CLASSES, shipping.description)
    (folder / "uint8.tflite").write_bytes(add_metadata(uint8, about, shipping.outputs))
    (folder / "uint8_raw.tflite").write_bytes(to_integer(shipping.trace_raw(quantized), output_type=tf.uint8))
    return shipping, network, quantized, folder


def test_no_operator_of_the_file_computes_what_its_layer_does_not(made: Made) -> None:
    """Rounding adds up from layer to layer; an operator that went wrong loses far more than any rounding at once."""
    _, _, quantized, folder = made
    pictures = [normalize(picture[None]).numpy() for picture in noise(3, 64)]
    layers = worst_first(keras_reference(quantized), (folder / "uint8.tflite").read_bytes(), pictures)
    assert len(layers) > 50
    assert layers[0]["lost_db"] < 15, layers[0]


def test_the_float_file_says_what_its_network_says(made: Made) -> None:
    _, network, _, folder = made
    pictures = noise(24, 64)
    (expected,) = run_keras(network, [pictures])
    ((found,),) = run_tflite(folder / "float32.tflite", [pictures])
    assert found.shape == expected.shape == (24, 3)
    assert np.ptp(expected, axis=0).max() > 0.3, "the pictures are not told apart"
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_picture_at_a_time_and_in_batches_give_the_same_numbers(made: Made) -> None:
    _, network, _, folder = made
    pictures = noise(8, 64)
    single = [picture[None] for picture in pictures]
    (together,) = run_keras(network, [pictures])
    np.testing.assert_allclose(np.concatenate([*run_keras(network, single)]), together, atol=1e-4)
    for name in ("uint8", "uint8_raw"):
        (in_batch,) = next(run_tflite(folder / f"{name}.tflite", [pictures]))
        alone = np.concatenate([found for (found,) in run_tflite(folder / f"{name}.tflite", single)])
        np.testing.assert_array_equal(alone, in_batch)


def test_the_raw_file_and_the_shipped_one_say_the_same(made: Made) -> None:
    *_, folder = made
    ((shipped,),), ((raw,),) = (
        run_tflite(folder / f"{name}.tflite", [noise(8, 64)]) for name in ("uint8", "uint8_raw")
    )
    np.testing.assert_allclose(shipped, raw, atol=STEP)
    np.testing.assert_allclose(shipped.sum(axis=1), 1, atol=3 * STEP)


def test_everything_in_the_files_is_computed_in_integers(made: Made) -> None:
    *_, folder = made
    raw = file_facts((folder / "uint8_raw.tflite").read_bytes())["operators"]
    assert not [name for name, count in raw.items() if count["float"]]
    shipped = file_facts((folder / "uint8.tflite").read_bytes())["operators"]
    assert [name for name, count in shipped.items() if count["float"]] == ["DEQUANTIZE"]


def test_the_file_takes_raw_pixels_and_tells_its_labels(made: Made) -> None:
    shipping, *_, folder = made
    runner = Runner(folder / "uint8.tflite")
    assert runner.input_details["dtype"] is np.uint8
    assert runner.input_details["quantization"] == (1 / 128, 128)
    (output,) = runner.output_details
    assert (output["dtype"], output["shape"].tolist()) == (np.float32, [1, 3])
    assert read_metadata_labels(folder / "uint8.tflite") == [*CLASSES]
    facts = read_metadata(folder / "uint8.tflite")
    assert facts is not None
    ((tensor,),) = [graph["output_tensor_metadata"] for graph in facts["subgraph_metadata"]]
    named = [file["name"] for file in tensor["associated_files"]]
    with zipfile.ZipFile(folder / "uint8.tflite") as appended:
        assert appended.namelist() == named == ["labels.txt", "score_calibration.txt"]
        assert appended.read("score_calibration.txt").decode().split("\n") == ["1,1,0"] * len(CLASSES)
    assert "dark, light, red" in json.dumps(facts)
    assert not shipping.raw_arrays


def test_balancing_changes_nothing_that_the_network_says(made: Made) -> None:
    _, network, *_ = made
    twin = keras.models.clone_model(network)
    twin.set_weights(network.get_weights())
    pictures = normalize(noise(8, 64))
    before = twin(pictures, training=False).numpy()
    balance_channels(twin, [pictures])
    np.testing.assert_allclose(twin(pictures, training=False), before, rtol=1e-3, atol=1e-4)


def test_the_fake_quantized_networks_weights_go_back_to_the_float_network(made: Made) -> None:
    _, network, quantized, _ = made
    pictures = normalize(noise(4, 64))
    twin = keras.models.clone_model(network)
    copy_weights(quantized, twin)
    np.testing.assert_allclose(twin(pictures, training=False), network(pictures, training=False), atol=1e-5)
