"""The parts of a batch that replicas compute, in one process or several, are together the batch of one device."""

from pathlib import Path

import numpy as np
import pytest

from conftest import tiny_params
from octet.common.errors import UserError
from octet.common.tensorflow import tf
from octet.data.augmentation.batches import WHOLE, Example, Part, open_examples, training_batches
from octet.data.reading.examples import NumberedExamples, read_split
from octet.data.reading.records import count_records
from octet.data.writing.records import serialize_example, write_split
from octet.recipe.detection import TrainFloat

PICTURES, BATCH = 27, 8  # three steps an epoch, and three pictures left over


def plan(micro_batches: int) -> TrainFloat:
    keys = {"epochs": 2, "batch": BATCH, "micro_batches": micro_batches}
    return TrainFloat.model_validate({**tiny_params()["quickstart"]["train_float"], **keys})


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    examples = [serialize_example({"id": f"{number:03d}", "jpeg": b"jpeg"}) for number in range(PICTURES)]
    write_split(folder, "train", 4, examples)
    return folder


def steps(records: Path, part: Part, micro_batches: int = 1, start: int = 0) -> list[tuple[list[bytes], list[int]]]:
    """The ids and the last numbers of the seeds of all batches of a part."""

    def prepare(example: Example, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        return example["id"], seed, ()

    examples, _ = open_examples(lambda: read_split(records, "train"), lambda: NumberedExamples(records, "train"), part)
    count = count_records(records, "train")
    batches = training_batches(examples, count, plan(micro_batches), start, part, prepare)
    return [(ids.tolist(), seeds[:, 1].tolist()) for ids, seeds, _ in batches.as_numpy_iterator()]


@pytest.mark.parametrize("micro_batches", [1, 2])
@pytest.mark.parametrize("start", [0, 4])
def test_replicas_share_every_micro_batch(records: Path, micro_batches: int, start: int) -> None:
    whole = steps(records, WHOLE, micro_batches, start)
    assert len(whole) == 6 - start
    apart = [steps(records, Part(4, replica, 1), micro_batches, start) for replica in range(4)]
    in_pairs = [steps(records, Part(4, first, 2), micro_batches, start) for first in (0, 2)]
    together = steps(records, Part(4, 0, 4), micro_batches, start)
    for step, batch in enumerate(whole):
        of_replicas = [np.array(column).reshape(micro_batches, 4, -1).swapaxes(0, 1).reshape(4, -1) for column in batch]
        for replica in range(4):
            expected = tuple(column[replica].tolist() for column in of_replicas)
            assert apart[replica][step] == expected
            assert in_pairs[replica // 2][2 * step + replica % 2] == expected
            assert together[4 * step + replica] == expected


def test_a_process_reads_its_share_alone(records: Path, tmp_path: Path) -> None:
    """The records of others may be damaged; of its own none may."""
    for file in records.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    last = tmp_path / "train-00003-of-00004.tfrecord"
    last.write_bytes(last.read_bytes()[:-1] + b"\0")  # of its last record, the number 23
    assert len(list(NumberedExamples(tmp_path, "train").verified_share(0, 2))) == 14
    with pytest.raises(UserError, match="the train split is damaged"):
        NumberedExamples(tmp_path, "train").verified_share(1, 2)


def test_numbers_follow_the_order_of_reading(records: Path) -> None:
    numbered = NumberedExamples(records, "train").verified_share(0, 1)
    assert [example["id"].numpy() for example in numbered] == [f"{number:03d}".encode() for number in range(PICTURES)]
