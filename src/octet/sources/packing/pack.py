"""Pictures that are in no archive yet are packed into one: those in folders, and those that the project renders."""

from pathlib import Path

from octet.recipe.shared.dataset import Coco, DatasetSource, Folder, Shapes, Yolo
from octet.sources.packing.coco import coco_members
from octet.sources.packing.folder import folder_members
from octet.sources.packing.shapes import shapes_members
from octet.sources.packing.tar import write_archive
from octet.sources.packing.yolo import yolo_members


def pack_source(source: DatasetSource, archives: Path) -> None:
    """Write the pictures of a recipe's source as an archive into the folder `archives`; skip sources of archives."""
    match source:
        case Folder():
            write_archive(archives / "folder.tar", folder_members(source))
        case Coco():
            write_archive(archives / "coco.tar", coco_members(source.sets))
        case Yolo():
            write_archive(archives / "yolo.tar", yolo_members(source.names, source.sets))
        case Shapes():
            files = shapes_members(source.seed, dict(source.pictures), source.side)
            write_archive(archives / "shapes.tar", files)
