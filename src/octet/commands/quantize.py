"""Quantize any model to TFLite: a Keras file (.h5, .keras) or the folder of a SavedModel.

Writes: MODEL_SCHEME.tflite beside the model (net.h5 becomes net.h5_int8.tflite), or --out
Usage:  octet quantize MODEL --scheme dynamic|float16|int8|uint8|int16x8 [--calibration DIR|NPZ] [--compare]
        octet quantize --help-schemes
"""

import argparse
from pathlib import Path

from octet.commands.shrinking.conversion_process import convert_in_child
from octet.commands.shrinking.options import (
    PIXEL_SCALES,
    PIXEL_SCALES_HELP,
    Options,
    check_options,
    default_output,
    parse_shape,
)
from octet.commands.shrinking.schemes import SCHEMES, describe_schemes
from octet.common.errors import report_user_errors


def parse_options() -> Options | None:
    """The request on the command line; None where only the schemes are to be described."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, metavar="MODEL", nargs="?")
    parser.add_argument("--scheme", choices=list(SCHEMES))
    parser.add_argument(
        "--calibration", type=Path, metavar="DIR|NPZ", help="samples: pictures, or an array for each input"
    )
    parser.add_argument(
        "--pixels", choices=list(PIXEL_SCALES), help=f"how the model expects a folder's pixels: {PIXEL_SCALES_HELP}"
    )
    parser.add_argument("--shape", type=parse_shape, metavar="1,H,W,3", help="for an input whose sizes are open")
    parser.add_argument("--out", type=Path, metavar="FILE.tflite", help="where to write instead")
    parser.add_argument("--compare", action="store_true", help="compare with the float model: size, speed, outputs")
    parser.add_argument("--trust", action="store_true", help="load the model even if it can run code or reach files")
    parser.add_argument("--help-schemes", action="store_true", help="say which scheme is suited for what")
    words = parser.parse_args()
    if words.help_schemes:
        return None
    if not (words.model and words.scheme):
        parser.error("give a MODEL and its --scheme (--help-schemes says which is suited for what)")
    return Options(
        model=words.model,
        scheme_name=words.scheme,
        calibration=words.calibration,
        pixels=words.pixels,
        shape=words.shape,
        output=words.out or default_output(words.model, words.scheme),
        compare=words.compare,
        trust=words.trust,
    )


def run() -> None:
    """Describe the schemes, or quantize the model."""
    options = parse_options()
    if options is None:
        print(describe_schemes())
        return
    with report_user_errors():
        check_options(options)
        convert_in_child(options)
        size = options.output.stat().st_size
        print(f"{options.output}: {size / 1e6:.2f} MB, {options.scheme.kind}")
