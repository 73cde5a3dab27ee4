"""Records keep their content, and augmentation keeps the boxes on the objects."""

import os
import struct
import tracemalloc
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import tiny_params
from octet.common.determinism import make_deterministic
from octet.common.errors import UserError
from octet.common.tensorflow import tf
from octet.data.augmentation.augment import augment
from octet.data.augmentation.batches import Example, Part, training_batches
from octet.data.reading.calibration import calibration_pictures
from octet.data.reading.check_sums import masked_check_sums
from octet.data.reading.pictures import picture_batches
from octet.data.reading.pixel_scale import BRIGHTEST, DARKEST
from octet.data.reading.pixels import normalize
from octet.data.reading.records import count_records, read_class_names
from octet.data.writing.records import serialize_example, write_split
from octet.recipe.detection import TrainFloat
from octet.recipe.shared.recipe import Augmentation
from octet.sources.packing import shapes
from octet.sources.voc.annotation import Annotation, Object
from octet.tasks.detection.learning.examples import kept_objects, objects_in_view, read_examples
from octet.tasks.detection.metric.truths import read_truths
from octet.tasks.detection.preparing.example import to_example

NO_LIGHT = {"contrast": 0.0, "brightness": 0.0, "colour": 0.0}
STILL = Augmentation(min_window=1.0, max_window=1.0, max_stretch=1.0, flip=0.0, erase=0.0, **NO_LIGHT)
LIVELY = Augmentation(min_window=0.5, max_window=1.5, max_stretch=1.5, flip=0.5, erase=0.0, **NO_LIGHT)


def plan(**changes: object) -> TrainFloat:
    """Make the plan of a training on the seven pictures of the records, in batches of three."""
    keys = {**tiny_params()["quickstart"]["train_float"], "epochs": 3, "batch": 3, "augmentation": LIVELY.model_dump()}
    return TrainFloat.model_validate({**keys, **changes})


def jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()


@pytest.fixture
def records(tmp_path: Path) -> Path:
    rendered = [shapes.render_picture(5, 96, f"{number:06d}") for number in range(1, 8)]
    write_split(
        tmp_path, "train", 3, [to_example(annotation, picture, shapes.CLASSES) for picture, annotation in rendered]
    )
    return tmp_path


def test_records_hold_vocs_pixels(tmp_path: Path) -> None:
    blank = jpeg(np.zeros((40, 50, 3), np.uint8))
    objects = (Object("b", (1, 1, 50, 40), difficult=True), Object("a", (11, 21, 20, 40)))
    annotations = [Annotation("x", "V", 50, 40, objects), Annotation("y", "V", 50, 40, ())]
    write_split(tmp_path, "test", 1, [to_example(annotation, blank, ["a", "b"]) for annotation in annotations])
    first, second = read_truths(tmp_path, "test")
    assert (first.id, second.id) == ("x", "y")
    np.testing.assert_allclose(first.boxes.ravel(), np.array([0, 0, 1, 1, 0.5, 0.2, 1, 0.4]))
    assert first.classes.tolist() == [1, 0]
    assert first.difficult.tolist() == [True, False]
    assert second.boxes.shape == (0, 4)


def test_shards_read_back_in_order(records: Path) -> None:
    assert count_records(records, "train") == 7
    assert [truth.id for truth in read_truths(records, "train")] == [f"{number:06d}" for number in range(1, 8)]


def test_fewer_pictures_than_shards_read_back(tmp_path: Path) -> None:
    picture, annotation = shapes.render_picture(5, 96, "000001")
    write_split(tmp_path, "val", 3, [to_example(annotation, picture, shapes.CLASSES)])
    assert len(list(tmp_path.glob("val-*"))) == 3
    assert [truth.id for truth in read_truths(tmp_path, "val")] == ["000001"]


