"""The speed of preprocessing and of training's input, beside that of decoding the same JPEGs, which both must do."""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from octet.common import device
from octet.common.machine import cores
from octet.common.tensorflow import tf
from octet.common.workers import parallel_map
from octet.data.reading.examples import read_split
from octet.data.reading.pictures import decode_jpeg, picture_batches, with_pipeline_options
from octet.data.reading.records import read_class_names
from octet.data.writing.records import write_split
from octet.recipe.shared.recipe import Recipe
from octet.sources.reading.tar import Member, Tars
from octet.sources.voc.layout import MOST_BYTES, PICTURE_SUFFIXES, PICTURES
from octet.tasks import registry

_JPEG = (".jpg", ".jpeg")
_SPLITS = ("train", "val", "test")


def preparation_rates(recipe: Recipe, archives: Path) -> dict[str, float]:
    """Pictures a second from the archives: decoding alone, and all of preprocessing."""
    paths = sorted(archives.iterdir())
    with Tars(paths, lambda name, _: MOST_BYTES[PICTURES] if name.lower().endswith(PICTURE_SUFFIXES) else 0) as tars:
        files = [member for _, member in tars.members]
        pictures = [file for file in files if file.name.lower().endswith(_JPEG)] or files  # VOC has others beside them
        for picture in pictures:  # so that the archives are in memory for both measurements
            picture.read()
        decoding = items_per_second(parallel_map(_decode, pictures))
    with registry.preparing(recipe).open(paths) as source, TemporaryDirectory() as scratch:
        start = time.perf_counter()
        for split in _SPLITS:
            write_split(Path(scratch), split, recipe.dataset.shards, filter(None, source.examples(split)))
        return {"decode": decoding, "preprocess": len(source) / (time.perf_counter() - start)}


def input_rates(recipe: Recipe, records: Path) -> dict[str, float]:
    """Pictures a second from the records: decoding alone, and all of training's input."""
    device.use("cpu")
    plan = recipe.train_float.model_copy(update={"epochs": 1})
    decoded = with_pipeline_options(
        read_split(records, "train").map(lambda example: decode_jpeg(example["jpeg"]), num_parallel_calls=cores())
    ).prefetch(4)
    batches = registry.learning(recipe, read_class_names(records)).batches(records, plan, 0)
    return {"decode": items_per_second(decoded), "training input": plan.batch * items_per_second(batches)}


def full_batches(records: Path, side: int, batch: int, count: int) -> tf.data.Dataset:
    """So many batches of test pictures, all of the same size: after the last picture comes the first again."""
    return picture_batches(records, "test", side, batch).repeat().rebatch(batch).take(count)


def items_per_second(items: Iterable[object]) -> float:
    """How many items come in a second, after the first one."""
    iterator = iter(items)
    next(iterator)
    start = time.perf_counter()
    count = sum(1 for _ in iterator)
    return count / (time.perf_counter() - start)


def _decode(picture: Member) -> None:
    with suppress(cv2.error):  # an empty file
        cv2.imdecode(np.frombuffer(picture.read(), np.uint8), cv2.IMREAD_COLOR)
