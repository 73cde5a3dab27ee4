"""Turns a model's file into the bytes of a TFLite file, and prints warnings and the comparison."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from octet.commands.shrinking.accuracy import print_accuracies
from octet.commands.shrinking.bias_correction import with_corrected_biases
from octet.commands.shrinking.calibration_warnings import calibration_warnings
from octet.commands.shrinking.conversion_process import COMPARING, CONVERTING
from octet.commands.shrinking.float_comparison import print_comparison, require_runnable
from octet.commands.shrinking.labelled_pictures import LabelledPictures
from octet.commands.shrinking.loaded_model import LoadedModel, load_model
from octet.commands.shrinking.options import Options
from octet.commands.shrinking.samples import SampleSet, read_samples
from octet.commands.shrinking.schemes import SCHEMES, Scheme
from octet.common import device
from octet.common.errors import UserError, first_line
from octet.common.tensorflow import tf
from octet.tflite.files.conversion import to_dynamic, to_float16, to_integer
from octet.tflite.running.operators import float_operators


def convert_model(options: Options, report_step: Callable[[str], None]) -> bytes:
    """Load, convert, and compare where that is asked for; `report_step` is called with each step as it begins."""
    device.use("cpu")
    model = load_model(options.model, options.shape, options.trust)
    labelled = _labelled(model, options, options.labelled) if options.labelled else None  # before what takes minutes
    samples = read_samples(options.calibration, model.inputs, options.pixels) if options.calibration else None
    if samples and options.scheme.needs_calibration:
        for warning in calibration_warnings(samples, model):
            print(f"careful: {warning}")

    report_step(CONVERTING)
    content = _convert(model, samples, options)
    require_runnable(content, options.scheme_name)
    if options.scheme.needs_calibration:
        for operators, reason in float_operators(content).items():
            print(f"in float: {operators}: {reason}")
    if options.compare:
        report_step(COMPARING)
        print_comparison(model, content, samples)
        if labelled:
            print_accuracies(_every_file(model, content, samples, options), labelled)
    return content


def _labelled(model: LoadedModel, options: Options, folder: Path) -> LabelledPictures:
    """The labelled pictures, as the model's only input takes them and its only output tells them apart."""
    shapes = [tensor.shape.as_list() for tensor in model.traced.function.outputs]
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise UserError(f"{options.model}: gives {shapes}; --labelled expects a classifier, with scores [1, classes]")
    return LabelledPictures(folder, options.labels, model.inputs, options.pixels, shapes[0][1])


def _every_file(model: LoadedModel, content: bytes, samples: SampleSet | None, options: Options) -> Mapping[str, bytes]:
    """The float file, and those of all schemes, without the ones that need samples where there are none."""
    files = {"float": model.float_file}
    for name, scheme in SCHEMES.items():
        if name == options.scheme_name:
            files[name] = content
        elif samples or not scheme.needs_calibration:
            files[name] = _convert(model, samples, replace(options, scheme_name=name))
    return files


def _convert(model: LoadedModel, samples: SampleSet | None, options: Options) -> bytes:
    try:
        return _apply(options.scheme, options.scheme_name, model, samples)
    except (UserError, MemoryError):  # a UserError is about the samples, which are read meanwhile
        raise
    except Exception as error:  # whatever TFLite's converter raises
        raise UserError(
            f"{options.model}: TFLite's converter cannot make {options.scheme_name} of it: {first_line(error)}: "
            "try another --scheme; float16 asks least of a model"
        ) from None


def _apply(scheme: Scheme, name: str, model: LoadedModel, samples: SampleSet | None) -> bytes:
    if scheme.input_output_type:
        dtype = tf.as_dtype(scheme.input_output_type)
        content = to_integer(
            model.traced, lambda: samples or (), input_type=dtype, output_type=dtype, int16_activations=scheme.wide
        )
        return with_corrected_biases(content, model.float_file, samples or ())
    return {"dynamic": to_dynamic, "float16": to_float16}[name](model.traced)