def test_grey_pictures_calibrate_an_input_of_all_pixels(tmp_path: Path) -> None:
    grey = jpeg(np.full((64, 64, 3), 100, np.uint8))
    annotations = [Annotation(name, "V", 64, 64, ()) for name in ("x", "y", "z")]
    write_split(tmp_path, "train", 1, [to_example(annotation, grey, ["a"]) for annotation in annotations])
    first, second = calibration_pictures(tmp_path, 32, count=2)
    assert (first.min(), first.max()) == (DARKEST, BRIGHTEST)
    assert np.count_nonzero(first != second) == 2 * 3  # two pixels; the rest of the pictures is as it was


def test_both_readers_read_the_same(records: Path) -> None:
    for truth, example in zip(
        read_truths(records, "train"), read_examples(records, "train").as_numpy_iterator(), strict=True
    ):
        assert (truth.id, truth.width, truth.height) == (example["id"].decode(), example["width"], example["height"])
        np.testing.assert_array_equal(truth.boxes, example["boxes"])
        np.testing.assert_array_equal(truth.classes, example["classes"])
        np.testing.assert_array_equal(truth.difficult, example["difficult"])


@pytest.mark.parametrize(
    ("message", "check_sum"),
    [(b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"", 0), (bytes(range(32)), 0x46DD794E)],  # RFC 3720's
)
def test_check_sums_are_those_of_the_standard(message: bytes, check_sum: int) -> None:
    several = [b"a longer message, so that the others end before it does", message, b"x"]
    masked = ((check_sum >> 15 | check_sum << 17) + 0xA282EAD8) % (1 << 32)
    assert masked_check_sums(several)[1] == masked


def test_check_sums_of_messages_of_all_lengths_are_those_that_tensorflow_writes(tmp_path: Path) -> None:
    numbers = np.random.default_rng(1)
    lengths = [*range(10), 1023, 1024, 1025, 2047, 2048, 2049, 100_000, *numbers.integers(0, 5000, 200)]
    messages = [numbers.bytes(length) for length in lengths]
    with tf.io.TFRecordWriter(str(tmp_path / "records")) as writer:
        for message in messages:
            writer.write(message)
    content, written, place = (tmp_path / "records").read_bytes(), [], 0
    for message in messages:
        place += 12 + len(message)
        written.append(int.from_bytes(content[place : place + 4], "little"))
        place += 4
    assert masked_check_sums(messages).tolist() == written
    assert masked_check_sums([]).tolist() == []


def test_a_large_record_costs_no_more_memory_than_it_has() -> None:
    """Among small ones, which must not be made as large."""
    messages = [bytes(20_000_000), *[bytes(1000)] * 500]
    tracemalloc.start()
    masked_check_sums(messages)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * sum(map(len, messages))


@pytest.mark.parametrize(
    ("content", "is_read"), [("caf\ufffd\n".encode(), True), (b"caf\xe9\n", False), (b"cat", False)]
)
def test_labels_are_text_and_whole(tmp_path: Path, content: bytes, is_read: bool) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    with nullcontext() if is_read else pytest.raises(UserError, match="holds no class names"):
        assert read_class_names(tmp_path) == (content.decode().strip(),)


def test_a_missing_shard_is_reported(records: Path) -> None:
    (records / "train-00001-of-00003.tfrecord").unlink()
    with pytest.raises(UserError, match="train split has 2 shards"):
        read_truths(records, "train")


SECOND = "train-00001-of-00003.tfrecord"  # with two of the seven pictures


def cut(shard: Path) -> None:
    os.truncate(shard, shard.stat().st_size - 5)


def cut_between_records(shard: Path) -> None:
    (length,) = struct.unpack("<Q", shard.read_bytes()[:8])
    os.truncate(shard, 12 + length + 4)


def empty(shard: Path) -> None:
    os.truncate(shard, 0)


def flip_a_bit(shard: Path) -> None:
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)


def claim(length: int, shard: Path) -> None:
    content = shard.read_bytes()
    shard.write_bytes(struct.pack("<Q", length) + content[8:])


def other_examples(shard: Path, **features: np.ndarray | bytes) -> None:
    write_split(shard.parent, "train", 3, [serialize_example(features)] * 7)


