"""Quantize any model to TFLite: a Keras file (.h5, .keras) or the folder of a SavedModel.

Writes: MODEL_SCHEME.tflite beside the model (net.h5 becomes net.h5_int8.tflite), or --out
Usage:  octet quantize MODEL --scheme dynamic|float16|int8|uint8|int16x8 [--calibration DIR|NPZ]
                      [--compare [--labelled DIR]]
        octet quantize --help-schemes
"""

import argparse
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.pixels import add_pixels
from octet.commands.shrinking.conversion_process import convert_in_child
from octet.commands.shrinking.options import Options, check_options, default_output, parse_shape
from octet.commands.shrinking.schemes import SCHEMES, describe_schemes
from octet.common.errors import UserError


def main(options: argparse.Namespace) -> None:
    if options.help_schemes:
        print(describe_schemes())
        return
    request = read_request(options)
    check_options(request)
    convert_in_child(request)
    print(f"{request.output}: {request.output.stat().st_size / 1e6:.2f} MB, {request.scheme.kind}")


def read_request(options: argparse.Namespace) -> Options:
    """The options of a conversion, from those of the command line."""
    if not (options.model and options.scheme):
        raise UserError("give a MODEL and its --scheme (--help-schemes says which is suited for what)")
    return Options(
        model=options.model,
        scheme_name=options.scheme,
        calibration=options.calibration,
        pixels=options.pixels,
        shape=options.shape,
        output=options.out or default_output(options.model, options.scheme),
        compare=options.compare,
        labelled=options.labelled,
        labels=options.labels,
        trust=options.trust,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL", nargs="?")
    parser.add_argument("--scheme", choices=list(SCHEMES))
    parser.add_argument(
        "--calibration", type=Path, metavar="DIR|NPZ", help="samples: pictures, or an array for each input"
    )
    add_pixels(parser, "how the model expects a folder's pixels")
    parser.add_argument("--shape", type=parse_shape, metavar="1,H,W,3", help="for an input whose sizes are open")
    parser.add_argument("--out", type=Path, metavar="FILE.tflite", help="where to write instead")
    parser.add_argument("--compare", action="store_true", help="compare with the float model: size, speed, outputs")
    parser.add_argument(
        "--labelled",
        type=Path,
        metavar="DIR",
        help="with --compare: class folders, to tell how often schemes are right",
    )
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="a label a line, where outputs are not in the order of the folders"
    )
    parser.add_argument("--trust", action="store_true", help="load the model even if it can run code or reach files")
    parser.add_argument("--help-schemes", action="store_true", help="say which scheme is suited for what")


def run() -> None:
    run_command(main, __doc__, add_arguments)
