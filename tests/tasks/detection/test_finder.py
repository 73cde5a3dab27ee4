"""A detector from a stranger: whatever its file holds, it is run within limits, or refused in a line."""

import io
import os
import struct
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from octet.common.errors import UserError
from octet.common.tensorflow import tf, tflite
from octet.tasks.detection.using.part import Finder
from octet.tflite.files.conversion import pack_model, to_float, trace_graph
from octet.tflite.files.metadata import read_metadata_labels

SIDE = 8
PICTURE = np.full((20, 30, 3), 100, np.uint8)
BOXES, CLASSES, SCORES, COUNT = [[[0, 0, 0.5, 0.5], [0, 0, 1, 1]]], [[0, 1]], [[0.9, 0.8]], [2]

Outputs = Sequence[Any]


def write_model(
    file: Path, outputs: Outputs, shape: Sequence[int] = (1, SIDE, SIDE, 3), dtype: Any = tf.float32
) -> Path:
    """Write a model that gives these whatever it sees."""

    def give(pictures: tf.Tensor) -> list[tf.Tensor]:
        nothing = 1e-30 * tf.reduce_sum(tf.cast(pictures, tf.float32))  # or the outputs would need no operator
        return [tf.cast(tf.constant(output, tf.float32) + nothing, dtype) for output in outputs]

    file.write_bytes(to_float(trace_graph(give, (), tf.TensorSpec(shape, tf.uint8, "pictures"))))
    return file


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A detector without labels."""
    return write_model(tmp_path_factory.mktemp("bare") / "bare.tflite", (BOXES, CLASSES, SCORES, COUNT)).read_bytes()


def archive(entries: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as opened:
        for name, content in entries.items():
            opened.writestr(name, content)
    return file.getvalue()


def refusal(run: Callable[[], object]) -> str:
    with pytest.raises(UserError) as error:
        run()
    (line,) = str(error.value).splitlines()
    assert line.isprintable()
    return line


def test_labels_in_the_file(bare: bytes, tmp_path: Path) -> None:
    """Whatever the name of their file, it is read and not unpacked."""
    file = tmp_path / "model.tflite"
    for name in ("labels.txt", "../labels.txt", "/labels.txt"):
        file.write_bytes(bare + archive({"vocabulary.bin": b"x", name: "cat\r\nd\u00f6g\n".encode()}))
        assert [of.label for of in Finder(file)(PICTURE)] == ["cat", "d\u00f6g"]
    assert list(tmp_path.iterdir()) == [file]


def archived(labels: bytes, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    return archive({"labels.txt": labels}, compression)


def damaged(content: bytes, place: bytes, offset: int) -> bytes:
    changed = bytearray(content)
    changed[changed.index(place) + offset] ^= 1
    return bytes(changed)


LABELS = archived(b"cat\ndog\n", zipfile.ZIP_STORED)
ENCRYPTED = damaged(damaged(LABELS, b"PK\1\2", 8), b"PK\3\4", 6)  # as its flags say
MANY_FILES = archive({f"{number}.bin": b"" for number in range(40_000)})


@pytest.mark.parametrize(
    ("appended", "told"),
    [
        pytest.param(archived(b"cat\nd\xf6g\n"), "its 'labels.txt': byte 5 is not UTF-8", id="Latin 1"),
        pytest.param(archived(bytes(2 * 10**6)), "its 'labels.txt': more than 1,000,000 bytes", id="long"),
        pytest.param(archived(b"x" * 201), "line 1 has 201 letters; expected at most 200", id="long line"),
        pytest.param(archived("a\n\u202egpj.tac".encode()), r"line 2 is '\u202egpj.tac'", id="turned"),
        pytest.param(archived(b"\x1b[2Jcat"), r"line 1 is '\x1b[2Jcat'", id="control"),
        pytest.param(archived(b"a\x0bb"), r"line 1 is 'a\x0bb'", id="no line"),
        pytest.param(archive({"\x1b[2J.txt": b"\xff"}), r"its '\x1b[2J.txt': byte 0 is not UTF-8", id="name"),
        pytest.param(archived(b"cat", zipfile.ZIP_LZMA), "not packed as those", id="LZMA"),
        pytest.param(archived(bytes(10**7), zipfile.ZIP_BZIP2), "not packed as those", id="bzip2"),
        pytest.param(damaged(LABELS, b"cat", 0), "cannot be read: Bad CRC-32 for file 'labels.txt'", id="CRC"),
        pytest.param(ENCRYPTED, "'labels.txt' is encrypted", id="encrypted"),
        pytest.param(damaged(LABELS, b"PK\3\4", 0), "cannot be read: Bad magic number", id="damaged"),
        pytest.param(MANY_FILES, "its list of files has 2,", id="many files"),
        pytest.param(archive({"labels.bin": b"cat"}), "contains no labels", id="no labels"),
        pytest.param(b"", "contains no labels", id="no archive"),
    ],
)
def test_labels_that_are_none(bare: bytes, appended: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(bare + appended)
    line = refusal(lambda: Finder(file))
    assert line.startswith(f"{file}: ") and told in line


def test_labels_that_fill_the_memory_are_not_unpacked(bare: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(bare + archived(bytes(10**8)))
    assert file.stat().st_size < 200_000
    tracemalloc.start()
    told = refusal(lambda: read_metadata_labels(file))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "more than 1,000,000 bytes" in told
    assert most < 10**7


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"cat\nd\xf6g", "byte 5 is not UTF-8; expected a text with one label on each line"),
        (b"cat\n\x9b2J", "byte 4 is not UTF-8"),
        ("\u2066cat".encode(), "line 1 is '\\u2066cat'"),
        (b"\0" * 2 * 10**6, "more than 1,000,000 bytes"),
    ],
    ids=["Latin 1", "C1", "turned", "long"],
)
def test_labels_beside_the_file_that_are_none(bare: bytes, content: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(bare)
    labels = tmp_path / "labels.txt"
    labels.write_bytes(content)
    assert refusal(lambda: Finder(tmp_path / "model.tflite", labels)).startswith(f"{labels}: {told}")


def test_labels_that_nobody_writes_are_not_waited_for(bare: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(bare)
    os.mkfifo(tmp_path / "labels.txt")
    told = refusal(lambda: Finder(tmp_path / "model.tflite", tmp_path / "labels.txt"))
    assert told == f"{tmp_path / 'labels.txt'}: no such file of labels"


def test_a_mark_of_byte_order_is_no_letter(bare: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(bare)
    (tmp_path / "labels.txt").write_bytes("\ufeffcat\r\ndog".encode())
    assert Finder(tmp_path / "model.tflite", tmp_path / "labels.txt").labels == ["cat", "dog"]


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        pytest.param((BOXES, [[0, 1, 2]], SCORES, COUNT), "expected (D, 4), (D,), (D,), ()", id="lengths"),
        pytest.param(([[[0] * 5] * 2], CLASSES, SCORES, COUNT), "expected (D, 4), (D,), (D,), ()", id="corners"),
        pytest.param((BOXES, CLASSES, SCORES, [[2]]), "expected boxes, classes, scores and count", id="axes"),
        pytest.param((BOXES, CLASSES, SCORES, [3]), "gives a count of 3; expected 0 to 2", id="count"),
        pytest.param((BOXES, CLASSES, SCORES, [-1]), "gives a count of -1", id="negative count"),
        pytest.param((BOXES, CLASSES, SCORES, [np.nan]), "gives a count of nan", id="no count"),
        pytest.param(([[[np.nan] * 4] * 2], CLASSES, SCORES, COUNT), "not finite numbers", id="boxes"),
        pytest.param((BOXES, [[np.nan, 0]], SCORES, COUNT), "not finite numbers", id="classes"),
        pytest.param((BOXES, CLASSES, [[np.nan, 0]], COUNT), "not finite numbers", id="scores"),
        pytest.param((BOXES, CLASSES, SCORES), "has 3 outputs; expected a detector, with 4 or 2", id="outputs"),
    ],
)
def test_outputs_that_are_no_detections(outputs: Outputs, told: str, tmp_path: Path) -> None:
    file = write_model(tmp_path / "model.tflite", outputs)
    (tmp_path / "labels.txt").write_text("cat\n")
    line = refusal(lambda: Finder(file, tmp_path / "labels.txt")(PICTURE))
    assert line.startswith(f"{file}: ") and told in line


def test_outputs_that_are_no_numbers(tmp_path: Path) -> None:
    file = write_model(tmp_path / "model.tflite", (BOXES, CLASSES, SCORES, COUNT), dtype=tf.bool)
    assert refusal(lambda: Finder(file)) == f"{file}: takes or gives what are no numbers; expected a detector"


def test_classes_without_a_label_are_told_by_their_number(tmp_path: Path) -> None:
    file = write_model(tmp_path / "model.tflite", (BOXES, [[-1, 7]], SCORES, COUNT))
    (tmp_path / "labels.txt").write_text("cat\ndog\n")
    assert [of.label for of in Finder(file, tmp_path / "labels.txt")(PICTURE)] == ["-1", "7"]


@pytest.mark.parametrize("shape", [(1, 8, 9, 3), (1, 8, 8, 1), (2, 8, 8, 3), (1, 64, 3)])
def test_inputs_that_are_no_picture(shape: Sequence[int], tmp_path: Path) -> None:
    file = write_model(tmp_path / "model.tflite", (BOXES, CLASSES, SCORES, COUNT), shape)
    told = f"{file}: takes {list(shape)}; expected one square RGB picture, [1, S, S, 3]"
    assert refusal(lambda: Finder(file)) == told


def changed(content: bytes, change: Callable[[Any], None]) -> bytes:
    model = tflite.ModelT.InitFromObj(tflite.Model.GetRootAs(content))
    change(model)
    return pack_model(model, len(content))


def enlarge_input(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].shape = [1, 100_000, 100_000, 3]


def call_flex(model: Any) -> None:
    code = model.operatorCodes[0]
    code.builtinCode, code.deprecatedBuiltinCode = tflite.BuiltinOperator.CUSTOM, tflite.BuiltinOperator.CUSTOM
    code.customCode = b"FlexReadFile\x1b[2J"


def make_input_text(model: Any) -> None:
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].type = tflite.TensorType.STRING


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (enlarge_input, "has 1 x 100000 x 100000 x 3 values; expected 268,435,456 at most"),
        (call_flex, r"FlexReadFile\x1b[2J"),
        (make_input_text, "takes or gives what are no numbers"),
    ],
)
def test_a_graph_that_asks_for_too_much(bare: bytes, change: Callable[[Any], None], told: str, tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    file.write_bytes(changed(bare, change))
    line = refusal(lambda: Finder(file))
    assert line.startswith(f"{file}: ") and told in line


def test_a_file_that_is_larger_than_any_model_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "model.tflite"
    with file.open("wb") as opened:
        opened.truncate(2**40)
    assert refusal(lambda: Finder(file)).startswith(f"{file}: has 1,099,511,627,776 bytes, expected at most")


@pytest.fixture
def heads(tmp_path: Path) -> Path:
    """A model that gives box codes and scores for two anchors; its labels lie beside it."""
    (tmp_path / "labels.txt").write_text("cat\n")
    return write_model(tmp_path / "heads.tflite", ([[[0] * 4] * 2], [[[0.5], [0.4]]]))


def claiming(shape: str, type_: str = "<f4") -> bytes:
    """An .npy whose header tells of more than it has."""
    header = f"{{'descr': '{type_}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(32)


@pytest.mark.parametrize(
    ("anchors", "told"),
    [
        (b"", "not a file of anchors"),
        (b"PK\3\4 is an archive", "not a file of anchors"),
        (claiming("(1000000000000, 4)"), "not a file of anchors"),
        (claiming("(2, 4)", "|O"), "not a file of anchors"),
        (claiming("(8,)"), "has [8] values; expected [anchors, 4], all finite"),
        (claiming("(1, 4)"), "gives box codes [2, 4] and scores [2, 1] for 1 anchors"),
    ],
    ids=["empty", "archive", "large", "objects", "axes", "other"],
)
def test_anchors_that_are_none(heads: Path, anchors: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "anchors.npy").write_bytes(anchors)
    assert told in refusal(lambda: Finder(heads, tmp_path / "labels.txt")(PICTURE))


def test_anchors_of_the_heads(heads: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "anchors.npy", np.array([[0.25, 0.25, 0.5, 0.5], [0.75, 0.75, 0.5, 0.5]], np.float32))
    found = Finder(heads, tmp_path / "labels.txt")(PICTURE)
    assert [(of.label, round(of.score, 3)) for of in found] == [("cat", 0.5), ("cat", 0.4)]
