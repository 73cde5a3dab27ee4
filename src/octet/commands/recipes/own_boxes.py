"""Recognizes pictures with boxes: VOC's XML files, COCO's JSON, YOLO's text files, or an archive in VOC's layout."""

import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from octet.commands.recipes.found_data import Listed, OwnData, Recognize
from octet.commands.recipes.own_splits import SPLITS, is_split, split_by_names, split_up, split_word
from octet.common.errors import UserError
from octet.sources.packing.coco import read_instances
from octet.sources.packing.yolo import read_data_yaml
from octet.sources.reading.archive import Archives
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, PICTURE_SUFFIXES, PICTURES

EXPECTED = (
    "annotations that are known; expected VOC's .xml files, a COCO .json file, or YOLO's .txt files with data.yaml or "
    "classes.txt. Name the folder that holds all of it, or pictures and annotations one after the other"
)

_BEGINNING = 1 << 20  # bytes of a file that tell whether it may be what is looked for


def _mentions(file: Path, *words: bytes) -> list[bytes]:
    """Those of the words that stand in the beginning of a file, however large it is."""
    with file.open("rb") as opened:
        beginning = opened.read(_BEGINNING)
    return [word for word in words if word in beginning]


# --- archives ---------------------------------------------------------------------------------------------------------


def _archives(paths: Sequence[Path], folders: Sequence[Listed]) -> OwnData | None:
    """Recognize plain tar archives in VOC's layout."""
    if folders or not all(path.suffix == ".tar" for path in paths):
        return None
    files = [{"name": path.name, "bytes": None, "sha256": None, "sources": [str(path)]} for path in paths]
    with Archives(paths) as voc:
        sets = voc.image_sets
    return OwnData("an archive in VOC's layout", {"kind": "voc", "archives": files}, _split_up_voc(sets))


def _split_up_voc(sets: Sequence[str]) -> dict[str, Any]:
    """The lists of each folder that are those of splits, or all its pictures where it has none."""
    by_folder = defaultdict[str, list[str]](list)
    for name in sets:
        folder, _, own = name.rpartition("/")
        by_folder[folder].append(own)
    return split_by_names([f"{folder}/{own}" for folder, names in by_folder.items() for own in _lists_of_splits(names)])


def _lists_of_splits(names: Sequence[str]) -> list[str]:
    """The names that are splits as a whole, else those with a word that is one, else `*`."""
    # Beside train, VOC has lists such as cat_train, which say of each of its pictures whether it shows the class.
    splits = [name for name in names if is_split(name)] or [name for name in names if split_word(name)]
    return splits or [name for name in names if name == "*"]


# --- VOC's XML files --------------------------------------------------------------------------------------------------


def _voc(_: Sequence[Path], folders: Sequence[Listed]) -> OwnData | None:
    """Recognize a folder of pictures and one of XML files beside it, or the same one; or several such pairs."""
    pictures = [folder for folder in folders if folder.has(PICTURE_SUFFIXES)]
    annotations = [folder for folder in folders if folder.has(("xml",))]
    if not pictures or not annotations:
        return None
    by_parent: defaultdict[Path, list[Listed]] = defaultdict(list)
    for folder in pictures:
        by_parent[folder.path.parent].append(folder)
    own_names: dict[Path, tuple[str, str]] = {}  # of pictures and annotations, by the folder that holds both
    for folder in annotations:
        has_both = folder.has(PICTURE_SUFFIXES)
        beside = by_parent[folder.path.parent] or (pictures if len(pictures) == len(annotations) == 1 else [])
        if not beside:
            raise UserError(f"{folder.path}: has .xml files, but no folder beside it has pictures; name that one, too")
        match = folder if has_both else max(beside, key=lambda other: len(other.stems & folder.stems))
        top = folder.path if match == folder else _folder_of_both(match.path, folder.path)
        if top in own_names:
            xml = f"{top / own_names[top][1]} and {folder.path}"
            raise UserError(f"{xml}: found .xml files in both; name a folder of pictures and one of these")
        own_names[top] = (os.path.relpath(match.path, top), os.path.relpath(folder.path, top))
    tops = list(own_names)
    if len(set(own_names.values())) > 1 or len({top.parent for top in tops}) > 1:
        raise UserError(f"{', '.join(map(str, tops))}: found pictures and .xml files in each; name one of them")
    source = {"kind": "folder", "path": str(tops[0] if len(tops) == 1 else tops[0].parent)}
    if own_names[tops[0]] != (PICTURES, ANNOTATIONS):
        source |= dict(zip(("pictures", "annotations"), own_names[tops[0]], strict=True))
    names = [top.resolve().name for top in tops]
    sets = [f"{name}/{own}" for top, name in zip(tops, names, strict=True) for own in [*_lists(top), "*"]]
    return OwnData("VOC's XML files", source, _split_up_voc(sets))


