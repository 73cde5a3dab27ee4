"""Make small VOC archives for tests, correct ones and faulty ones."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from octet.sources.packing.tar import PackedFile, write_archive
from octet.sources.voc.annotation import Annotation, Object, serialize_annotation

WIDTH, HEIGHT = 50, 40
CAT = Object("cat", (10, 5, 30, 20))


def picture(size: tuple[int, int] = (WIDTH, HEIGHT), mode: str = "RGB") -> Image.Image:
    """Make a picture whose left is dark and whose right is bright."""
    width, height = size
    ramp = np.linspace(0, 235, width, dtype=np.uint8)[None].repeat(height, axis=0)
    pixels = np.stack([ramp, ramp // 2, 255 - ramp], axis=2)
    return Image.fromarray(pixels).convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", orientation: int = 1) -> bytes:
    """Encode an image as a file of this kind, with EXIF's orientation in it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, kind, **({} if orientation == 1 else {"exif": exif}))
    return file.getvalue()


def annotation(
    *objects: Object, size: tuple[int, int] = (WIDTH, HEIGHT), id: str = "000001", folder: str = "VOC"
) -> bytes:
    """Make the XML of an annotation with these objects."""
    return serialize_annotation(Annotation(id, folder, *size, objects))


def make_archive(path: Path, files: Mapping[str, bytes], folder: str = "VOC") -> Path:
    """Write a tar with these files in VOCdevkit/`folder`, in the given order."""
    write_archive(path, [PackedFile(f"VOCdevkit/{folder}/{name}", content) for name, content in files.items()])
    return path


def make_set(path: Path, split: str, count: int, folder: str = "VOC") -> Path:
    """Write an archive with an image set `split` of `count` correct pictures, with the ids 000001, 000002 and so on."""
    ids = [f"{number:06d}" for number in range(1, count + 1)]
    files = {f"Annotations/{id}.xml": annotation(CAT, id=id) for id in ids}
    files |= {f"ImageSets/Main/{split}.txt": "".join(f"{id}\n" for id in ids).encode()}
    files |= {f"JPEGImages/{id}.jpg": encoded(picture()) for id in ids}
    return make_archive(path, files, folder)
