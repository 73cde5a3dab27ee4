"""Pack a folder of pictures with VOC's XML files into an archive in VOC's layout."""

import os
from collections.abc import Iterator
from pathlib import Path

from octet.common.drawn_copies import is_drawn_copy
from octet.common.errors import UserError
from octet.common.untrusted_files import read_untrusted_file
from octet.fetching.own import require_path
from octet.recipe.shared.dataset import Folder
from octet.sources.packing.tar import PackedFile
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, MOST_BYTES, PICTURE_SUFFIXES, PICTURES


def folder_members(source: Folder) -> Iterator[PackedFile]:
    """Yield the members of the archive, sorted; the folder or its subfolders hold pictures and annotations."""
    require_path(source.path)
    for set_folder in _set_folders(source):
        name = set_folder.resolve().name
        for kind, subfolder in (
            (ANNOTATIONS, source.annotations),
            (IMAGE_SETS, IMAGE_SETS),
            (PICTURES, source.pictures),
        ):
            for file in sorted((set_folder / subfolder).iterdir()) if (set_folder / subfolder).is_dir() else ():
                if file.is_file() and not file.name.startswith(".") and _is_kind(kind, file):
                    content = read_untrusted_file(file, MOST_BYTES[kind])
                    yield PackedFile(f"VOCdevkit/{name}/{kind}/{file.name}", content, str(file))


def _set_folders(source: Folder) -> list[Path]:
    """List the folder itself and its subfolders that have pictures in the folder that the recipe names."""
    folder = source.path
    candidates = (folder, *sorted(folder.iterdir())) if folder.is_dir() else ()
    distinct: dict[str, Path] = {}
    for candidate in candidates:
        distinct.setdefault(os.path.realpath(candidate), candidate)  # a link can lead back to the folder itself
    set_folders = [candidate for candidate in distinct.values() if _has_pictures(candidate / source.pictures)]
    if not set_folders:
        raise UserError(
            f"{folder}: has no pictures in a folder {source.pictures!r}, where they are expected, with their XML files "
            f"in {source.annotations!r}; `pictures:` and `annotations:` beside `path:` name other folders"
        )
    for set_folder in set_folders:
        require_path(set_folder / source.annotations)
    return set_folders


def _has_pictures(folder: Path) -> bool:
    return folder.is_dir() and any(_is_kind(PICTURES, file) for file in folder.iterdir())


def _is_kind(kind: str, file: Path) -> bool:
    """Tell by its suffix whether a file is of this kind; pictures and annotations may be in the same folder."""
    suffixes = {ANNOTATIONS: ("xml",), IMAGE_SETS: ("txt",), PICTURES: PICTURE_SUFFIXES}[kind]
    return file.suffix[1:].lower() in suffixes and not is_drawn_copy(file)
