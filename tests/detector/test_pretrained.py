"""The backbone starts from the weights that a file holds, or the file is named."""

from pathlib import Path

import numpy as np
import pytest

from conftest import ROOT
from octet.detector.model import build_detector
from octet.detector.pretrained import load_backbone
from octet.errors import UserError
from octet.recipe import Model, load_recipe
from octet.tensorflow import keras


@pytest.fixture(scope="module")
def shape() -> Model:
    return load_recipe("quickstart", ROOT / "params.yaml").model


@pytest.fixture
def weights(tmp_path: Path, shape: Model) -> Path:
    """Keras' own file, made at another input size, as the published ones are."""
    keras.utils.set_random_seed(3)
    backbone = keras.applications.MobileNetV2((96, 96, 3), shape.alpha, include_top=False, weights=None)
    backbone.save_weights(tmp_path / "backbone.h5")
    return tmp_path / "backbone.h5"


def test_the_backbone_takes_them_and_the_heads_do_not(shape: Model, weights: Path) -> None:
    detector = build_detector(shape, 3)
    before = {layer.name: layer.get_weights() for layer in detector.layers}
    load_backbone(detector, shape, weights)
    backbone = keras.applications.MobileNetV2((96, 96, 3), shape.alpha, include_top=False, weights=str(weights))
    names = {layer.name for layer in backbone.layers if layer.weights}
    assert len(names & set(before)) > 90
    for layer in detector.layers:
        expected = backbone.get_layer(layer.name).get_weights() if layer.name in names else before[layer.name]
        for found, wanted in zip(layer.get_weights(), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)
    assert not np.array_equal(detector.get_layer("Conv1").get_weights()[0], before["Conv1"][0])


def test_another_alpha_is_refused(shape: Model, weights: Path) -> None:
    wider = shape.model_copy(update={"alpha": 0.5})
    with pytest.raises(UserError, match=r"backbone\.h5: not the weights of a MobileNetV2 of alpha 0\.5"):
        load_backbone(build_detector(wider, 3), wider, weights)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>"])
def test_what_is_no_weights_file_is_refused(shape: Model, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.h5: not the weights"):
        load_backbone(build_detector(shape, 3), shape, tmp_path / "x.h5")
