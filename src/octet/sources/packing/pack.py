"""What is no archive yet, packed into one: own folders, and what the project renders itself."""

from pathlib import Path

from octet.recipe.shared.dataset import Coco, Folder, Shapes, Source, Yolo
from octet.sources.packing import coco, folder, shapes, yolo
from octet.sources.packing.tar import write_archive


def pack(source: Source, archives: Path) -> None:
    """Write the source's pictures as an archive in the folder, unless archives are what it consists of."""
    match source:
        case Folder():
            write_archive(archives / "folder.tar", folder.archive_files(source))
        case Coco():
            write_archive(archives / "coco.tar", coco.archive_files(source.sets))
        case Yolo():
            write_archive(archives / "yolo.tar", yolo.archive_files(source.names, source.sets))
        case Shapes():
            files = shapes.archive_files(source.seed, dict(source.pictures), source.side)
            write_archive(archives / "shapes.tar", files)
