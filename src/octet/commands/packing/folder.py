"""The folder for a device: what is copied into it, and the answers that `check.py` compares with."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octet.commands.packing import check
from octet.commands.packing.mistakes import MISTAKES
from octet.common.files import atomic_folder
from octet.data.reading.pictures import decode_jpeg, picture_batches
from octet.data.reading.records import read_pictures
from octet.recipe.shared.recipe import Recipe
from octet.tflite.running.running import BUILTIN, REFERENCE, XNNPACK, open_interpreter

_CHECK = Path(check.__file__)
_ALWAYS = {_CHECK.name, "labels.txt", "pictures.npy", "pictures/00.jpg"}
_SOMETIMES = re.compile(r"anchors\.npy|pictures/\d\d\.jpg|[^/]*\.tflite")
_KERNELS = {
    XNNPACK: "right, as LiteRT with XNNPACK",
    BUILTIN: "right, as LiteRT's builtin kernels",
    REFERENCE: "right, as LiteRT's reference kernels",
}
_LEAST_ALIKE = 0.5  # of what is called close

Answers = list[NDArray[Any]]  # each output for all pictures, [N, ...], as the file gives it


def is_replaceable(folder: Path) -> bool:
    """Whether it is a folder that holds nothing but what was packed here."""
    return folder.is_dir() and (not any(folder.iterdir()) or is_pack(folder))


def is_pack(folder: Path) -> bool:
    """Whether a folder holds all that is packed here and nothing else."""
    names = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir()}
    answers = {f"{Path(name).stem}.npz" for name in names if name.endswith(".tflite")}
    if not answers or not names >= answers | _ALWAYS:
        return False
    strange = [name for name in names - answers - _ALWAYS if not _SOMETIMES.fullmatch(name)]
    return not strange and _first_line(folder / _CHECK.name) == _first_line(_CHECK)


def _first_line(script: Path) -> bytes:
    with script.open("rb") as content:
        return content.readline()


def write_pack(folder: Path, recipe: Recipe, files: Sequence[Path], count: int) -> None:
    """Write the folder, whole or not at all: the files with what lies beside them, pictures, and answers to these."""
    records = Path("data", recipe.name, "records")
    jpegs = [jpeg for _, jpeg in islice(read_pictures(records, "test"), count)]
    batches = picture_batches(records, "test", recipe.model.input_size, count)
    pictures = next(batches.as_numpy_iterator())  # [N, S, S, 3]
    spoilt = list(_spoilt(pictures, jpegs))
    with atomic_folder(folder) as partial:
        (partial / "pictures").mkdir()
        for number, jpeg in enumerate(jpegs):
            (partial / "pictures" / f"{number:02d}.jpg").write_bytes(jpeg)
        np.save(partial / "pictures.npy", pictures)
        for file in files:
            shutil.copyfile(file, partial / file.name)
            np.savez_compressed(partial / f"{file.stem}.npz", **_expected(file, pictures, spoilt))
        for beside in (*files[-1].parent.glob("*.npy"), files[0].with_name("labels.txt"), _CHECK):
            shutil.copyfile(beside, partial / beside.name)


def _expected(file: Path, pictures: NDArray[np.uint8], spoilt: Sequence[NDArray[np.uint8]]) -> Mapping[str, Any]:
    """The answers of a file: the right ones, with each of the kernels, and those to what mistakes make of pictures."""
    content = file.read_bytes()
    right = [_run(content, pictures, kernels) for kernels in _KERNELS]
    wrong = [_run(content, of_mistake, XNNPACK) for of_mistake in spoilt]
    usual = [of.mean(axis=0) for of in right[0]]
    agreement = min(check.likeness(*of) for other in right[1:] for of in zip(right[0], other, usual, strict=True))
    return {
        "names": np.array([*_KERNELS.values(), *MISTAKES]),
        "right": len(right),
        "outputs": len(right[0]),
        "close": max(_LEAST_ALIKE, 1 - 2 * (1 - agreement)),  # at most twice as far away as other kernels are
        **{f"usual.{at}": of for at, of in enumerate(usual)},
        **{f"{n}.{at}": of for n, answers in enumerate([*right, *wrong]) for at, of in enumerate(answers)},
    }


def _run(content: bytes, pictures: NDArray[np.uint8], kernels: str) -> Answers:
    interpreter = open_interpreter(content, kernels=kernels)
    (entry,), answers = interpreter.get_input_details(), []
    for picture in pictures:
        interpreter.set_tensor(entry["index"], picture[None])
        interpreter.invoke()
        answers.append([interpreter.get_tensor(output["index"])[0] for output in interpreter.get_output_details()])
    return [np.stack(values) for values in zip(*answers, strict=True)]


def _spoilt(pictures: NDArray[np.uint8], jpegs: Sequence[bytes]) -> Iterator[NDArray[np.uint8]]:
    """What each mistake makes of the pictures, [N, S, S, 3]."""
    wholes = [decode_jpeg(jpeg).numpy() for jpeg in jpegs]
    for spoil in MISTAKES.values():
        yield np.stack([spoil(given, whole) for given, whole in zip(pictures, wholes, strict=True)])
