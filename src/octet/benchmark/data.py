"""Preprocessing and training's input against decoding the same JPEGs, which neither can do without."""

import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import simplejpeg

from octet import device
from octet.dataset.pipeline import decode, training_batches, with_options
from octet.dataset.preparation import prepare, usable
from octet.dataset.records import read_labels, read_split, write_split
from octet.dataset.summary import Summary
from octet.machine import cores
from octet.recipe import Recipe
from octet.tensorflow import tf
from octet.training.run import make_batches
from octet.voc.archive import Archives, Entry
from octet.voc.split import assign
from octet.workers import in_order


def preparation_rates(recipe: Recipe, archives: Path, records: Path) -> dict[str, float]:
    """Pictures a second, from the archives."""
    with Archives(sorted(archives.glob("*.tar"))) as voc, TemporaryDirectory() as scratch:
        splits, _ = assign(voc, recipe.dataset.splits)
        entries = [entry for of in splits.values() for entry in of]
        classes = read_labels(records)
        for entry in entries:  # so that both find the archive in memory
            _read(entry)
        decoding = rate(in_order(_decode, entries))
        examples = usable(prepare(entries, classes), Summary(classes), [])
        start = time.perf_counter()
        write_split(Path(scratch), "all", recipe.dataset.shards, examples)
        return {"decode": decoding, "preprocess": len(entries) / (time.perf_counter() - start)}


def input_rates(recipe: Recipe, records: Path) -> dict[str, float]:
    """Pictures a second, from the records, as training takes them."""
    device.use("cpu")
    plan, size = recipe.train_float, recipe.model.input_size
    alone = with_options(
        read_split(records, "train").map(lambda example: decode(example["jpeg"]), num_parallel_calls=cores())
    ).prefetch(4)
    one_epoch = plan.model_copy(update={"epochs": 1})
    batches = training_batches(records, size, one_epoch, 0, lambda _, classes: (tf.size(classes),))
    with_targets = make_batches(records, recipe.model, one_epoch, 0)
    return {
        "decode": rate(alone),
        "training input": plan.batch * rate(batches),
        "with targets": plan.batch * rate(with_targets),
    }


def rate(items: Iterable[object]) -> float:
    """Items a second, from the first that came on."""
    iterator = iter(items)
    next(iterator)
    start = time.perf_counter()
    count = sum(1 for _ in iterator)
    return count / (time.perf_counter() - start)


def _read(entry: Entry) -> bytes:
    return entry.pictures[0].read() if entry.pictures else b""


def _decode(entry: Entry) -> None:
    with suppress(ValueError):  # what is no whole JPEG is soon done with
        simplejpeg.decode_jpeg(_read(entry))
