"""What the user asks quantize for, and every refusal that needs neither a model nor TensorFlow."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from octet.commands.shrinking.schemes import SCHEMES, Scheme
from octet.common.errors import UserError
from octet.tflite.opening.pixel_scales import PIXEL_SCALES_HELP

KERAS_SUFFIXES = (".h5", ".keras")


@dataclass(frozen=True)
class Options:
    """A checked request to quantize one model."""

    model: Path
    scheme_name: str
    calibration: Path | None
    pixels: str | None  # a name of PIXEL_SCALES
    shape: Sequence[int] | None
    output: Path
    compare: bool
    labelled: Path | None  # a folder of class folders
    labels: Path | None
    trust: bool  # load the model even where it carries code, or operators that reach files

    @property
    def scheme(self) -> Scheme:
        """The scheme that the name stands for."""
        return SCHEMES[self.scheme_name]


def check_options(options: Options) -> None:
    """Refuse what can be refused without reading the model."""
    is_saved_model = (options.model / "saved_model.pb").is_file()
    if not is_saved_model and not (options.model.suffix in KERAS_SUFFIXES and options.model.is_file()):
        reason = "is not there" if not options.model.exists() else "is neither"
        raise UserError(f"{options.model}: {reason}: expected a .h5 or .keras file, or the folder of a SavedModel")
    if options.shape and (options.shape[0] != 1 or min(options.shape) < 1):
        raise UserError(
            f"--shape {format_shape(options.shape)}: expected a 1 first, because samples are converted one at a time, "
            "and positive sizes after it"
        )
    if options.output.suffix != ".tflite" or options.output.is_dir():
        raise UserError(f"--out {options.output}: expected the name of a file that ends in .tflite")
    if options.scheme.needs_calibration and not options.calibration:
        raise UserError(
            f"--scheme {options.scheme_name} reads ranges from samples: give some with --calibration, 100 or more; "
            "dynamic and float16 need none"
        )
    if options.calibration:
        _check_calibration(options.calibration, options.pixels)
    if options.labelled:
        _check_labelled(options.labelled, options)
    elif options.labels:
        raise UserError(f"--labels {options.labels}: names the classes of --labelled DIR: give that, too")
    if options.pixels and not any(path and path.is_dir() for path in (options.calibration, options.labelled)):
        raise UserError(
            f"--pixels {options.pixels}: is for pictures, and neither --calibration nor --labelled names a folder of "
            "them: leave it out, or name one"
        )


def default_output(model: Path, scheme_name: str) -> Path:
    """The model's whole name and the scheme, beside the model: `net.h5` and `net.keras` keep apart."""
    model = model.resolve() if model.name == ".." else model.absolute()  # a link's own name counts
    return model.parent / f"{model.name}_{scheme_name}.tflite"


def class_folders(folder: Path) -> list[str]:
    """The names of the folders in a folder, sorted, without hidden ones."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def parse_shape(text: str) -> list[int]:
    """The sizes in a text such as `1,224,224,3`."""
    return [int(size) for size in text.split(",")]


def format_shape(shape: Sequence[int]) -> str:
    """Sizes as the user writes them after --shape."""
    return ",".join(map(str, shape))


def _check_labelled(folder: Path, options: Options) -> None:
    if not options.compare:
        raise UserError(f"--labelled {folder}: is for --compare: give that, too")
    if not folder.is_dir() or not class_folders(folder):
        raise UserError(f"{folder}: expected a folder that holds a folder of pictures for each class")
    if not options.pixels:
        raise UserError(f"{folder}: say how the model expects its pixels, with --pixels {PIXEL_SCALES_HELP}")
    if options.labels and not options.labels.is_file():
        raise UserError(f"{options.labels}: no such file of labels")


def _check_calibration(path: Path, pixels: str | None) -> None:
    if path.is_dir():
        if not pixels:
            raise UserError(f"{path}: say how the model expects its pixels, with --pixels {PIXEL_SCALES_HELP}")
    elif path.suffix != ".npz" or not path.is_file():
        reason = "is not there" if not path.exists() else "is neither"
        raise UserError(f"{path}: {reason}: expected a folder of pictures or an .npz of arrays")