def _folder_of_both(*folders: Path) -> Path:
    """The folder that holds both, named from here unless one of them is not."""
    top = _common_folder([folder.parent for folder in folders])
    return top if any(folder.is_absolute() for folder in folders) else Path(os.path.relpath(top))


def _lists(top: Path) -> list[str]:
    """The names of a folder's lists of pictures."""
    files = sorted((top / IMAGE_SETS).glob("*.txt"))
    return [file.stem for file in files if file.is_file() and not file.name.startswith(".")]


# --- COCO -------------------------------------------------------------------------------------------------------------


def _coco(paths: Sequence[Path], folders: Sequence[Listed]) -> OwnData | None:
    """Recognize COCO's files of instances, and find the folder of each file's pictures."""
    listed = [folder.path / name for folder in folders for name in folder.files if name.endswith(".json")]
    # COCO's own folder has the same pictures once more in person_keypoints_*.json.
    instances = [file for file in listed if file.name.startswith("instances_")]
    files = [path for path in paths if path.suffix == ".json"] or instances or listed
    first_pictures = {file: first for file in files if (first := _first_picture(file)) is not None}
    if not first_pictures:
        return None
    sets: dict[str, dict[str, str]] = {}
    for (file, first), name in zip(first_pictures.items(), _set_names(list(first_pictures)), strict=True):
        if name in sets:
            both = f"{sets[name]['instances']} and {file}"
            raise UserError(f"{both}: found the set {name!r} in both; rename a file, or name one of them")
        pictures = _find_pictures(file, first, [folder.path for folder in folders])
        sets[name] = {"instances": str(file), "pictures": str(pictures)}
    return OwnData("COCO's annotations", {"kind": "coco", "sets": sets}, split_up([f"COCO/{name}" for name in sets]))


def _first_picture(file: Path) -> str | None:
    """The first picture's file name, if the file is one of instances in COCO's format."""
    if not _mentions(file, b'"images"', b'"annotations"', b'"categories"'):
        return None
    content = read_instances(file)
    try:
        boxes = content["annotations"]
        name = content["images"][0]["file_name"]
    except (KeyError, IndexError, TypeError):
        return None
    is_instances = isinstance(boxes, list) and "categories" in content and isinstance(name, str)
    return name if is_instances and all(isinstance(box, dict) and "bbox" in box for box in boxes[:1]) else None


def _set_names(files: Sequence[Path]) -> list[str]:
    """`train` of `instances_train.json`, and of `train/_annotations.coco.json`; of files of one name, their folders."""
    names = [_own_name(file) for file in files]
    if len(set(names)) < len(files):
        top = _common_folder([file.parent for file in files])
        below = [file.absolute().relative_to(top).parent.parts for file in files]
        names = [folders[0] if folders else name for folders, name in zip(below, names, strict=True)]
    return [re.sub(r"[^\w.-]", "_", name) or "all" for name in names]


def _own_name(file: Path) -> str:
    return file.parent.name if file.name.startswith("_") else file.stem.removeprefix("instances_")


def _common_folder(paths: Sequence[Path]) -> Path:
    return Path(os.path.commonpath([path.absolute() for path in paths]))


