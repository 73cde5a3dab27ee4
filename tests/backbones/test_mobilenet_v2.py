"""The backbone loads the weights of a file, or an error names the file; its first blocks can be frozen."""

from pathlib import Path

import numpy as np
import pytest

from conftest import detection_recipe
from octet.common.errors import UserError
from octet.common.tensorflow import keras
from octet.recipe.detection import Model
from octet.tasks.detection.network.model import build_detector, detector_backbone


@pytest.fixture(scope="module")
def shape() -> Model:
    return detection_recipe().model


@pytest.fixture
def weights(tmp_path: Path, shape: Model) -> Path:
    """Keras' own file, made at another input size, as the published ones are."""
    keras.utils.set_random_seed(3)
    backbone = keras.applications.MobileNetV2((96, 96, 3), shape.alpha, include_top=False, weights=None)
    backbone.save_weights(tmp_path / "backbone.h5")
    return tmp_path / "backbone.h5"


def test_the_backbone_gets_the_files_weights_and_the_heads_do_not(shape: Model, weights: Path) -> None:
    detector = build_detector(shape, 3)
    before = {layer.name: layer.get_weights() for layer in detector.layers}
    detector_backbone(shape).load(detector, weights)
    backbone = keras.applications.MobileNetV2((96, 96, 3), shape.alpha, include_top=False, weights=str(weights))
    names = {layer.name for layer in backbone.layers if layer.weights}
    assert len(names & set(before)) > 90
    for layer in detector.layers:
        expected = backbone.get_layer(layer.name).get_weights() if layer.name in names else before[layer.name]
        for weight, expected_weight in zip(layer.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(weight, expected_weight)
    assert not np.array_equal(detector.get_layer("Conv1").get_weights()[0], before["Conv1"][0])


def test_another_alpha_is_refused(shape: Model, weights: Path) -> None:
    wider = shape.model_copy(update={"alpha": 0.5})
    with pytest.raises(UserError, match=r"backbone\.h5: not the weights of a MobileNetV2 of alpha 0\.5"):
        detector_backbone(wider).load(build_detector(wider, 3), weights)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>"])
def test_what_is_no_weights_file_is_refused(shape: Model, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.h5: not the weights"):
        detector_backbone(shape).load(build_detector(shape, 3), tmp_path / "x.h5")


@pytest.mark.parametrize(
    ("blocks", "first"), [(0, "Conv1"), (1, "block_1_expand"), (3, "block_3_expand"), (17, "Conv_1")]
)
def test_the_first_blocks_are_frozen(shape: Model, blocks: int, first: str) -> None:
    detector = build_detector(shape, 3)
    trunk = detector_backbone(shape)
    trunk.freeze(detector, blocks)
    backbone, others = trunk.split_variables(detector)
    assert backbone[0].name.startswith(f"{first}/")
    assert {id(variable) for variable in backbone + others} == {
        id(variable) for variable in detector.trainable_variables
    }
    names = {variable.name.partition("/")[0] for variable in others}
    assert all(name.startswith(("lateral_", "neck_", "boxes_", "classes_")) for name in names)
    assert "Conv_1" not in names


def test_frozen_blocks_do_not_change(shape: Model) -> None:
    """Weights and statistics of frozen blocks stay, while statistics of later blocks change."""
    detector = build_detector(shape, 3)
    detector_backbone(shape).freeze(detector, 2)
    before = {layer.name: layer.get_weights() for layer in detector.layers}
    detector(np.random.default_rng(1).normal(size=(2, shape.input_size, shape.input_size, 3)), training=True)
    changed = {
        name
        for name, weights in before.items()
        if not all(np.array_equal(*pair) for pair in zip(weights, detector.get_layer(name).get_weights(), strict=True))
    }
    assert "block_2_expand_BN" in changed
    assert not [name for name in changed if name.startswith(("bn_Conv1", "expanded_conv", "block_1_"))]
