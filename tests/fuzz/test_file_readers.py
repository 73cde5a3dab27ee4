"""Every reader of what Octet made itself, and somebody may have changed, reads it or refuses it in words."""

import io
import json
import zipfile
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT
from fuzz.damage import damaged, fuzz
from helpers.making import encoded, picture
from octet.backbones._weights import read_weights
from octet.commands.sharing.listing import read_listing
from octet.common.errors import UserError
from octet.common.tensorflow import tf
from octet.data.reading.records import read_pictures
from octet.data.writing.records import serialize_example, write_split
from octet.recipe.shared.load import load_recipe
from octet.tflite.files.flat_tables import Schema
from octet.tflite.files.metadata import read_metadata_labels
from octet.training.checkpoints import Checkpoints

JPEG = encoded(picture())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which each example writes its file over the last one's."""
    return tmp_path_factory.mktemp("fuzz")


# --- recipes ----------------------------------------------------------------------------------------------------------

QUICKSTART = yaml.safe_dump({"quickstart": yaml.safe_load((ROOT / "params.yaml").read_text())["quickstart"]}).encode()
BOMB = b"a: &a [x, x]\nb: &b [*a, *a]\nquickstart: &c {task: *b}\n"


@fuzz(1500)
@given(content=damaged([QUICKSTART, BOMB], [b"nan", b"-1", b"1e400", b"null", b"!!python/name:os.system", b"*a", b"{"]))
def test_recipes(folder: Path, content: bytes) -> None:
    params = folder / "params.yaml"
    params.write_bytes(content)
    try:
        load_recipe("quickstart", params)
    except UserError as error:
        assert str(params) in str(error)
        assert len(str(error)) < 10_000


# --- lists of a remote's files ----------------------------------------------------------------------------------------

LISTING = [{"md5": "0" * 32, "relpath": "weights.h5"}, {"md5": "1" * 32, "relpath": "a/history.csv"}]
PLACES = [b"../", b"/", b"\\\\", b"\\u0000", b"C:", b".", b".git/hooks/", b"weights.h5/a", b"null", b"NaN"]


@fuzz(5000)
@given(content=damaged([json.dumps(LISTING).encode()], PLACES))
def test_listings(folder: Path, content: bytes) -> None:
    file, outside = folder / "list", folder.resolve()
    file.write_bytes(content)
    try:
        files = read_listing(file, "models/quickstart/float", 2)
    except UserError as error:
        assert "models/quickstart/float" in str(error)
        return
    for path in files:
        assert (outside / path).resolve().is_relative_to(outside)
        assert path.isprintable()
        assert ".git" not in path.lower().split("/")
    assert len({Path(path) for path in files}) == 2


# --- records and checkpoints ------------------------------------------------------------------------------------------

IDS = ["a", "b", "c"]
SHARD, CHECKPOINT = "train-00000-of-00001.tfrecord", "step-000000005.checkpoint"


@pytest.fixture(scope="module")
def shard(folder: Path) -> bytes:
    """The content of a file of three records."""
    write_split(folder, "train", 1, [serialize_example({"id": id, "jpeg": JPEG}) for id in IDS])
    return (folder / SHARD).read_bytes()


@fuzz(1000)
@given(data=st.data())
def test_records(folder: Path, shard: bytes, data: st.DataObject) -> None:
    (folder / SHARD).write_bytes(data.draw(damaged([shard], [b"\xff" * 8])))
    try:
        ids = [id for id, _ in read_pictures(folder, "train")]
    except UserError as error:
        assert str(folder) in str(error)
        return
    assert set(ids) <= set(IDS)  # a whole record may be gone or stand there twice, but none has changed


@pytest.fixture(scope="module")
def checkpoint(folder: Path) -> bytes:
    """The content of a checkpoint of three numbers."""
    Checkpoints(folder, "t", {"weights": [tf.Variable([1.0, 2.0, 3.0])]}).save(5, {}, best=b"weights")
    return (folder / CHECKPOINT).read_bytes()


@fuzz(1500)
@given(data=st.data())
def test_checkpoints(folder: Path, checkpoint: bytes, data: st.DataObject) -> None:
    content = data.draw(damaged([checkpoint]))
    (folder / CHECKPOINT).write_bytes(content)
    numbers = tf.Variable([0.0, 0.0, 0.0])
    restored = Checkpoints(folder, "t", {"weights": [numbers]}).restore()
    assert (restored is not None) == (content == checkpoint)
    assert numbers.numpy().tolist() == ([1, 2, 3] if restored else [0, 0, 0])


# --- what a .tflite file tells of itself ------------------------------------------------------------------------------

MODEL = b"a model"
ZIPS = [b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", "\u202e".encode(), b"\n" * 64]


def with_labels(compression: int) -> bytes:
    file = io.BytesIO(MODEL)
    with zipfile.ZipFile(file, "a", compression) as archive:
        archive.writestr("labels.txt", "cat\ndog\n")
    return file.getvalue()


@fuzz(3000)
@given(content=damaged([with_labels(zipfile.ZIP_STORED), with_labels(zipfile.ZIP_DEFLATED)], ZIPS))
def test_labels(folder: Path, content: bytes) -> None:
    file = folder / "a.tflite"
    file.write_bytes(content)
    try:
        labels = read_metadata_labels(file)
    except UserError as error:
        assert str(file) in str(error)
        return
    assert all(label.isprintable() and len(label) <= 200 for label in labels or ())


TABLES = Schema("Root: name string, one Left|Right, many [Left]  Left: x float  Right: words [string], inner [Root]")
VALUES = {"name": "a", "one": {"Right": {"words": ["b", "c"], "inner": [{"name": "d"}, {}]}}, "many": [{"x": 1.5}, {}]}


@fuzz(4000)
@given(content=damaged([TABLES.to_bytes("Root", VALUES, b"TEST")], [b"\xff\xff\xff\x7f", b"\4\0\0\0"]))
def test_tables(content: bytes) -> None:
    """Whoever opens a model takes any error for a file that is no model; what counts is that reading ends soon."""
    read = {}
    with suppress(Exception):
        read = TABLES.from_bytes("Root", content)
    assert len(json.dumps(read)) <= 2 + 100 * len(content)


# --- weights ----------------------------------------------------------------------------------------------------------

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture(scope="module")
def weights(folder: Path) -> bytes:
    """The content of a file of pre-trained weights, of one layer."""
    with h5py.File(folder / "weights.h5", "w") as file:
        file["conv/conv/kernel:0"] = KERNEL
    return (folder / "weights.h5").read_bytes()


@fuzz(1500)
@given(data=st.data())
def test_weights(folder: Path, weights: bytes, data: st.DataObject) -> None:
    (folder / "weights.h5").write_bytes(data.draw(damaged([weights], [b"kernel:0", b"\xff" * 8])))
    try:
        with h5py.File(folder / "weights.h5") as file:
            (kernel,) = read_weights(file, "conv", {"kernel:0": KERNEL.shape})
    except (OSError, KeyError, ValueError, TypeError, RuntimeError):  # which the backbone tells of in words
        return
    assert kernel.shape == KERNEL.shape
    assert np.isfinite(kernel).all()