def _find_pictures(file: Path, first: str, folders: Sequence[Path]) -> Path:
    """Find the folder of a file's pictures: the nearest that has the first one; of these, one called like the file."""
    near = [file.parent, file.parent / "images", file.parent.parent / "images"]
    for place in near:
        if (place / first).is_file():
            return place
    found = [folder for folder in folders if (folder / first).is_file()]
    if not found:
        raise UserError(f"{file}: its first picture, {first!r}, lies in no folder here; name that folder, too")
    # Each split may have a picture of this name.
    nearness = [(len(_common_folder([file, place]).parts), place.name == _own_name(file)) for place in found]
    nearest = [place for place, one in zip(found, nearness, strict=True) if one == max(nearness)]
    if len(nearest) > 1:
        raise UserError(
            f"{file}: its first picture, {first!r}, lies in {' and '.join(map(str, nearest))}; name the one that is "
            "meant"
        )
    return nearest[0]


# --- YOLO -------------------------------------------------------------------------------------------------------------


def _yolo(paths: Sequence[Path], folders: Sequence[Listed]) -> OwnData | None:
    """Recognize what a `data.yaml` names; without one, a folder of pictures, one of labels, and `classes.txt`."""
    given = [path for path in paths if path.suffix in (".yaml", ".yml")]
    listed = [folder.path / name for folder in folders for name in folder.files if name.endswith((".yaml", ".yml"))]
    contents = {
        file: content
        for file in given or [file for file in listed if len(_mentions(file, b"names", b"train")) == 2]
        if {"names", "train"} <= (content := read_data_yaml(file)).keys()
    }
    if len(contents) > 1:
        raise UserError(f"{' and '.join(map(str, contents))}: found data in each; name one of them")
    if contents:
        ((file, content),) = contents.items()
        sets = dict(_sets_of_data_yaml(file, content))
        source = {"kind": "yolo", "names": str(file), "sets": sets}
        return OwnData("YOLO's labels", source, split_up([f"YOLO/{name}" for name in sets]))
    names = [folder.path / name for folder in folders for name in folder.files if name == "classes.txt"]
    if not names:
        return None
    pictures = [folder.path for folder in folders if folder.has(PICTURE_SUFFIXES)]
    of_pictures = {stem for folder in folders for stem in folder.stems_of(PICTURE_SUFFIXES)}
    labels = [folder.path for folder in folders if folder.stems_of(("txt",)) & of_pictures]
    if len(pictures) != 1 or len(labels) != 1:
        found = f"{len(pictures)} folders with pictures and {len(labels)} with labels"
        raise UserError(f"{names[0]}: found {found}; expected one of each, or a data.yaml that names them")
    sets = {"all": {"pictures": str(pictures[0]), "labels": str(labels[0])}}
    source = {"kind": "yolo", "names": str(names[0]), "sets": sets}
    return OwnData("YOLO's labels", source, split_up(["YOLO/all"]))


def _sets_of_data_yaml(file: Path, content: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The folders of pictures and labels of each split that a `data.yaml` names."""
    for split in SPLITS:
        named = content.get(split)
        for number, folder in enumerate(named if isinstance(named, list) else [named] if named else []):
            root = content.get("path") or "."
            if not isinstance(folder, str) or not isinstance(root, str):
                raise UserError(f"{file}: path and {split}: expected the names of folders")
            pictures = _resolve(file, root, folder, split)
            parts = list(pictures.parts)
            if "images" in parts:
                parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
            labels = Path(*parts)
            yield f"{split}{number or ''}", {"pictures": str(pictures), "labels": str(labels)}


def _resolve(file: Path, root: str, folder: str, split: str) -> Path:
    """Find a split's pictures by the rules of YOLO's tools, which try the path without its first `../` as well."""
    tops = [file.parent / root, file.parent]
    tries = [top / name for top in tops for name in (folder, folder.removeprefix("../"))]
    for path in tries:
        if path.is_dir():
            return Path(os.path.normpath(path))
    raise UserError(f"{file}: {split}: found {folder!r}, which is no folder; looked for {str(tries[0])!r}")


RECOGNIZERS: tuple[Recognize, ...] = (_archives, _coco, _yolo, _voc)
