"""Pictures that are in no plain archive yet are packed into one: those in folders, and those that are rendered."""

from pathlib import Path

from octet.recipe.shared.dataset import (
    COMPRESSED_TAR,
    ClassArchives,
    ClassFolders,
    Coco,
    DatasetSource,
    Folder,
    OneShape,
    Shapes,
    TfRecords,
    Yolo,
)
from octet.sources.packing.class_folders import class_folder_members
from octet.sources.packing.coco import coco_members
from octet.sources.packing.compressed import decompress_archive
from octet.sources.packing.folder import folder_members
from octet.sources.packing.one_shape import one_shape_members
from octet.sources.packing.shapes import shapes_members
from octet.sources.packing.tar import write_archive
from octet.sources.packing.yolo import yolo_members


def pack_source(source: DatasetSource, archives: Path) -> None:
    """Write the pictures of a recipe's source as an archive into the folder `archives`; keep plain archives there."""
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
        case OneShape():
            files = one_shape_members(source.seed, dict(source.pictures), source.side)
            write_archive(archives / "shapes.tar", files)
        case ClassFolders():
            write_archive(archives / "folder.tar", class_folder_members(source.path))
        case ClassArchives():
            for archive in source.archives:
                if archive.name.endswith(COMPRESSED_TAR):
                    decompress_archive(archives / archive.name)
        case TfRecords():
            from octet.common import device  # TensorFlow, which no other kind needs
            from octet.sources.packing.tfrecords import tfrecords_members

            device.choose("cpu", 1)
            write_archive(archives / "tfrecords.tar", tfrecords_members(source))
