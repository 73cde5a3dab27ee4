"""Pack pictures with labels in YOLO's format, one text file per picture, into an archive in VOC's layout."""

import math
import reprlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from octet.common.chance import by_chance
from octet.common.drawn_copies import is_drawn_copy
from octet.common.errors import UserError
from octet.common.untrusted_files import read_untrusted_file
from octet.common.untrusted_yaml import load_yaml
from octet.fetching.own import require_path
from octet.recipe.shared.dataset import YoloSet
from octet.sources.packing.tar import PackedFile
from octet.sources.voc.annotation import LONGEST_CLASS, Annotation, Object, VocBox, serialize_annotation
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, MOST_BYTES, PICTURE_SUFFIXES, PICTURES
from octet.sources.voc.untrusted_picture import ON_ITS_SIDE, open_picture, read_orientation

FOLDER = "YOLO"  # the name of the set's folder in the archive

_LARGEST_FILE = 1 << 20  # bytes; larger files are not read as labels or class names
_LONGEST_NAME = 200  # bytes of an id; file systems allow 255, and the name of the set is added
_MOST_DIGITS = 9  # of the number of a class
_LARGEST_SHARE = 2.0  # larger numbers are pixels and not shares of the picture's sides
_EXPECTED = "expected CLASS X Y WIDTH HEIGHT, or CLASS and the corners X Y of a polygon"


def yolo_members(names: Path, sets: Mapping[str, YoloSet]) -> Iterator[PackedFile]:
    """Yield the members of the archive; each set becomes the image set YOLO/NAME.

    The id of a picture is its path below the folder of pictures. A picture without a label file has no objects, as in
    YOLO.
    """
    classes = read_yolo_class_names(require_path(names))
    has_key_points = names.suffix.lower() != ".txt" and "kpt_shape" in read_data_yaml(names)
    root, problems = f"VOCdevkit/{FOLDER}", list[str]()
    for name, paths in sets.items():
        prefix = f"{name}_" if len(sets) > 1 else ""
        pictures = _files_by_stem(require_path(paths.pictures), PICTURE_SUFFIXES)
        labels = {
            stem: files[0]
            for stem, files in _files_by_stem(require_path(paths.labels), ("txt",)).items()
            if stem.name != "classes" and not files[0].samefile(names)
        }
        if pictures and labels and not pictures.keys() & labels.keys():
            example = next(iter(pictures))
            raise UserError(f"{paths.labels}: no label file belongs to a picture; expected {example}.txt for {example}")
        stems = sorted(pictures.keys() | labels.keys())
        ids = {stem: prefix + "_".join(stem.parts) for stem in stems}
        problems += [
            f"{paths.pictures / stem}: expected a printable name of at most {_LONGEST_NAME} bytes"
            for stem in stems
            if not _is_plain(stem)
        ]
        members = []
        for stem in stems:
            size = _upright_size(pictures[stem][0]) if stem in pictures else (0, 0)
            label, objects = labels.get(stem), list[Object]()
            if label:
                objects = _read_label_file(label, classes, size, has_key_points, problems)
            content = serialize_annotation(Annotation(ids[stem], FOLDER, *size, tuple(objects)))
            members.append(
                PackedFile(f"{root}/{ANNOTATIONS}/{ids[stem]}.xml", content, str(label or pictures[stem][0]))
            )
        if problems:
            continue
        listed = sorted(ids.values(), key=by_chance)
        yield PackedFile(f"{root}/{IMAGE_SETS}/{name}.txt", "".join(f"{id}\n" for id in listed).encode())
        yield from members
        for stem, files in pictures.items():
            for file in files:
                content = read_untrusted_file(file, MOST_BYTES[PICTURES])
                yield PackedFile(f"{root}/{PICTURES}/{ids[stem]}{file.suffix}", content, str(file))
    if problems:
        raise UserError("\n".join([f"{len(problems)} things are wrong with the labels:", *problems]))


def read_yolo_class_names(file: Path) -> list[str]:
    """Read the class names, in the order of their numbers, from `classes.txt` or from `names` in `data.yaml`."""
    if file.suffix.lower() == ".txt":
        # An empty line before the last class has a number, too.
        names: object = [line.strip() for line in _read_text(file).rstrip().splitlines()]
    else:
        names = read_data_yaml(file).get("names")
        if isinstance(names, dict):
            if names.keys() != set(range(len(names))):
                found = reprlib.repr(list(names))
                raise UserError(f"{file}: names: found the numbers {found}, expected 0 to {len(names) - 1}")
            names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names or not all(isinstance(name, str | int) for name in names):
        raise UserError(f"{file}: expected the class names, one per line, or under `names` in data.yaml")
    if not all(type(name) in (str, int) for name in names):
        raise UserError(f"{file}: names: found true or false, which YAML reads in yes, no, on and off: write in quotes")
    classes = [" ".join(str(name).split()) for name in names]
    for name, count in Counter(classes).items():
        if not name or not name.isprintable() or len(name) > LONGEST_CLASS or count > 1:
            expected = f"printable names of at most {LONGEST_CLASS} characters that differ"
            raise UserError(f"{file}: found the class {reprlib.repr(name)}; expected {expected}")
    return classes


