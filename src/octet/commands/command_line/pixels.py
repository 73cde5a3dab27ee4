"""The option that says how a model expects its pixels."""

import argparse

from octet.tflite.opening.pixel_scales import PIXEL_SCALES, PIXEL_SCALES_HELP


def add_pixels(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --pixels, whose help begins with what it is about."""
    parser.add_argument("--pixels", choices=list(PIXEL_SCALES), help=f"{what}: {PIXEL_SCALES_HELP}")
