"""Own pictures with VOC's XML files, packed into an archive like VOC's own."""

from collections.abc import Iterator
from pathlib import Path

from octet.common.errors import UserError
from octet.fetching.own import require_place
from octet.recipe.shared.dataset import Folder
from octet.sources.packing.tar import PackedFile
from octet.sources.voc.layout import ANNOTATIONS, IMAGE_SETS, PICTURE_SUFFIXES, PICTURES


def archive_files(source: Folder) -> Iterator[PackedFile]:
    """The members of the archive, sorted; the folder holds pictures and annotations, or folders that do."""
    require_place(source.path)
    for top in _tops(source):
        name = top.resolve().name
        for part, own_name in (
            (ANNOTATIONS, source.annotations),
            (IMAGE_SETS, IMAGE_SETS),
            (PICTURES, source.pictures),
        ):
            for file in sorted((top / own_name).iterdir()) if (top / own_name).is_dir() else ():
                if file.is_file() and not file.name.startswith(".") and _belongs_to(part, file):
                    yield PackedFile(f"VOCdevkit/{name}/{part}/{file.name}", file.read_bytes(), str(file))


def _tops(source: Folder) -> list[Path]:
    """The folder itself, and those in it, as far as they have pictures where the recipe says."""
    folder, own_name = source.path, source.pictures
    candidates = (folder, *sorted(folder.iterdir())) if folder.is_dir() else ()
    tops = [top for top in candidates if _has_pictures(top / own_name)]
    if not tops:
        raise UserError(
            f"{folder}: has no pictures in a folder {own_name!r}, where they are expected, with their XML files in "
            f"{source.annotations!r}; `pictures:` and `annotations:` beside `path:` name other folders"
        )
    for top in tops:
        require_place(top / source.annotations)
    return tops


def _has_pictures(folder: Path) -> bool:
    return folder.is_dir() and any(_belongs_to(PICTURES, file) for file in folder.iterdir())


def _belongs_to(part: str, file: Path) -> bool:
    """Pictures and annotations may lie in one folder."""
    suffixes = {ANNOTATIONS: ("xml",), IMAGE_SETS: ("txt",), PICTURES: PICTURE_SUFFIXES}[part]
    return file.suffix[1:].lower() in suffixes
