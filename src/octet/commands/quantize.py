"""Shrink a model of anybody's: a Keras file (.h5, .keras) or the folder of a SavedModel.

Writes: MODEL_SCHEME.tflite beside the model, or --out
Usage:  python src/octet quantize MODEL --scheme dynamic|float16|int8|uint8|int16x8 [--calibration DIR|NPZ] [--compare]
        python src/octet quantize --help-schemes
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np

from octet.commands.shrinking.agreement import agreement, median_ms, require_runnable
from octet.commands.shrinking.samples import PIXELS, PIXELS_TOLD, Sample, Samples, calibration_warnings, read_samples
from octet.commands.shrinking.schemes import SCHEMES, Scheme, explained
from octet.commands.shrinking.source import Source, read_model
from octet.common import device
from octet.common.errors import UserError, first_line, report_user_errors
from octet.common.files import whole_file
from octet.tflite.comparing.layers import text_table, tflite_reference, worst_first
from octet.tflite.files.conversion import to_float
from octet.tflite.running.operators import float_operators

_WORST, _RANDOM = 10, 16


def main(options: argparse.Namespace) -> None:
    device.use("cpu")
    scheme = SCHEMES[options.scheme]
    if scheme.calibrated and not options.calibration:
        raise UserError(f"{options.scheme} reads ranges from samples: give some with --calibration, 100 or more")
    source = read_model(options.model, options.shape)
    samples = read_samples(options.calibration, source.inputs, options.pixels) if options.calibration else None
    if samples and scheme.calibrated:
        for worry in calibration_warnings(samples, source):
            print(f"careful: {worry}")

    content = convert(source, scheme, samples, options)
    require_runnable(content, options.scheme)
    model = options.model.resolve()
    name = model.name if model.is_dir() else model.stem
    out = options.out or model.with_name(f"{name}_{options.scheme}.tflite")
    with whole_file(out) as file:
        file.write_bytes(content)
    print(f"{out}: {len(content) / 1e6:.2f} MB, {scheme.kind}")
    if scheme.calibrated:
        for name, why in float_operators(content).items():
            print(f"in float: {name}: {why}")
    if options.compare:
        compare(source, content, samples)


def convert(source: Source, scheme: Scheme, samples: Samples | None, options: argparse.Namespace) -> bytes:
    try:
        return scheme.convert(source.traced, lambda: samples or ())
    except UserError:  # of the samples, which are read meanwhile
        raise
    except Exception as error:  # whatever the converter stumbles over
        what = f"TFLite's converter cannot make {options.scheme} of it"
        raise UserError(f"{options.model}: {what}: {first_line(error)}") from None


def compare(source: Source, content: bytes, given: Samples | None) -> None:
    samples, reference = given or random_samples(source), to_float(source.traced)
    on = f"{len(samples)} samples" if given else f"{_RANDOM} random samples"
    first = next(iter(samples))
    both = agreement(reference, content, samples)
    before, after = (median_ms(file, first) for file in (reference, content))
    print(f"size       {len(reference) / 1e6:.2f} -> {len(content) / 1e6:.2f} MB ({len(content) / len(reference):.2f})")
    print(f"latency    {before:.2f} -> {after:.2f} ms ({after / before:.2f}), median of 100 on one thread")
    if both.top1 is not None:
        print(f"agreement  {both.top1:.1%} of {on} have their largest output at the same place")
    print(f"errors     mean {both.mean_error:.4g}, max {both.max_error:.4g} on {on}; outputs span {both.range:.4g}")
    if len(first) == 1:
        some = (next(iter(sample.values())) for sample in islice(samples, _RANDOM))
        layers = worst_first(tflite_reference(reference), content, some)
        print(f"the layers that lose most:\n{text_table(layers[:_WORST])}" if layers else "no layer is in both files")


def random_samples(source: Source) -> list[Sample]:
    """What stands in where there are none: agreement on noise says little, and more than nothing."""
    random = np.random.default_rng(0)
    return [
        {
            spec.name: random.uniform(-1, 1, spec.shape).astype(np.float32)
            if spec.dtype.is_floating
            else random.integers(0, 2, spec.shape).astype(spec.dtype.as_numpy_dtype)
            for spec in source.inputs
        }
        for _ in range(_RANDOM)
    ]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL", nargs="?")
    parser.add_argument("--scheme", choices=list(SCHEMES))
    parser.add_argument("--calibration", type=Path, metavar="DIR|NPZ", help="pictures, or an array for each input")
    parser.add_argument("--pixels", choices=list(PIXELS), help=f"how the model takes a folder's: {PIXELS_TOLD}")
    parser.add_argument("--shape", type=sizes, metavar="1,H,W,3", help="of an input that leaves some open")
    parser.add_argument("--out", type=Path, metavar="FILE")
    parser.add_argument("--compare", action="store_true", help="with the float model: size, speed, outputs, layers")
    parser.add_argument("--help-schemes", action="store_true", help="which scheme fits what")
    options = parser.parse_args()
    if not options.help_schemes and not (options.model and options.scheme):
        parser.error("give a MODEL and its --scheme (--help-schemes says which fits what)")
    return options


def sizes(text: str) -> list[int]:
    return [int(size) for size in text.split(",")]


def run() -> None:
    chosen = parse()
    if chosen.help_schemes:
        print(explained())
        return
    with report_user_errors():
        main(chosen)