def read_data_yaml(file: Path) -> dict[str, object]:
    """Read a `data.yaml` of YOLO, which must hold a mapping."""
    try:
        content = load_yaml(read_untrusted_file(file, _LARGEST_FILE))
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not valid YAML: {error}") from None
    if not isinstance(content, dict):
        raise UserError(f"{file}: expected `names`, and the folders of `train` and `val`")
    return content


def _read_text(file: Path) -> str:
    try:
        return read_untrusted_file(file, _LARGEST_FILE).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not text") from None


def _files_by_stem(folder: Path, suffixes: Sequence[str]) -> dict[Path, list[Path]]:
    """Group the files below a folder by their relative path without suffix; pictures can differ in the suffix only."""
    files: dict[Path, list[Path]] = {}
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        is_hidden = any(part.startswith(".") for part in path.parts)  # such as copies in .ipynb_checkpoints
        if file.suffix[1:].lower() in suffixes and not is_hidden and not is_drawn_copy(file) and file.is_file():
            files.setdefault(path.with_suffix(""), []).append(file)
    return files


def _is_plain(stem: Path) -> bool:
    """Tell whether a relative path can become an id: printable and not too long."""
    return str(stem).isprintable() and len("_".join(stem.parts).encode(errors="replace")) <= _LONGEST_NAME


def _upright_size(picture: Path) -> tuple[int, int]:
    """Return width and height after EXIF's rotation; (0, 0) if the file is no picture, which is reported later."""
    try:
        with open_picture(read_untrusted_file(picture, MOST_BYTES[PICTURES]), str(picture)) as image:
            return image.size[::-1] if read_orientation(image) in ON_ITS_SIDE else image.size
    except UserError:
        raise
    except Exception:  # Pillow's parsers raise errors of any kind
        return 0, 0


def _read_label_file(
    file: Path, classes: Sequence[str], size: tuple[int, int], has_key_points: bool, problems: list[str]
) -> list[Object]:
    """Read the objects of a label file; invalid lines are added to the problems."""
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
            name, box = _read_line(line, classes, size, has_key_points)
        except ValueError as error:
            problems.append(f"{file}:{number}: {error}")
            continue
        if all(size):
            objects.append(Object(name, box, origin=f"line {number}"))
    return objects


def _read_line(line: str, classes: Sequence[str], size: tuple[int, int], has_key_points: bool) -> tuple[str, VocBox]:
    """Read the class and the box from one line of a label file; key points follow the box."""
    number, *coordinates = line.split()
    if has_key_points:
        coordinates = coordinates[:4]
    shown = repr(line if len(line) < 60 else line[:60] + " ...")
    try:
        values = [float(word) for word in coordinates]
    except ValueError:
        raise ValueError(f"found {shown}; {_EXPECTED}") from None
    if len(values) != 4 and (len(values) < 6 or len(values) % 2):
        raise ValueError(f"found {len(values)} numbers after the class; {_EXPECTED}")
    if not all(math.isfinite(value) and abs(value) <= _LARGEST_SHARE for value in values):
        raise ValueError(f"found {shown}; expected shares of the picture's sides, 0 to 1")
    if not number.isdecimal() or len(number) > _MOST_DIGITS or int(number) >= len(classes):
        raise ValueError(f"found the class {number[:20]!r}; expected 0 to {len(classes) - 1}")
    return classes[int(number)], _to_voc_pixels(values, *size)


def _to_voc_pixels(shares: Sequence[float], width: int, height: int) -> VocBox:
    """Convert a box in shares of the picture's sides to VOC's pixels.

    Four shares are the centre x, y and the width and height of the box; more are the corners x, y of a polygon.
    """
    if len(shares) == 4:
        x, y, w, h = shares
        left, top, right, bottom = x - w / 2, y - h / 2, x + w / 2, y + h / 2
    else:
        left, right = min(shares[::2]), max(shares[::2])
        top, bottom = min(shares[1::2]), max(shares[1::2])
    return left * width + 1, top * height + 1, right * width, bottom * height
