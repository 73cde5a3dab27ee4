"""The backbone loads the weights of a file, or an error names the file; its first blocks can be frozen."""

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
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


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, shape: Model) -> Path:
    """Keras' own file, made at another input size, as the published ones are."""
    keras.utils.set_random_seed(3)
    backbone = keras.applications.MobileNetV2((96, 96, 3), shape.alpha, include_top=False, weights=None)
    file = tmp_path_factory.mktemp("saved") / "backbone.h5"
    backbone.save_weights(file)
    return file


@pytest.fixture
def weights(tmp_path: Path, saved: Path) -> Path:
    return Path(shutil.copy(saved, tmp_path))


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


def test_what_the_groups_in_a_layers_are_called_does_not_matter(shape: Model, weights: Path) -> None:
    with h5py.File(weights, "r+") as file:
        expected = file[TENSOR][()]
        file.move(f"{LAYER}/{LAYER}", f"{LAYER}/scope/{LAYER}_1")
    detector = build_detector(shape, 3)
    detector_backbone(shape).load(detector, weights)
    np.testing.assert_array_equal(detector.get_layer(LAYER).get_weights()[0], expected)


def test_another_alpha_is_refused(shape: Model, weights: Path) -> None:
    wider = shape.model_copy(update={"alpha": 0.5})
    with pytest.raises(UserError, match=r"backbone\.h5: not the weights of a MobileNetV2 of alpha 0\.5"):
        detector_backbone(wider).load(build_detector(wider, 3), weights)


LAYER, TENSOR = "bn_Conv1", "bn_Conv1/bn_Conv1/gamma:0"


def replaced(file: h5py.File, **other: object) -> None:
    """Put another dataset in the place of a tensor."""
    shape = file[TENSOR].shape
    del file[TENSOR]
    file.create_dataset(TENSOR, **{"shape": shape, "dtype": "f4"} | other)


def linked(file: h5py.File, link: object) -> None:
    del file[TENSOR]
    file[TENSOR] = link


def virtual(file: h5py.File) -> None:
    shape = file[TENSOR].shape
    layout = h5py.VirtualLayout(shape, "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", shape)
    del file[TENSOR]
    file.create_virtual_dataset(TENSOR, layout)


def valued(file: h5py.File, value: float) -> None:
    shape = file[TENSOR].shape
    replaced(file, dtype="f8", data=np.full(shape, 1.0))
    file[TENSOR][shape[0] - 1] = value


def endless(file: h5py.File) -> None:
    del file[f"{LAYER}/{LAYER}"]
    file[f"{LAYER}/again"] = file[LAYER]


def without_layer(file: h5py.File) -> None:
    del file[LAYER]


def layer_elsewhere(file: h5py.File) -> None:
    del file[LAYER]
    file[LAYER] = h5py.ExternalLink("/etc/passwd", LAYER)


NO_NUMBERS = "it has no floating-point numbers bn_Conv1/gamma:0"
PIECES = "bn_Conv1/gamma:0 does not lie in the file in one piece"
VALUES = "bn_Conv1/gamma:0 has values that are infinite or not a number"
FAULTS: dict[str, tuple[Callable[[h5py.File], object], str]] = {
    "link to another file": (lambda file: linked(file, h5py.ExternalLink("/etc/passwd", "x")), NO_NUMBERS),
    "link to another place": (lambda file: linked(file, h5py.SoftLink("/Conv1/Conv1/kernel:0")), NO_NUMBERS),
    "circle": (lambda file: linked(file, file[LAYER]), NO_NUMBERS),
    "layer in itself": (endless, NO_NUMBERS),
    "layer in another file": (layer_elsewhere, f"it has no layer {LAYER}"),
    "no layer": (without_layer, f"it has no layer {LAYER}"),
    "virtual": (virtual, PIECES),
    "numbers in another file": (lambda file: replaced(file, external=[("/etc/passwd", 0, 1 << 20)]), PIECES),
    "compressed": (lambda file: replaced(file, compression="gzip"), PIECES),
    "huge": (lambda file: replaced(file, shape=(1 << 40,), chunks=(1 << 10,)), PIECES),
    "huge, in one piece": (
        lambda file: replaced(file, shape=(1 << 40,)),
        "bn_Conv1/gamma:0 has the shape (1099511627776,)",
    ),
    "whole numbers": (lambda file: replaced(file, dtype="i4"), NO_NUMBERS),
    "text": (lambda file: replaced(file, dtype=h5py.string_dtype()), NO_NUMBERS),
    "not a number": (lambda file: valued(file, np.nan), VALUES),
    "infinite": (lambda file: valued(file, -np.inf), VALUES),
    "too large": (lambda file: valued(file, 1e300), VALUES),
}


@pytest.fixture(scope="module")
def detector(shape: Model) -> keras.Model:
    return build_detector(shape, 3)


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_but_plain_numbers_is_loaded(shape: Model, weights: Path, detector: keras.Model, fault: str) -> None:
    spoil, message = FAULTS[fault]
    with h5py.File(weights, "r+") as file:
        spoil(file)
    before = detector.get_layer("Conv1").get_weights()
    with pytest.raises(UserError) as error:
        detector_backbone(shape).load(detector, weights)
    assert str(error.value).startswith(f"{weights}: not the weights of a MobileNetV2 of alpha {shape.alpha} ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    np.testing.assert_array_equal(detector.get_layer("Conv1").get_weights(), before)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>"])
def test_what_is_no_weights_file_is_refused(shape: Model, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.h5").write_bytes(content)
    with pytest.raises(UserError, match=r"x\.h5: not the weights"):
        detector_backbone(shape).load(build_detector(shape, 3), tmp_path / "x.h5")


@pytest.mark.parametrize(
    ("blocks", "first"), [(0, "Conv1"), (1, "block_1_expand"), (3, "block_3_expand"), (16, "block_16_expand")]
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
