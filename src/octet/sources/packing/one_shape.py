"""Render pictures of one shape each, in folders that are named like the shapes; the seed determines every byte."""

from collections.abc import Iterator, Mapping
from functools import partial

from octet.common.progress import Progress
from octet.common.workers import parallel_map
from octet.sources.packing.shapes import FOLDER, render_picture
from octet.sources.packing.tar import PackedFile


def one_shape_members(seed: int, counts: Mapping[str, int], side: int) -> Iterator[PackedFile]:
    """Yield the members of the archive: SHAPES/SPLIT/SHAPE/NUMBER.jpg.

    `counts` maps splits to their number of pictures; `side` is the longer side of a picture in pixels.
    """
    splits = [split for split, count in counts.items() for _ in range(count)]
    ids = [f"{number:06d}" for number in range(1, len(splits) + 1)]
    render = partial(render_picture, seed, side, several=False)
    with Progress("render", len(ids), "pictures") as progress:
        for split, (jpeg, annotation) in zip(splits, progress.count(parallel_map(render, ids)), strict=True):
            yield PackedFile(f"{FOLDER}/{split}/{annotation.objects[0].name}/{annotation.id}.jpg", jpeg)
