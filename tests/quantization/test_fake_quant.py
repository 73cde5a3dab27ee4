"""The gradient of fake quantization is what the kernels compute, is in a training's graph, and is in no file."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from tensorflow.python.framework.config import disable_op_determinism
from tensorflow.python.framework.ops import gradient_registry
from tensorflow.python.ops import array_ops

from helpers.graphs import nodes
from octet.common.determinism import make_deterministic
from octet.common.tensorflow import keras, tf
from octet.quantization.fake_quant import use_deterministic_gradients
from octet.quantization.qat import quantize
from octet.recipe.detection import Suppression
from octet.tasks.detection.shipping.graphs import trace_detector, trace_heads
from octet.tflite.files.conversion import to_integer

Floats = NDArray[np.float32]

OPS = {"FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel"}
KERNELS = {f"{op}Gradient" for op in OPS}
NAMED_RANGES = (
    (-6, 6),  # zero halfway between two steps
    (-128 / 127, 1),  # symmetric, with one step more below
    (-1, 127 / 128),  # zero on a step
    (-0.9, 2.3),  # zero on none
    (-126.5, 128.5),  # zero half a step above an even one
    (-127.5, 127.5),  # zero half a step above an odd one
    (-1e-6, 3e4),
    (0, 5.7),
    (-0.03, 0),
    (0.5, 2.1),  # no zero
    (-2.1, -0.5),
    (0, 0),  # never set: everything passes
)


@pytest.fixture
def deterministic() -> Iterator[None]:
    make_deterministic(1)
    yield
    disable_op_determinism()


def use_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the ops the gradients that TensorFlow registers itself."""
    for op in OPS:
        monkeypatch.setitem(gradient_registry._registry, op, {"type": getattr(array_ops, f"_{op}Gradient")})


@pytest.fixture
def heads(monkeypatch: pytest.MonkeyPatch) -> keras.Model:
    """A fake-quantized network like a small detector: both kinds of convolution, box codes and logits of 16 cells."""
    use_kernels(monkeypatch)  # whatever ran before: it is `quantize` that has to replace them
    pictures = keras.Input((8, 8, 3))
    x = pictures
    for convolution in (keras.layers.Conv2D(4, 3, padding="same"), keras.layers.DepthwiseConv2D(3, 2, "same")):
        x = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(convolution(x)))
    outputs = [keras.layers.Reshape((16, size))(keras.layers.Conv2D(size, 1)(x)) for size in (4, 2)]
    return quantize(keras.Model(pictures, outputs))


def fake_quant_ops(graph: tf.Graph) -> set[str]:
    return {node.op for node in nodes(graph) if "FakeQuant" in node.op}


def operands(bits: int, narrow: bool) -> list[Floats]:
    """Gradients and inputs [40, 1, 1, C], minima and maxima [C].

    Inputs lie on the ends of the ranges, one float beside them, and everywhere between.
    """
    random = np.random.default_rng(0)
    minimum, maximum = np.array([*NAMED_RANGES, *random.uniform([-9, 0], [0, 9], (300, 2))], np.float32).T
    bottom, top = np.float32(narrow), np.float32(2**bits - 1)
    scale = (maximum - minimum) / (top - bottom)
    zero = np.clip(bottom - np.divide(minimum, scale, out=np.zeros_like(scale), where=scale > 0), bottom, top)
    zero = np.floor(zero.astype(np.float64) + 0.5).astype(np.float32)
    low, high = (bottom - zero) * scale, (top - zero) * scale
    neighbours = [np.nextafter(end, np.float32(to)) for end, to in ((low, -9e9), (low, 9e9), (high, -9e9), (high, 9e9))]
    inputs = np.stack([low, high, *neighbours, *np.linspace(low - 1, high + 1, 34)]).astype(np.float32)[:, None, None]
    return [random.normal(size=inputs.shape).astype(np.float32), inputs, minimum, maximum]


@pytest.mark.parametrize("in_graph", [False, True], ids=["eager", "graph"])
@pytest.mark.parametrize(("bits", "narrow"), [(8, False), (8, True), (4, False)])
@pytest.mark.parametrize("per_channel", [False, True], ids=["per tensor", "per channel"])
def test_the_gradients_are_the_kernels(per_channel: bool, bits: int, narrow: bool, in_graph: bool) -> None:
    name = "fake_quant_with_min_max_vars" + ("_per_channel" if per_channel else "")
    forward, kernel = getattr(tf.quantization, name), getattr(tf.quantization, f"{name}_gradient")
    use_deterministic_gradients()

    def differentiate(upstream: tf.Tensor, *arguments: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            outputs = forward(*arguments, num_bits=bits, narrow_range=narrow)
        return tape.gradient(outputs, arguments, upstream)

    if in_graph:
        differentiate = tf.function(differentiate)
    arrays = operands(bits, narrow)
    for channel in [slice(None)] if per_channel else range(len(NAMED_RANGES)):
        tensors = [tf.constant(array[..., channel]) for array in arrays]
        gradients, expected = differentiate(*tensors), kernel(*tensors, num_bits=bits, narrow_range=narrow)
        np.testing.assert_array_equal(gradients[0], expected[0])
        for end in (1, 2):
            np.testing.assert_allclose(gradients[end], expected[end], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("narrow", [False, True])
def test_those_inputs_lie_exactly_on_and_beside_the_ends(narrow: bool) -> None:
    upstream, inputs, minimum, maximum = operands(8, narrow)
    kernel = tf.quantization.fake_quant_with_min_max_vars_per_channel_gradient
    passed = kernel(upstream, inputs, minimum, maximum, narrow_range=narrow)[0].numpy()[:6, 0, 0] != 0
    off_zero = (inputs[:2, 0, 0] != 0).all(axis=0)  # beside zero lie denormals, which TensorFlow takes for zero
    assert off_zero.sum() > 300
    assert (passed[:, off_zero].T == [True, True, False, True, True, False]).all()


@pytest.mark.usefixtures("deterministic")
def test_no_gradient_kernel_is_in_a_trainings_graph(heads: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU would refuse to run it."""
    heads.compile(keras.optimizers.legacy.Adam(), ["mse", "mse"])
    batch = tf.zeros((2, 8, 8, 3)), (tf.zeros((2, 16, 4)), tf.zeros((2, 16, 2)))
    batches = iter(tf.data.Dataset.from_tensors(batch))

    def ops_of_training() -> set[str]:
        return fake_quant_ops(heads.make_train_function(force=True).get_concrete_function(batches).graph)

    assert ops_of_training() == OPS
    use_kernels(monkeypatch)
    assert ops_of_training() == OPS | KERNELS


def test_no_file_holds_the_gradient(heads: keras.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The converter gets the plain op with nothing around it; the bytes are the same with TensorFlow's gradient."""

    def converted() -> bytes:
        return to_integer(trace_heads(heads), output_type=tf.uint8)

    suppression = Suppression(score_threshold=0.1, iou_threshold=0.5, max_detections=3)
    for graph in (
        trace_heads(heads).function.graph,
        trace_detector(heads, np.zeros((16, 4), np.float32), suppression).function.graph,
    ):
        assert fake_quant_ops(graph) == OPS
        assert not [node for node in nodes(graph) if node.op == "IdentityN" or "_gradient_op_type" in node.attr]
    content = converted()
    use_kernels(monkeypatch)
    assert content == converted()
