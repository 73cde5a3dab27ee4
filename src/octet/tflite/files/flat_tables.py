"""Converts FlatBuffers to plain dicts and back, by a schema as text, where no generated module is published."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import flatbuffers
from flatbuffers import number_types
from flatbuffers.table import Table

_SCALARS = {
    "byte": number_types.Int8Flags,
    "ubyte": number_types.Uint8Flags,
    "int": number_types.Int32Flags,
    "uint": number_types.Uint32Flags,
    "float": number_types.Float32Flags,
}
_REFERENCE = number_types.UOffsetTFlags


class Schema:
    """The tables of a format, each with its fields in the order of the format, which numbers them in the bytes.

    In the text a table is `Table: field kind, ...`. A kind is a scalar, `string`, a table, `[kind]` for a list, or
    `A|B` for a union of tables, with a value such as `{"B": {...}}`.
    """

    def __init__(self, text: str) -> None:
        _, *parts = re.split(r"(\w+):", text)
        self._tables = {
            table: [(words[0], "".join(words[1:])) for words in map(str.split, fields.split(",")) if words]
            for table, fields in zip(parts[::2], parts[1::2], strict=True)
        }

    def to_bytes(self, table: str, values: Mapping[str, Any], identifier: bytes) -> bytes:
        """The bytes of a table with these values, which may hold further tables."""
        builder = flatbuffers.Builder()
        builder.Finish(self._write_table(builder, table, values), identifier)
        return bytes(builder.Output())

    def from_bytes(self, table: str, content: bytes) -> dict[str, Any]:
        """The values that `to_bytes` got for a table; fields that the bytes lack are left out.

        Bytes that were made otherwise can raise any error, but cannot fill the memory.
        """
        root = int.from_bytes(content[:4], "little")
        return _Reading(self._tables, len(content)).read_table(Table(content, root), table)

    def _write_table(self, builder: flatbuffers.Builder, table: str, values: Mapping[str, Any]) -> int:
        unknown = set(values) - {name for name, _ in self._tables[table]}
        if unknown:
            raise ValueError(f"{table} has no {', '.join(sorted(unknown))}")
        slots: list[tuple[Any, Any]] = []  # tables and strings in a table are written before it
        for name, kind in self._tables[table]:
            value = values.get(name)
            if "|" in kind:
                chosen, content = next(iter(value.items())) if value else ("", None)
                number = kind.split("|").index(chosen) + 1 if chosen else None
                slots.append((number_types.Uint8Flags, number))
                slots.append((_REFERENCE, None if content is None else self._write_table(builder, chosen, content)))
            elif kind in _SCALARS:
                slots.append((_SCALARS[kind], value))
            else:
                slots.append((_REFERENCE, None if value is None else self._write(builder, kind, value)))
        builder.StartObject(len(slots))
        for slot, (flags, value) in enumerate(slots):
            if value is None:
                continue
            if flags is _REFERENCE:
                builder.PrependUOffsetTRelativeSlot(slot, value, 0)
            else:
                builder.PrependSlot(flags, slot, value, 0)
        return builder.EndObject()

    def _write(self, builder: flatbuffers.Builder, kind: str, value: Any) -> int:
        if kind == "string":
            return builder.CreateString(value)
        if not kind.startswith("["):
            return self._write_table(builder, kind, value)
        item_kind = kind.strip("[]")
        flags = _SCALARS.get(item_kind, _REFERENCE)
        items = value if item_kind in _SCALARS else [self._write(builder, item_kind, item) for item in value]
        builder.StartVector(flags.bytewidth, len(items), flags.bytewidth)
        for item in reversed(items):
            if flags is _REFERENCE:
                builder.PrependUOffsetTRelative(item)
            else:
                builder.Prepend(flags, item)
        return builder.EndVector()


class _Reading:
    """One reading of tables from bytes.

    Bytes can hold one thing and name it many times, in lists of lists: what is read is at most as long as all of them.
    """

    def __init__(self, tables: Mapping[str, Sequence[tuple[str, str]]], most: int) -> None:
        self._tables, self._left = tables, most

    def read_table(self, table: Table, name: str) -> dict[str, Any]:
        """The values of a table by their names, with those of the tables in it."""
        values, slot = {}, 0
        for field, kind in self._tables[name]:
            offset = table.Offset(4 + 2 * slot)
            slot += 1
            if "|" in kind:
                value_offset = table.Offset(4 + 2 * slot)
                slot += 1
                if offset and value_offset:
                    member = kind.split("|")[table.Get(number_types.Uint8Flags, table.Pos + offset) - 1]
                    values[field] = {member: self._read(table, member, table.Pos + value_offset)}
            elif offset:
                values[field] = self._read(table, kind, table.Pos + offset)
        return values

    def _read(self, table: Table, kind: str, position: int) -> Any:
        if kind in _SCALARS:
            self._count(_SCALARS[kind].bytewidth)
            return table.Get(_SCALARS[kind], position)
        self._count(_REFERENCE.bytewidth)
        if kind == "string":
            text = table.String(position)
            self._count(len(text))
            return text.decode()
        if not kind.startswith("["):
            return self.read_table(Table(table.Bytes, table.Indirect(position)), kind)
        item_kind = kind.strip("[]")
        width = _SCALARS.get(item_kind, _REFERENCE).bytewidth
        begin = table.Indirect(position)
        count = table.Get(_REFERENCE, begin)
        return [self._read(table, item_kind, begin + _REFERENCE.bytewidth + index * width) for index in range(count)]

    def _count(self, read: int) -> None:
        self._left -= read
        if self._left < 0:
            raise ValueError("it names the same things again and again")
