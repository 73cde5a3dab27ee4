"""Turns a model's file into the bytes of a TFLite file, and prints warnings and the comparison."""

from collections.abc import Callable

from octet.commands.shrinking.calibration_warnings import calibration_warnings
from octet.commands.shrinking.conversion_process import COMPARING, CONVERTING
from octet.commands.shrinking.float_comparison import print_comparison, require_runnable
from octet.commands.shrinking.loaded_model import LoadedModel, load_model
from octet.commands.shrinking.options import Options
from octet.commands.shrinking.samples import SampleSet, read_samples
from octet.commands.shrinking.schemes import Scheme
from octet.common import device
from octet.common.errors import UserError, first_line
from octet.common.tensorflow import tf
from octet.tflite.files.conversion import Traced, to_dynamic, to_float16, to_integer
from octet.tflite.running.operators import stayed_float


def convert_model(options: Options, report_step: Callable[[str], None]) -> bytes:
    """Load, convert, and compare where that is asked for; `report_step` is called with each step as it begins."""
    device.use("cpu")
    model = load_model(options.model, options.shape, options.trust)
    samples = read_samples(options.calibration, model.inputs, options.pixels) if options.calibration else None
    if samples and options.scheme.needs_calibration:
        for warning in calibration_warnings(samples, model):
            print(f"careful: {warning}")

    report_step(CONVERTING)
    content = _convert(model, samples, options)
    require_runnable(content, options.scheme_name)
    if options.scheme.needs_calibration:
        for operators, reason in stayed_float(content).items():
            print(f"in float: {operators}: {reason}")
    if options.compare:
        report_step(COMPARING)
        print_comparison(model, content, samples)
    return content


def _convert(model: LoadedModel, samples: SampleSet | None, options: Options) -> bytes:
    try:
        return _apply(options.scheme, options.scheme_name, model.traced, samples)
    except (UserError, MemoryError):  # a UserError is about the samples, which are read meanwhile
        raise
    except Exception as error:  # whatever TFLite's converter raises
        raise UserError(
            f"{options.model}: TFLite's converter cannot make {options.scheme_name} of it: {first_line(error)}: "
            "try another --scheme; float16 asks least of a model"
        ) from None


def _apply(scheme: Scheme, name: str, traced: Traced, samples: SampleSet | None) -> bytes:
    if scheme.input_output_type:
        dtype = tf.as_dtype(scheme.input_output_type)
        return to_integer(traced, lambda: samples or (), takes=dtype, gives=dtype, wide=scheme.wide)
    return {"dynamic": to_dynamic, "float16": to_float16}[name](traced)
