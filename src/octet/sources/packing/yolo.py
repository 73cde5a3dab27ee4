"""Labels in YOLO's format, a text file for each picture, packed with the pictures into an archive like VOC's."""

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml
from PIL import ExifTags, Image, UnidentifiedImageError

from octet.common.errors import UserError
from octet.fetching.own import require_place
from octet.recipe.shared.dataset import YoloSet
from octet.sources.packing.tar import PackedFile
from octet.sources.voc.annotation import Annotation, Box, Object, serialize
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, PICTURE_SUFFIXES, PICTURES

FOLDER = "YOLO"

_LARGEST_FILE = 1 << 20  # bytes; a label file or a list of names that is larger is none
_LONGEST_NAME = 200  # bytes; file systems take 255, of which the set's name has some
_FURTHEST = 2.0  # picture sides; numbers beyond are pixels, not shares
_ON_ITS_SIDE = (5, 6, 7, 8)  # EXIF's orientations
_EXPECTED = "expected CLASS X Y WIDTH HEIGHT, or CLASS and the corners X Y of a polygon"


def archive_files(names: Path, sets: Mapping[str, YoloSet]) -> Iterator[PackedFile]:
    """The members of the archive: each set is an image set, YOLO/NAME; a picture's id is its path below the folder.

    A picture without a label file has no objects, as YOLO has it.
    """
    classes = read_class_names(require_place(names))
    root, problems = f"VOCdevkit/{FOLDER}", list[str]()
    for name, paths in sets.items():
        prefix = f"{name}_" if len(sets) > 1 else ""
        pictures = _files_by_stem(require_place(paths.pictures), PICTURE_SUFFIXES)
        labels = {
            stem: files[0]
            for stem, files in _files_by_stem(require_place(paths.labels), ("txt",)).items()
            if stem.name != "classes" and not files[0].samefile(names)
        }
        if pictures and labels and not pictures.keys() & labels.keys():
            example = next(iter(pictures))
            raise UserError(f"{paths.labels}: no label file belongs to a picture; expected {example}.txt for {example}")
        stems = sorted(pictures.keys() | labels.keys())
        ids = {stem: prefix + "_".join(stem.parts) for stem in stems}
        problems += [
            f"{paths.pictures / stem}: a name of this kind is not taken" for stem in stems if not _is_plain(stem)
        ]
        members = []
        for stem in stems:
            size = _upright_size(pictures[stem][0]) if stem in pictures else (0, 0)
            label, objects = labels.get(stem), list[Object]()
            if label:
                objects = _read_labels(label, classes, size, problems)
            content = serialize(Annotation(ids[stem], FOLDER, *size, tuple(objects)))
            members.append(
                PackedFile(f"{root}/{ANNOTATIONS}/{ids[stem]}.xml", content, str(label or pictures[stem][0]))
            )
        if problems:
            continue
        yield PackedFile(f"{root}/{IMAGE_SETS}/{name}.txt", "".join(f"{id}\n" for id in ids.values()).encode())
        yield from members
        for stem, files in pictures.items():
            for file in files:
                yield PackedFile(f"{root}/{PICTURES}/{ids[stem]}{file.suffix}", file.read_bytes(), str(file))
    if problems:
        raise UserError("\n".join([f"{len(problems)} things are wrong with the labels:", *problems]))


def read_class_names(file: Path) -> list[str]:
    """The names of the classes in the order of their numbers, from `classes.txt` or from `names` of `data.yaml`."""
    text = _read_text(file)
    if file.suffix.lower() == ".txt":
        names: object = [line.strip() for line in text.splitlines() if line.strip()]
    else:
        names = read_data_yaml(file).get("names")
        if isinstance(names, dict):
            if sorted(names) != list(range(len(names))):
                raise UserError(f"{file}: names: found the numbers {sorted(names)}, expected 0 to {len(names) - 1}")
            names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names or not all(isinstance(name, str | int) for name in names):
        raise UserError(f"{file}: expected the classes' names, a line each, or under `names` in data.yaml")
    words = [" ".join(str(name).split()) for name in names]
    for word in words:
        if not word or not word.isprintable() or words.count(word) > 1:
            raise UserError(f"{file}: found the class {word!r}; expected printable names that differ")
    return words


