"""The options that a recipe has for quantization-aware training."""

import numpy as np
import pytest

from conftest import Project, detection_recipe, tiny_params
from octet.common.errors import UserError
from octet.common.tensorflow import keras, tf
from octet.data.reading.calibration import calibration_batches
from octet.quantization.networks import quantized_networks
from octet.quantization.qat import (
    activation_ranges,
    freeze_batch_norm,
    freeze_ranges,
    quantize,
    trained_variables,
)
from octet.recipe.detection import Loss, Model
from octet.tasks.detection.learning.loss import distillation_losses
from octet.tasks.detection.network.cells import make_cells
from octet.tasks.detection.network.model import build_detector


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_detector(Model.model_validate(tiny_params()["quickstart"]["model"]), classes=3)


def statistics(network: keras.Model) -> list[np.ndarray]:
    return [weight.numpy() for weight in network.weights if "moving" in weight.name]


def test_float_layers_keep_their_weights(model: keras.Model) -> None:
    """Layers are named by their output, as in the table of layers."""
    unrounded = {"Conv1", "boxes_16_pointwise"}
    assert rounded_kernels(quantize(model)) - rounded_kernels(quantize(model, ["Conv1_relu", *unrounded])) == unrounded


def rounded_kernels(quantized: keras.Model) -> set[str]:
    """The layers whose weights are rounded."""
    bounds = [weight.name.split(":")[0] for weight in quantized.weights]
    return {name.split("/")[0].removeprefix("quant_") for name in bounds if name.endswith("kernel_min")}


def test_an_unknown_float_layer_is_refused_by_name(model: keras.Model) -> None:
    with pytest.raises(UserError, match="no layer 'Conv1_rely'; did you mean 'Conv1_relu'"):
        quantize(model, ["Conv1_rely"])


@pytest.mark.parametrize("name", ["block_2_add", "boxes", "up_16"])
def test_a_float_layer_without_weights_is_refused(model: keras.Model, name: str) -> None:
    with pytest.raises(UserError, match=f"the layer {name!r} has no weights; name a convolution"):
        quantize(model, [name])


@pytest.mark.slow
def test_the_recipes_options_reach_the_training(reproduced: Project, project: Project) -> None:
    """Frozen statistics and ranges end as they begin, and the loss is against the teacher."""
    project.take(reproduced, "data/quickstart", "models/quickstart/float")
    params = tiny_params()
    options = {"freeze_batch_norm": True, "freeze_ranges": True, "distillation_weight": 1.0}
    params["quickstart"]["train_qat"].update(options, keep="last")  # the best on four pictures may be the start
    project.write_params(params)
    result = project.stage("train_qat")
    assert result.returncode == 0, result.stderr
    start, frozen = calibrated(reproduced), trained(project)
    for values in (statistics, bounds):
        # The weights that are kept are an average over steps, which rounds.
        assert all(np.allclose(*pair, rtol=1e-5) for pair in zip(values(start), values(frozen), strict=True))
    first, last = (network.trainable_weights[0].numpy() for network in (start, frozen))
    assert not np.array_equal(first, last)
    # The loss is small against a teacher that is nearly the same network, and large against the labels.
    assert first_loss(project) < 0.2 * first_loss(reproduced)


def calibrated(project: Project) -> keras.Model:
    """The fake-quantized network before its first step, as train_qat makes it."""
    recipe = detection_recipe(project.folder / "params.yaml")
    network = build_detector(recipe.model, classes=6)
    network.load_weights(project.folder / "models/quickstart/float/weights.h5")
    plan = recipe.train_qat
    records = project.folder / "data/quickstart/records"
    pictures = calibration_batches(records, recipe.model.input_size, plan.batch, plan.calibration_batches)
    return quantized_networks(network, plan, tf.distribute.get_strategy(), pictures).trained


def trained(project: Project) -> keras.Model:
    """The fake-quantized network with the weights that train_qat kept."""
    quantized = quantize(build_detector(detection_recipe(project.folder / "params.yaml").model, classes=6))
    quantized.load_weights(project.folder / "models/quickstart/qat/weights.h5")
    return quantized


def bounds(quantized: keras.Model) -> list[np.ndarray]:
    """The ranges of the activations, each [2]."""
    return [np.array([float(low), float(high)]) for _, low, high in activation_ranges(quantized)]


def first_loss(project: Project) -> float:
    """The loss of the first epoch; the row before it is the start."""
    rows = (project.folder / "models/quickstart/qat/history.csv").read_text().splitlines()
    return float(rows[2].split(",")[1])


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_statistics_stay(model: keras.Model, frozen: bool) -> None:
    quantized = quantize(model)
    if frozen:
        freeze_batch_norm(quantized)
    before = statistics(quantized)
    quantized(tf.random.stateless_uniform((4, *model.input_shape[1:]), (1, 1), -1, 1), training=True)
    same = [np.array_equal(*pair) for pair in zip(before, statistics(quantized), strict=True)]
    assert before
    assert all(same) if frozen else not any(same)
    assert any("gamma" in weight.name for weight in trained_variables(quantized)) != frozen


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_ranges_stay(model: keras.Model, frozen: bool) -> None:
    quantized = quantize(model)
    if frozen:
        freeze_ranges(quantized)
    quantized(tf.random.stateless_uniform((4, *model.input_shape[1:]), (1, 1), -1, 1), training=True)
    moved = [float(low) != -6.0 or float(high) != 6.0 for _, low, high in activation_ranges(quantized)]
    assert moved
    assert not any(moved) if frozen else all(moved)
    kernels = [weight for weight in quantized.weights if weight.name.split(":")[0].endswith("kernel_min")]
    assert all(float(tf.reduce_min(bound)) > -6.0 for bound in kernels)  # ranges of kernels follow the kernels


def test_the_teachers_predictions_are_the_targets_of_distillation() -> None:
    config = Loss.model_validate(tiny_params()["quickstart"]["train_qat"]["loss"])
    random = np.random.default_rng(1)
    codes, logits = (tf.constant(random.normal(size=(2, 5, n)), tf.float32) for n in (4, 3))
    cells = make_cells(96, (32, 64))[:5]
    same = distillation_losses((codes, logits), (codes, logits), cells, config)
    assert [float(loss) for loss in same.values()] == pytest.approx([0, 0], abs=1e-5)
    shifted = distillation_losses((codes, logits), (codes + 1, logits + 1), cells, config)
    assert all(float(loss) > 0 for loss in shifted.values())
    # Boxes where the teacher finds no object hardly count.
    nothing = tf.fill((2, 5, 3), -20.0)
    unsure = distillation_losses((codes, nothing), (codes + 1, nothing), cells, config)
    assert float(unsure["boxes"]) < 1e-6 < float(shifted["boxes"])