@pytest.mark.parametrize("read", [read_examples, read_truths])
@pytest.mark.parametrize(
    "damage",
    [
        cut,
        cut_between_records,
        empty,
        flip_a_bit,
        partial(claim, 1 << 40),
        partial(claim, (1 << 64) - 1),
        other_examples,
        partial(other_examples, id=np.array([1]), jpeg=b"", width=np.array([1]), height=np.array([1])),
        partial(other_examples, id=b"1", jpeg=b"", width=np.array([0.5]), height=np.array([1])),
    ],
    ids=["cut", "short", "empty", "bit", "long", "longest", "no features", "wrong id", "wrong width"],
)
def test_damaged_records_are_reported(
    records: Path, damage: Callable[[Path], None], read: Callable[[Path, str], object]
) -> None:
    damage(records / SECOND)
    with pytest.raises(UserError, match=f"^{records}.*: run preprocess again$") as error:
        read(records, "train")
    assert len(str(error.value).splitlines()) == 1


def test_a_split_without_pictures_is_reported(tmp_path: Path) -> None:
    write_split(tmp_path, "train", 3, [])
    with pytest.raises(UserError, match="the train split has no pictures: run preprocess again"):
        read_examples(tmp_path, "train")


@pytest.mark.parametrize("content", [b"", b"cat\ndo", b"cat\n\xff\n", b"cat\n\ndog\n", b"\n", b"cat\ncat\n"])
def test_damaged_class_names_are_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "labels.txt").write_bytes(content)
    with pytest.raises(UserError, match=r"labels\.txt holds no class names: run preprocess again"):
        read_class_names(tmp_path)


def test_a_step_depends_only_on_its_number_and_the_seed(records: Path) -> None:
    make_deterministic(0)

    def steps(start: int, seed: int = 0, epochs: float = 3) -> list[bytes]:
        examples, pictures = read_examples(records, "train"), count_records(records, "train")
        batches = training_batches(examples, pictures, plan(seed=seed, epochs=epochs), start, Part(), prepare)
        return [
            b"".join([*ids, *(tensor.tobytes() for tensor in (batch, *targets))])
            for ids, batch, targets in batches.as_numpy_iterator()
        ]

    def prepare(example: Example, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tuple[tf.Tensor, ...]]:
        sides = tf.cast(tf.stack([example["height"], example["width"]]), tf.float32)
        picture, view = augment(example["jpeg"], sides, seed, 64, LIVELY)
        boxes, classes = objects_in_view(example["boxes"], example["classes"], view, 64)
        return example["id"], picture, (tf.reduce_sum(boxes), tf.size(classes))

    all_steps = steps(0)
    assert len(all_steps) == 6  # three epochs: seven pictures are two batches of three
    for start in range(1, 7):
        assert steps(start) == all_steps[start:]
    assert len(set(all_steps)) == 6
    assert steps(0, seed=2) != all_steps
    assert steps(0, epochs=1.5) == all_steps[:3]
    assert steps(2, epochs=1.5) == all_steps[2:3]


@pytest.mark.parametrize(
    ("difficult", "truncated", "kept"),
    [(True, True, [0, 1, 2, 3]), (False, True, [0, 2]), (True, False, [0, 1]), (False, False, [0])],
)
def test_training_uses_the_objects_that_its_plan_keeps(
    tmp_path: Path, difficult: bool, truncated: bool, kept: list[int]
) -> None:
    names = ["plain", "hard", "cut", "both"]
    flags = [(False, False), (True, False), (False, True), (True, True)]
    objects = tuple(Object(name, (10, 10, 90, 90), *flag) for name, flag in zip(names, flags, strict=True))
    example = to_example(Annotation("x", "V", 99, 99, objects), jpeg(np.zeros((99, 99, 3), np.uint8)), names)
    write_split(tmp_path, "train", 1, [example])
    training = plan(keep_difficult=difficult, keep_truncated=truncated)
    boxes, classes = kept_objects(next(iter(read_examples(tmp_path, "train"))), training)
    assert classes.numpy().tolist() == kept
    assert boxes.shape == (len(kept), 4)
    assert len(read_truths(tmp_path, "train")[0].classes) == 4  # scoring uses all objects