def read_data_yaml(file: Path) -> dict[str, object]:
    """The content of a `data.yaml`."""
    try:
        content = yaml.safe_load(_read_text(file))
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{file}: not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{file}: expected `names`, and the folders of `train` and `val`")
    return content


def _read_text(file: Path) -> str:
    if file.stat().st_size > _LARGEST_FILE:
        raise UserError(f"{file}: has {file.stat().st_size} bytes, expected at most {_LARGEST_FILE}")
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not text") from None


def _files_by_stem(folder: Path, suffixes: Sequence[str]) -> dict[Path, list[Path]]:
    """The files below a folder by their paths in it without suffix; two pictures may differ by the suffix alone."""
    files: dict[Path, list[Path]] = {}
    for file in sorted(folder.rglob("*")):
        if file.suffix[1:].lower() in suffixes and not file.name.startswith(".") and file.is_file():
            files.setdefault(file.relative_to(folder).with_suffix(""), []).append(file)
    return files


def _is_plain(stem: Path) -> bool:
    return str(stem).isprintable() and len("_".join(stem.parts).encode(errors="replace")) <= _LONGEST_NAME


def _upright_size(picture: Path) -> tuple[int, int]:
    """Width and height as a viewer shows the picture; 0 where the file is none, which is reported with all pictures."""
    try:
        with Image.open(picture, formats=("JPEG", "PNG", "BMP", "WEBP")) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation) in _ON_ITS_SIDE
            return image.size[::-1] if turned else image.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return 0, 0


def _read_labels(file: Path, classes: Sequence[str], size: tuple[int, int], problems: list[str]) -> list[Object]:
    """The objects of a label file; lines that make no sense are added to the problems."""
    try:
        lines = _read_text(file).splitlines()
    except UserError as error:
        problems.append(str(error))
        return []
    objects = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            name, box = _read_line(line, classes, size)
        except ValueError as error:
            problems.append(f"{file}:{number}: {error}")
            continue
        if all(size):
            objects.append(Object(name, box, origin=f"line {number}"))
    return objects


def _read_line(line: str, classes: Sequence[str], size: tuple[int, int]) -> tuple[str, Box]:
    """The class and the box of one line."""
    first, *rest = line.split()
    shown = repr(line if len(line) < 60 else line[:60] + " ...")
    try:
        numbers = [float(word) for word in rest]
    except ValueError:
        raise ValueError(f"found {shown}; {_EXPECTED}") from None
    if len(numbers) != 4 and (len(numbers) < 6 or len(numbers) % 2):
        raise ValueError(f"found {len(numbers)} numbers after the class; {_EXPECTED}")
    if not all(math.isfinite(value) and abs(value) <= _FURTHEST for value in numbers):
        raise ValueError(f"found {shown}; expected shares of the picture's sides, 0 to 1")
    if not first.isdecimal() or int(first) >= len(classes):
        raise ValueError(f"found the class {first[:20]!r}; expected 0 to {len(classes) - 1}")
    return classes[int(first)], _to_voc_pixels(numbers, *size)


def _to_voc_pixels(numbers: Sequence[float], width: int, height: int) -> Box:
    """Shares as VOC's pixels, which count from 1: of [x, y, width, height] from the centre, or around a polygon."""
    if len(numbers) == 4:
        x, y, w, h = numbers
        left, top, right, bottom = x - w / 2, y - h / 2, x + w / 2, y + h / 2
    else:
        left, right = min(numbers[::2]), max(numbers[::2])
        top, bottom = min(numbers[1::2]), max(numbers[1::2])
    return left * width + 1, top * height + 1, right * width, bottom * height
