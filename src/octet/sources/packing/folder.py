"""One's own pictures in VOC's layout, packed into an archive like VOC's own."""

from collections.abc import Iterator
from pathlib import Path

from octet.common.errors import UserError
from octet.fetching.own import require_place

_PARTS = ("Annotations", "ImageSets/Main", "JPEGImages")


def archive_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The members of the archive, sorted; `folder` holds VOC's parts, or folders that do, as a VOCdevkit does."""
    require_place(folder)
    tops = sorted(path.parent for path in [folder / "JPEGImages", *folder.glob("*/JPEGImages")] if path.is_dir())
    if not tops:
        raise UserError(f"{folder}: expected a folder in VOC's layout, with JPEGImages and Annotations in it")
    for top in tops:
        name = top.resolve().name
        for part in _PARTS:
            for file in sorted((top / part).iterdir()) if (top / part).is_dir() else ():
                if file.is_file() and not file.name.startswith("."):
                    yield f"VOCdevkit/{name}/{part}/{file.name}", file.read_bytes()
