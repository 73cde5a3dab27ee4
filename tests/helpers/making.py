"""Small VOC archives, right ones and wrong ones."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from octet.sources.packing.tar import PackedFile, write_archive
from octet.sources.voc.annotation import Annotation, Object, serialize

WIDTH, HEIGHT = 50, 40
CAT = Object("cat", (10, 5, 30, 20))


def picture(size: tuple[int, int] = (WIDTH, HEIGHT), mode: str = "RGB") -> Image.Image:
    """A picture that is dark on its left and bright on its right, and not evenly so."""
    width, height = size
    ramp = np.linspace(0, 235, width, dtype=np.uint8)[None].repeat(height, axis=0)
    pixels = np.stack([ramp, ramp // 2, 255 - ramp], axis=2)
    return Image.fromarray(pixels).convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", orientation: int = 1) -> bytes:
    """The bytes of a file, with the camera's orientation noted in it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    image.save(file, kind, **({} if orientation == 1 else {"exif": exif}))
    return file.getvalue()


def annotation(
    *objects: Object, size: tuple[int, int] = (WIDTH, HEIGHT), id: str = "000001", folder: str = "VOC"
) -> bytes:
    return serialize(Annotation(id, folder, *size, objects))


def make_archive(path: Path, files: Mapping[str, bytes], folder: str = "VOC") -> Path:
    """A tar whose members lie in VOCdevkit/VOC, in the order in which they are told."""
    write_archive(path, [PackedFile(f"VOCdevkit/{folder}/{name}", content) for name, content in files.items()])
    return path


def make_set(path: Path, split: str, count: int, folder: str = "VOC") -> Path:
    """An archive with an image set of whole pictures, 000001 and on."""
    ids = [f"{number:06d}" for number in range(1, count + 1)]
    files = {f"Annotations/{id}.xml": annotation(CAT, id=id) for id in ids}
    files |= {f"ImageSets/Main/{split}.txt": "".join(f"{id}\n" for id in ids).encode()}
    files |= {f"JPEGImages/{id}.jpg": encoded(picture()) for id in ids}
    return make_archive(path, files, folder)
