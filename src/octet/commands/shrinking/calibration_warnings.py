"""Whether calibration samples look like what the model was trained on, as far as the model lets one see."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from octet.commands.shrinking.keras_3 import keras_3
from octet.commands.shrinking.loaded_model import LoadedModel
from octet.commands.shrinking.samples import SampleSet
from octet.common.tensorflow import keras, tf

_ENOUGH_SAMPLES = 100
_SUSPICIOUS_RATIO = 30.0  # of variances; between pixels of 0..255 and of 0..1 it is 65025


def calibration_warnings(samples: SampleSet, model: LoadedModel) -> list[str]:
    """Reasons, a sentence each, not to read ranges from these samples."""
    warnings = []
    if len(samples) < _ENOUGH_SAMPLES:
        warnings.append(f"{len(samples)} samples are few: ranges are safer from {_ENOUGH_SAMPLES} or more")
    if len(model.inputs) != 1 or not model.inputs[0].dtype.is_floating:
        return warnings
    values = [value for sample in islice(samples, _ENOUGH_SAMPLES) for value in sample.values()]
    lowest, highest = min(value.min() for value in values), max(value.max() for value in values)
    spread = f"the samples lie in {lowest:.4g}..{highest:.4g}"
    ratio = _variance_ratio(model, values)
    if ratio and not 1 / _SUSPICIOUS_RATIO < ratio < _SUSPICIOUS_RATIO:
        warnings.append(
            f"{spread}, and the first batch norm sees {ratio:.3g} times the variance that it was trained on: "
            "scale them as they were in training"
        )
    if ratio or model.keras_model is None:
        return warnings
    rescales = _has_rescaling_layer(model.keras_model)
    if rescales and highest <= 1.5:
        warnings.append(f"{spread}, but the model rescales 0..255 itself: give it pixels as they are")
    if not rescales and highest > 16:
        warnings.append(f"{spread}, and the model does not rescale: most are trained on 0..1 or -1..1")
    return warnings


def _variance_ratio(model: LoadedModel, values: Iterable[NDArray[Any]]) -> float | None:
    """How many times wider than in training the first batch norm's input is; None where that cannot be seen."""
    norm = _first_norm_of_graph(model.traced.function)
    if norm is None and model.keras_model:
        norm = _first_norm_of_layers(model.keras_model)
    if norm is None or np.allclose(norm.trained_variance, 1):  # never trained
        return None
    seen = np.concatenate([_rows_by_channel(norm.compute_input(value), norm.channel_axis) for value in values])
    variance = seen.var(axis=0)
    positive = (variance > 0) & (norm.trained_variance > 0)
    if not positive.any():
        return None
    return float(np.exp(np.median(np.log(variance[positive] / norm.trained_variance[positive]))))


@dataclass(frozen=True)
class _BatchNorm:
    """A batch norm, how its input is computed from the model's, and the variance that training left it with."""

    compute_input: Callable[[NDArray[Any]], NDArray[Any]]
    trained_variance: NDArray[Any]  # [C]
    channel_axis: int


def _first_norm_of_graph(graph: Any) -> _BatchNorm | None:
    """The first batch norm of a graph; Keras 3, and inputs that are no pictures, have none as one operator."""
    frozen = convert_variables_to_constants_v2(graph)
    norm = next((node for node in frozen.graph.get_operations() if node.type.startswith("FusedBatchNorm")), None)
    if norm is None:
        return None
    values, _, _, _, variance = norm.inputs
    run = frozen.prune(frozen.inputs, [values, variance])
    zeros = tf.zeros(frozen.inputs[0].shape, frozen.inputs[0].dtype)  # the variance is the same on any input
    axis = 1 if norm.get_attr("data_format") == b"NCHW" else -1
    return _BatchNorm(lambda value: run(tf.constant(value))[0].numpy(), run(zeros)[1].numpy(), axis)


def _first_norm_of_layers(model: Any) -> _BatchNorm | None:
    """The first batch norm among a Keras model's own layers."""
    norm = next((layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"), None)
    if norm is None:
        return None
    (axis,) = norm.axis if isinstance(norm.axis, list | tuple) else (norm.axis,)
    library = keras_3 if isinstance(model, keras_3.Model) else keras
    before = library.Model(model.inputs[0], norm.input)
    return _BatchNorm(lambda value: np.asarray(before(value, training=False)), np.asarray(norm.moving_variance), axis)


def _rows_by_channel(values: NDArray[Any], channel_axis: int) -> NDArray[Any]:
    """At most about 2000 rows [P, C] of an activation, C along the axis that batch norm counts by."""
    rows = np.moveaxis(values, channel_axis, -1).reshape(-1, values.shape[channel_axis])
    return rows[:: max(1, len(rows) // 1000)]


def _has_rescaling_layer(model: Any) -> bool:
    return any(type(layer).__name__ in ("Rescaling", "Normalization") for layer in _all_layers(model))


def _all_layers(model: Any) -> Iterator[Any]:
    """All layers in their order, with those of models inside the model."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _all_layers(layer)
        else:
            yield layer
