"""Pack a folder of class folders, as it is, into an archive."""

import os
from collections.abc import Iterator
from pathlib import Path

from octet.common.drawn_copies import is_drawn_copy
from octet.common.errors import UserError
from octet.common.untrusted_files import read_untrusted_file
from octet.fetching.own import require_path
from octet.sources.packing.tar import PackedFile
from octet.sources.voc.layout import MOST_BYTES, PICTURE_SUFFIXES, PICTURES

_DEEPEST = 8  # folders below the user's; pictures are expected in the first two


def class_folder_members(folder: Path) -> Iterator[PackedFile]:
    """Yield the members of the archive, sorted: folders and files, below the name of the folder.

    Of files that are no pictures only the names are packed, so that it can be told that they are left out.
    """
    root, visited = require_path(folder).resolve(), set[str]()
    if not root.is_dir():
        raise UserError(f"{folder}: is no folder; expected one that holds a folder of pictures for each class")
    for current, folders, files in os.walk(root, onerror=_refuse, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        place = Path(current).relative_to(root)
        if (real := os.path.realpath(current)) in visited or len(place.parts) > _DEEPEST:  # a link can lead back
            folders.clear()
            continue
        visited.add(real)
        name = (Path(root.name) / place).as_posix()
        if place.parts:
            yield PackedFile(f"{name}/", b"")
        for file in sorted(Path(current, file) for file in files if not file.startswith(".")):
            if file.is_file() and not is_drawn_copy(file):
                is_picture = file.suffix[1:].lower() in PICTURE_SUFFIXES
                content = read_untrusted_file(file, MOST_BYTES[PICTURES]) if is_picture else b""
                yield PackedFile(f"{name}/{file.name}", content, str(folder / place / file.name))


def _refuse(error: OSError) -> None:
    """Refuse a folder that cannot be listed, whose pictures would be left out without a word."""
    raise UserError(f"{error.filename}: cannot be listed: {error.strerror}")
