"""tf.train.Example for code that does without TensorFlow, whose import takes longer than reading a split."""

from functools import cache
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

_Field = descriptor_pb2.FieldDescriptorProto
# Each message with its fields: the name, the number, the type, and whether there can be several
_MESSAGES: dict[str, list[tuple[str, int, Any, bool]]] = {
    "BytesList": [("value", 1, _Field.TYPE_BYTES, True)],
    "FloatList": [("value", 1, _Field.TYPE_FLOAT, True)],
    "Int64List": [("value", 1, _Field.TYPE_INT64, True)],
    "Feature": [
        ("bytes_list", 1, "BytesList", False),
        ("float_list", 2, "FloatList", False),
        ("int64_list", 3, "Int64List", False),
    ],
    "Entry": [("key", 1, _Field.TYPE_STRING, False), ("value", 2, "Feature", False)],
    "Features": [("feature", 1, "Entry", True)],  # a map, which is written like this
    "Example": [("features", 1, "Features", False)],
}


class Features:
    """The features of a record by name; a ValueError tells what is missing, or of another kind."""

    def __init__(self, record: bytes) -> None:
        try:
            entries = _example_class().FromString(record).features.feature
        except DecodeError:
            raise ValueError("a record is no tf.train.Example") from None
        self._features = {entry.key: entry.value for entry in entries}

    def content(self, name: str) -> bytes:
        """A feature that is one string of bytes."""
        return bytes(self._only(name, self._values(name, "bytes_list")))

    def integer(self, name: str) -> int:
        """A feature that is one integer."""
        return int(self._only(name, self._values(name, "int64_list")))

    def integers(self, name: str) -> NDArray[np.int64]:
        """A feature of integers, [N]."""
        return np.array(self._values(name, "int64_list"), np.int64)

    def floats(self, name: str) -> NDArray[np.float32]:
        """A feature of floats, [N]."""
        return np.array(self._values(name, "float_list"), np.float32)

    def _values(self, name: str, kind: str) -> Any:
        feature = self._features.get(name)
        if feature is None or not feature.HasField(kind):
            raise ValueError(f"a record has no {name!r} as a {kind}")
        return getattr(feature, kind).value

    @staticmethod
    def _only(name: str, values: Any) -> Any:
        if len(values) != 1:
            raise ValueError(f"{name!r} of a record has {len(values)} values, expected one")
        return values[0]


@cache
def _example_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="octet/example.proto", package="octet", syntax="proto3")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, number, kind, is_list in fields:
            added = message.field.add(name=field, number=number)
            added.label = _Field.LABEL_REPEATED if is_list else _Field.LABEL_OPTIONAL
            if isinstance(kind, str):
                added.type, added.type_name = _Field.TYPE_MESSAGE, f".octet.{kind}"
            else:
                added.type = kind
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("octet.Example"))