def test_evaluation_uses_raw_pixels(records: Path) -> None:
    (batch,) = picture_batches(records, "train", 64, 32).as_numpy_iterator()
    assert batch.shape == (7, 64, 64, 3)
    assert batch.dtype == np.uint8
    assert normalize(np.array([0, 128, 255])).numpy().tolist() == [-1.0, 0.0, 127 / 128]


def augmented(
    picture: np.ndarray, boxes: tf.Tensor, seed: list[int], size: int, config: Augmentation
) -> list[np.ndarray]:
    """Augment a picture with boxes [G, 4] of the classes 4, 5 and so on; return picture, boxes and classes."""
    classes = tf.range(4, 4 + len(boxes), dtype=tf.int64)
    sides = tf.constant(picture.shape[:2], tf.float32)
    pixels, view = augment(jpeg(picture), sides, tf.constant(seed), size, config)
    return [tensor.numpy() for tensor in (pixels, *objects_in_view(boxes, classes, view, size))]


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_a_window_smaller_than_a_pixel_shows_that_pixel(seed: int) -> None:
    tiny = LIVELY.model_copy(update={"min_window": 0.001, "max_window": 0.002})
    pixels, _, _ = augmented(np.full((120, 160, 3), 128, np.uint8), tf.constant([[0.0, 0, 1, 1]]), [9, seed], 64, tiny)
    np.testing.assert_allclose(pixels, 0, atol=0.01)


@pytest.mark.parametrize("seed", range(20))
def test_boxes_stay_on_their_objects(seed: int) -> None:
    """A white rectangle on black is inside its box after any augmentation."""
    picture = np.zeros((100, 80, 3), np.uint8)
    picture[30:60, 20:50] = 255
    pixels, boxes, classes = augmented(picture, tf.constant([[0.3, 0.25, 0.6, 0.625]]), [9, seed], 128, LIVELY)
    white = pixels[..., 0] > 0.5
    if not len(boxes):
        assert white.mean() < 0.15  # the centre left the window
        return
    rows, columns = np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))
    visible = np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1]) / 128
    np.testing.assert_allclose(boxes[0], visible, atol=0.02)
    assert classes.tolist() == [4]


WHOLE = [0.0, 0.0, 1.0, 1.0]  # kept as long as the window contains the centre of the picture


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_boxes_go_through_augmentation_and_back(seed: int, flips: bool) -> None:
    """The augmented box of the whole picture tells how to map any other box back."""
    zoom_out = {"min_window": 1.0, "max_window": 1.6, "flip": float(flips)}
    config = Augmentation.model_validate({**LIVELY.model_dump(), **zoom_out, "max_stretch": 1.0})
    low = np.random.default_rng(seed).uniform(0, 0.6, (5, 2))
    boxes = np.concatenate([low, low + np.random.default_rng(seed + 1).uniform(0.05, 0.4, (5, 2))], axis=1)
    originals = tf.constant([WHOLE, *boxes], tf.float32)
    _, (whole_picture, *moved), _ = augmented(np.zeros((90, 70, 3), np.uint8), originals, [7, seed], 128, config)
    top, left, bottom, right = whole_picture
    scale = np.tile([bottom - top, right - left], 2)
    back = (np.array(moved) - [top, left, top, left]) / scale
    if flips:
        back = np.stack([back[:, 0], 1 - back[:, 3], back[:, 2], 1 - back[:, 1]], axis=1)
    np.testing.assert_allclose(back, boxes, atol=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000))
def test_boxes_are_clipped_to_the_window(seed: int) -> None:
    zoom_in = LIVELY.model_copy(update={"min_window": 0.3, "max_window": 0.6})
    low = np.random.default_rng(seed).uniform(0, 0.6, (20, 2))
    boxes = np.concatenate([low, low + 0.3], axis=1).astype(np.float32)
    _, clipped, classes = augmented(np.zeros((90, 70, 3), np.uint8), tf.constant(boxes), [8, seed], 128, zoom_in)
    assert len(clipped) == len(classes)
    assert ((clipped >= 0) & (clipped <= 1)).all()
    assert (clipped[:, 2:] > clipped[:, :2]).all()


