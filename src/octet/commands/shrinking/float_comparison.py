"""A quantized file beside the float one: size, speed, how far their outputs agree, and which layers lose most."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from octet.commands.benchmark.timing import median_seconds
from octet.commands.shrinking.loaded_model import LoadedModel
from octet.commands.shrinking.running import FloatRunner
from octet.commands.shrinking.samples import Sample, SampleSet
from octet.common.errors import UserError, first_line
from octet.tflite.comparing.layers import layers_table, tflite_reference, worst_first

_SHOWN_LAYERS = 10
_RANDOM_SAMPLES = _LAYER_SAMPLES = 16


@dataclass(frozen=True)
class OutputDifference:
    """How far the outputs of two files differ on the same samples."""

    mean_error: float
    max_error: float
    span: float  # of all outputs of the float file: what the errors are to be compared with
    largest_places: NDArray[np.int64]  # [N, 2]: where each file has its largest value; N = 0 if outputs are no lists


def require_runnable(content: bytes, scheme_name: str) -> None:
    """Refuse a file that the runtime cannot run."""
    try:
        FloatRunner(content)
    except RuntimeError as error:
        raise UserError(
            f"LiteRT cannot run what --scheme {scheme_name} made: {first_line(error).rstrip('.')}: "
            "use dynamic or float16, or look whether the calibration samples are like those of the training"
        ) from None


def print_comparison(model: LoadedModel, content: bytes, calibration: SampleSet | None) -> None:
    """Print how a file differs from the float model, on the calibration samples or, without, on random ones."""
    samples, reference = calibration or _random_samples(model), model.float_file
    description = f"{len(samples)} samples" if calibration else f"{_RANDOM_SAMPLES} random samples"
    first = next(iter(samples))
    before, after = (_median_ms(file, first) for file in (reference, content))
    print(f"size       {len(reference) / 1e6:.2f} -> {len(content) / 1e6:.2f} MB ({len(content) / len(reference):.2f})")
    print(f"latency    {before:.2f} -> {after:.2f} ms ({after / before:.2f}), median of 100 on one thread")
    difference = compare_outputs(reference, content, samples)
    if len(difference.largest_places):
        print(f"agreement  {describe_agreement(difference.largest_places, description)}")
    span = f"outputs span {difference.span:.4g}" if difference.span else "the float model's outputs are constant"
    print(f"errors     mean {difference.mean_error:.4g}, max {difference.max_error:.4g} on {description}; {span}")
    if len(first) == 1:
        inputs = (next(iter(sample.values())) for sample in islice(samples, _LAYER_SAMPLES))
        layers = worst_first(tflite_reference(reference), content, inputs)
        print(
            f"the layers that lose most:\n{layers_table(layers[:_SHOWN_LAYERS])}"
            if layers
            else "no layer is in both files, so none can be compared"
        )


def compare_outputs(reference: bytes, content: bytes, samples: Iterable[Sample]) -> OutputDifference:
    """Run both files on all samples."""
    float_file, quantized_file = FloatRunner(reference), FloatRunner(content)
    error_sum, count, max_error, lowest, highest = 0.0, 0, 0.0, np.inf, -np.inf
    places = []
    for sample in samples:
        expected, actual = float_file(sample), quantized_file(sample)
        for expected_output, actual_output in zip(expected, actual, strict=True):
            errors = np.abs(np.subtract(actual_output, expected_output, dtype=np.float64))
            error_sum, count = error_sum + float(errors.sum()), count + errors.size
            max_error = float(np.maximum(max_error, errors.max()))  # NaN, where there is one
            lowest, highest = min(lowest, float(expected_output.min())), max(highest, float(expected_output.max()))
        if len(expected) == 1 and expected[0].ndim == 2 and expected[0].shape[1] > 1:
            places.append((expected[0].argmax(), actual[0].argmax()))
    return OutputDifference(
        error_sum / count, max_error, highest - lowest, np.array(places, np.int64).reshape(len(places), 2)
    )


def describe_agreement(largest_places: NDArray[np.int64], description: str) -> str:
    """How many samples [N, 2] have their largest output at the same place in both files, where that says anything."""
    if (largest_places == largest_places[0, 0]).all():
        return (
            f"cannot be told: on all of {description} both files have their largest output at place "
            f"{largest_places[0, 0]}: give samples that the model tells apart"
        )
    same = np.mean(largest_places[:, 0] == largest_places[:, 1])
    return f"{same:.1%} of {description} have their largest output at the same place"


def _median_ms(content: bytes, sample: Sample) -> float:
    run = FloatRunner(content)
    return 1000 * median_seconds(lambda: run(sample))


def _random_samples(model: LoadedModel) -> list[Sample]:
    """Noise, for when there are no samples: agreement on noise says little, and more than nothing."""
    random = np.random.default_rng(0)
    return [
        {
            spec.name: random.uniform(-1, 1, spec.shape).astype(np.float32)
            if spec.dtype.is_floating
            else random.integers(0, 2, spec.shape).astype(spec.dtype.as_numpy_dtype)
            for spec in model.inputs
        }
        for _ in range(_RANDOM_SAMPLES)
    ]
