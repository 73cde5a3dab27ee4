"""A network with corrected biases has the same means after rounding as the float network has before it."""

import resource
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from conftest import tiny_params
from octet.common.tensorflow import keras, tf
from octet.data.reading.pixels import normalize
from octet.quantization.bias_correction import with_corrected_biases
from octet.quantization.networks import quantized_networks
from octet.quantization.qat import quantize
from octet.recipe.detection import Model, TrainQat
from octet.tasks.detection.network.model import build_detector
from octet.tflite.files.conversion import to_integer, trace_network
from octet.tflite.running.running import run_tflite

PICTURES = tf.random.stateless_uniform((16, 64, 64, 3), [1, 2], -1, 1)
CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)


@pytest.fixture
def network() -> keras.Model:
    """A detector in whose kernels input channels differ by orders of magnitude, as in those of a trained one."""
    keras.utils.set_random_seed(1)
    model = build_detector(Model.model_validate(tiny_params()["quickstart"]["model"]), classes=3)
    spread_input_channels(model)
    return model


def spread_input_channels(network: keras.Model) -> None:
    random = np.random.default_rng(2)
    for layer in convolutions(network):
        kernel, *bias = layer.get_weights()
        layer.set_weights([kernel * np.exp(random.normal(0, 1.5, (*kernel.shape[:3], 1))), *bias])


def convolutions(network: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in network.layers if isinstance(layer, CONVOLUTIONS)]


def rounded(network: keras.Model) -> keras.Model:
    """A copy with the kernels of an integer file: up to 127 steps to each side of zero, for each output channel."""
    copy = keras.models.clone_model(network)
    copy.set_weights(network.get_weights())
    for layer in convolutions(copy):
        kernel, *bias = layer.get_weights()
        of_channel = (0, 1, 3) if isinstance(layer, keras.layers.DepthwiseConv2D) else (0, 1, 2)
        scale = np.abs(kernel).max(axis=of_channel, keepdims=True) / 127
        layer.set_weights([np.round(kernel / scale) * scale, *bias])
    return copy


def test_every_layer_keeps_its_means_for_the_inputs_that_it_had(network: keras.Model) -> None:
    """Convolutions with a bias, and the batch norms after the others, with rounded kernels."""
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    chains = [[norm.input._keras_history.layer.name, norm.name] for norm in norms]
    chains += [[layer.name] for layer in convolutions(network) if layer.use_bias]
    read = keras.Model(network.input, [network.get_layer(chain[0]).input for chain in chains])(PICTURES)
    corrected = with_corrected_biases(network, [PICTURES[:8], PICTURES[8:]])
    plain, right = rounded(network), rounded(corrected)
    moved = 0
    for chain, inputs in zip(chains, read, strict=True):
        before, with_rounding, after = (mean_output(of, chain, inputs) for of in (network, plain, right))
        np.testing.assert_allclose(after, before, atol=1e-3 * np.abs(before).max(), err_msg=chain[-1])
        moved += not np.allclose(with_rounding, before, atol=1e-3 * np.abs(before).max())
    assert moved > len(chains) / 2


def mean_output(network: keras.Model, chain: Sequence[str], inputs: tf.Tensor) -> np.ndarray:
    """The mean [C] of what some layers make one after the other."""
    for name in chain:
        inputs = network.get_layer(name)(inputs)
    mean: np.ndarray = np.mean(inputs, axis=(0, 1, 2))
    return mean


def test_a_network_without_rounding_errors_is_not_changed(network: keras.Model) -> None:
    whole = rounded(network)
    for before, after in zip(whole.get_weights(), with_corrected_biases(whole, [PICTURES]).get_weights(), strict=True):
        np.testing.assert_allclose(after, before, rtol=1e-5, atol=1e-5)


def test_memory_does_not_grow_with_the_pictures(network: keras.Model) -> None:
    """The means of a picture take megabytes in this network already, and a recipe has hundreds of pictures."""
    resident = []

    def pictures() -> Iterator[tf.Tensor]:
        for _ in range(200):
            yield PICTURES[:1]
            resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize())

    with_corrected_biases(network, pictures())
    assert resident[-1] - resident[9] < 50e6


def test_what_is_not_rounded_is_not_corrected(network: keras.Model) -> None:
    """Of a layer in float, neither its own bias changes nor that of the batch norm after it."""
    all_, some = (
        with_corrected_biases(network, [PICTURES], float_layers)
        for float_layers in ([], ["block_3_expand_relu", "boxes_16_pointwise"])
    )
    for name, weight in (("block_3_expand_BN", "moving_mean"), ("boxes_16_pointwise", "bias")):
        before, of_all, of_some = (getattr(of.get_layer(name), weight).numpy() for of in (network, all_, some))
        np.testing.assert_array_equal(of_some, before)
        assert not np.array_equal(of_all, before), name


def test_training_for_eight_bits_starts_with_corrected_biases(network: keras.Model) -> None:
    plan = TrainQat.model_validate(tiny_params()["quickstart"]["train_qat"])
    start = quantized_networks(network, plan, tf.distribute.get_strategy(), [PICTURES]).averaged
    corrected = quantize(with_corrected_biases(network, [PICTURES]))
    means = [[weight.numpy() for weight in of.weights if "moving_mean" in weight.name] for of in (start, corrected)]
    assert len(means[0]) > 50
    for before, after in zip(*means, strict=True):
        np.testing.assert_array_equal(after, before)


def test_an_integer_file_keeps_the_means(tmp_path: Path) -> None:
    keras.utils.set_random_seed(1)
    pictures = x = keras.Input((16, 16, 3))
    for convolution in (keras.layers.Conv2D(32, 3, 2), keras.layers.DepthwiseConv2D(3, padding="same")):
        x = keras.layers.ReLU(6.0)(convolution(x))
    network = keras.Model(pictures, keras.layers.Conv2D(8, 1)(x))
    spread_input_channels(network)
    pixels = np.random.default_rng(3).integers(0, 256, (64, 16, 16, 3), np.uint8)
    normalized = normalize(tf.constant(pixels))
    wanted = np.mean(network(normalized), axis=(0, 1, 2))  # [8]
    errors = []
    for of in (network, with_corrected_biases(network, [normalized])):
        file = tmp_path / "file.tflite"
        graph = trace_network(of, lambda outputs: outputs)
        file.write_bytes(to_integer(graph, lambda: ([picture[None]] for picture in normalized.numpy())))
        ((outputs,),) = run_tflite(file, [pixels])
        errors.append(np.abs(np.mean(outputs, axis=(0, 1, 2)) - wanted).mean())
    assert errors[1] < 0.5 * errors[0], errors