@pytest.mark.parametrize("side", [1, 2, 3])
def test_a_picture_of_a_few_pixels_has_a_window_in_it(side: int) -> None:
    for seed in range(300):
        picture, *_ = augmented(np.zeros((side, side, 3), np.uint8), tf.zeros([0, 4]), [3, seed], 32, LIVELY)
        assert picture.shape == (32, 32, 3)


def test_zooming_out_adds_a_grey_margin() -> None:
    zoom_out = LIVELY.model_copy(update={"min_window": 1.5, "max_window": 1.5, "max_stretch": 1.0})
    picture, *_ = augmented(np.zeros((60, 60, 3), np.uint8), tf.zeros([0, 4]), [1, 2], 90, zoom_out)
    black = picture.max(axis=2) < -0.9
    assert black.sum() == 60 * 60
    assert (picture[~black] == 0).all()


def test_erasing_paints_a_grey_rectangle_and_keeps_the_boxes() -> None:
    erasing = STILL.model_copy(update={"erase": 0.5})
    boxes, shares = [[0.1, 0.2, 0.3, 0.4]], []
    for seed in range(40):
        picture, kept, _ = augmented(np.zeros((64, 64, 3), np.uint8), tf.constant(boxes), [5, seed], 64, erasing)
        np.testing.assert_allclose(kept, boxes, atol=1e-6)
        grey = (picture == 0).all(axis=2)
        assert (picture[~grey] == -1).all()
        rows, columns = grey.any(axis=1), grey.any(axis=0)
        assert (grey == rows[:, None] & columns).all()
        assert all(np.diff(np.flatnonzero(side)).max(initial=1) == 1 for side in (rows, columns))
        shares.append(grey.mean())
    erased = [share for share in shares if share]
    assert 10 < len(erased) < 30
    assert min(erased) > 0.01
    assert 0.1 < max(erased) < 0.25


def test_without_augmentation_training_and_scoring_use_the_same_pixels(records: Path) -> None:
    """Training normalizes the pixels; the boxes are not changed."""
    example = next(iter(read_examples(records, "train")))
    sides = tf.cast(tf.stack([example["height"], example["width"]]), tf.float32)
    same, view = augment(example["jpeg"], sides, tf.constant([1, 1]), 64, STILL)
    kept, _ = objects_in_view(example["boxes"], example["classes"], view, 64)
    scored = next(iter(picture_batches(records, "train", 64, 1)))[0]
    np.testing.assert_allclose(same, normalize(scored), atol=0.6 / 128)  # scoring rounds its pixels
    np.testing.assert_allclose(kept, example["boxes"], atol=1e-6)


def test_changes_of_light_keep_pixels_in_the_range_of_a_byte() -> None:
    """The input range of the quantized network is that of a byte, and training must not exceed it."""
    lit = STILL.model_copy(update={"contrast": 1.0, "brightness": 1.0})
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    pixels = np.concatenate([augmented(picture, tf.zeros([0, 4]), [3, seed], 64, lit)[0] for seed in range(8)])
    assert (pixels.min(), pixels.max()) == (normalize(0).numpy(), normalize(255).numpy())


def test_changes_of_light_change_only_pixels() -> None:
    lit = STILL.model_copy(update={"contrast": 0.5, "brightness": 0.2, "colour": 0.2})
    picture = np.random.default_rng(0).integers(118, 138, (64, 64, 3), np.uint8)
    plain, changed = (
        augmented(picture, tf.constant([[0.1, 0.2, 0.3, 0.4]]), [3, 4], 64, config) for config in (STILL, lit)
    )
    np.testing.assert_array_equal(plain[1], changed[1])
    gains = [np.polyfit(plain[0][..., channel].ravel(), changed[0][..., channel].ravel(), 1) for channel in range(3)]
    for channel, (gain, offset) in enumerate(gains):
        expected = plain[0][..., channel] * gain + offset
        np.testing.assert_allclose(changed[0][..., channel], expected.clip(-1, 127 / 128), atol=1e-4)
        assert 0.4 <= gain <= 1.8
    assert len({round(float(gain), 4) for gain, _ in gains}) == 3
