"""Recognizes pictures of one class each: in folders named like the classes, in an archive of those, or in TFRecords."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from octet.commands.recipes.found_data import Listed, OwnData, Recognize
from octet.commands.recipes.own_splits import is_split, split_up, split_word
from octet.common.errors import UserError
from octet.common.untrusted_files import read_untrusted_file
from octet.common.wording import list_names
from octet.recipe.shared.dataset import COMPRESSED_TAR, ClassArchives, plain_tar_name
from octet.sources.packing.compressed import decompress_archive
from octet.sources.reading.class_folders import ClassFolders
from octet.sources.voc.layout import PICTURE_SUFFIXES

EXPECTED = (
    "classes that are known; expected a folder of pictures for each class, a .tar or .tgz of such folders, or "
    "TFRecords (for pictures with boxes, take a recipe that trains a detector)"
)

_SHARD = re.compile(r"-\d{5}-of-\d{5}$")  # the end of the name of one of many files of TFRecords
_LARGEST_LIST = 1 << 20  # bytes of a file that lists classes


# --- folders ----------------------------------------------------------------------------------------------------------


def _class_folders(paths: Sequence[Path], folders: Sequence[Listed]) -> OwnData | None:
    """Recognize a folder that holds folders with pictures, or several such folders, one for each split."""
    classes = [folder.path for folder in folders if folder.has(PICTURE_SUFFIXES) and folder.path not in paths]
    if len(paths) != 1 or not classes:
        return None
    (top,) = paths
    # A folder of pictures in a class folder is no class, but a data error, which will be told with its name.
    parents = {folder.parent for folder in classes if folder.parent not in classes}
    _require_classes({parent: {folder.name for folder in classes if folder.parent == parent} for parent in parents})
    sets = sorted("/".join((top.resolve().name, *parent.relative_to(top).parts)) for parent in parents)
    return OwnData("class folders", {"kind": "class_folders", "path": str(top)}, split_up(sets))


def _require_classes(named: Mapping[Path, set[str]]) -> None:
    """Refuse folders of pictures that are no classes: splits without any, or what another tool left."""
    for parent, names in sorted(named.items()):
        if all(map(is_split, names)):
            raise UserError(
                f"{parent}: has pictures directly in {list_names(sorted(names))}, and no folders that are named like "
                "classes there; expected SPLIT/CLASS/PICTURE, or name a folder in which that is so"
            )
    for parent, names in sorted(named.items()):
        others = {other: found for other, found in named.items() if other != parent}
        if others and not names & set().union(*others.values()):
            raise UserError(
                f"{parent}: has the classes {list_names(sorted(names))}, and none of them is in "
                f"{list_names(sorted(map(str, others)))}; move away what is not of the data"
            )


# --- archives ---------------------------------------------------------------------------------------------------------


def _class_archives(paths: Sequence[Path], folders: Sequence[Listed]) -> OwnData | None:
    """Recognize tar archives of class folders, plain or compressed."""
    if folders or not all(path.name.endswith(ClassArchives.suffixes) for path in paths):
        return None
    files = [{"name": path.name, "bytes": None, "sha256": None, "sources": [str(path)]} for path in paths]
    with tempfile.TemporaryDirectory() as scratch:
        plain = [_plain_archive(path, Path(scratch)) for path in paths]
        with ClassFolders(plain) as archives:
            sets = archives.image_sets
    if not sets:
        raise UserError(f"{', '.join(map(str, paths))}: holds no folder of pictures, which would be a class")
    return OwnData("an archive of class folders", {"kind": "class_archives", "archives": files}, split_up(sets))


def _plain_archive(path: Path, scratch: Path) -> Path:
    """The archive itself, or what is in a compressed one, written into the folder `scratch`."""
    if not path.name.endswith(COMPRESSED_TAR):
        return path
    link = scratch / path.name
    link.symlink_to(path.resolve())
    decompress_archive(link)  # puts what it finds in the place of the link
    return link.with_name(plain_tar_name(link.name))


# --- TFRecords --------------------------------------------------------------------------------------------------------


def _tfrecords(paths: Sequence[Path], folders: Sequence[Listed]) -> OwnData | None:
    """Recognize files of TFRecords by their names, one or several for each split."""
    inside = [folder.path / name for folder in folders for name in folder.files]
    files = [file for file in [*paths, *inside] if ".tfrecord" in file.name or _SHARD.search(file.name)]
    if not files:
        return None
    patterns = sorted({file.with_name(_SHARD.sub("-*", file.name)) for file in files})
    named = defaultdict[str, list[Path]](list)
    for pattern in patterns:
        named[_set_name(pattern) if len(patterns) > 1 else "all"].append(pattern)
    for name, found in named.items():
        if len(found) > 1:
            raise UserError(f"{' and '.join(map(str, found))}: found the set {name!r} in both; name one of them")
    sets = {name: str(found[0]) for name, found in named.items()}
    source = {"kind": "tfrecords", "sets": sets, "labels": _labels(files[0], inside)}
    return OwnData("TFRecords", source, split_up([f"TFRECORDS/{name}" for name in sets]))


def _set_name(pattern: Path) -> str:
    """`train` of `train-*`, `flowers-train.tfrecord` and `tf_flowers-train.tfrecord-*`."""
    return split_word(pattern.name) or re.sub(r"[^\w.-]", "_", pattern.name.partition(".tfrecord")[0])


def _labels(records: Path, beside: Sequence[Path]) -> str | list[str]:
    """`text` where a record names its class; otherwise the names that a file beside the records lists."""
    from octet.common import device  # TensorFlow, which no other kind needs
    from octet.sources.packing.tfrecords import first_names_class

    device.choose("cpu", 1)
    if first_names_class(records):
        return "text"
    lists = [file for file in beside if file.name == "labels.txt" or file.name.endswith(".labels.txt")]
    if len(lists) != 1:
        raise UserError(
            f"{records}: its first record has no image/class/text, and there is no labels.txt in the folder that lists "
            "the classes line by line, from number 0 on; write one, and name the folder"
        )
    names = read_untrusted_file(lists[0], _LARGEST_LIST).decode(errors="replace").splitlines()
    numbers = [f"{number}:" for number in range(len(names))]  # which some tools put before the names
    are_numbered = all(map(str.startswith, names, numbers))
    return [*map(str.removeprefix, names, numbers)] if are_numbered else names


RECOGNIZERS: tuple[Recognize, ...] = (_class_archives, _tfrecords, _class_folders)
