"""Pictures in class folders, which tell whether a model is right about them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from octet.commands.shrinking.options import class_folders
from octet.commands.shrinking.samples import Sample, SampleSet, read_samples
from octet.common.errors import UserError
from octet.common.tensorflow import tf
from octet.common.untrusted_files import read_untrusted_file
from octet.tflite.files.labels import MOST_LABEL_BYTES, parse_labels


class LabelledPictures:
    """The pictures of a folder that has a folder for each class, each with the number of its class."""

    def __init__(
        self, folder: Path, labels: Path | None, inputs: Sequence[tf.TensorSpec], pixels: str | None, classes: int
    ) -> None:
        found = class_folders(folder)
        names = _read_labels(labels) if labels else found
        if unknown := [name for name in found if name not in names]:
            raise UserError(f"{labels}: has no label {unknown[0]!r}, which is a folder in {folder}")
        if len(names) != classes:
            counted = f"{labels}: has {len(names)} labels" if labels else f"{folder}: has {len(names)} class folders"
            raise UserError(
                f"{counted}, but the model tells {classes} classes apart: name all of them, in the order of its "
                "outputs, with --labels FILE, a label a line"
            )
        self._sets: list[tuple[int, SampleSet]] = [
            (names.index(name), read_samples(folder / name, inputs, pixels)) for name in found
        ]

    def __len__(self) -> int:
        return sum(len(samples) for _, samples in self._sets)

    def __iter__(self) -> Iterator[tuple[int, Sample]]:
        for class_, samples in self._sets:
            for sample in samples:
                yield class_, sample


def _read_labels(file: Path) -> list[str]:
    return parse_labels(read_untrusted_file(file, MOST_LABEL_BYTES), str(file))
