"""Cuts a .tflite file after any of its operators: the rest does not run, and what it would read becomes an output."""

import struct
from collections.abc import Sequence
from typing import Any

from octet.common.tensorflow import tflite

# Where a graph's table has them, by the format's schema
_OUTPUTS, _OPERATORS = 8, 10
_WORD = 4  # bytes of a number in the format's vectors


class CuttableFile:
    """A file that can be cut. Cut files differ from it in two lists: that of the operators, and that of the outputs."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        graph = tflite.Model.GetRootAs(content).Subgraphs(0)  # the others are the bodies of its loops
        self.operators: Sequence[Any] = tflite.SubGraphT.InitFromObj(graph).operators or []
        table = graph._tab
        self._count_at = table.Vector(table.Offset(_OPERATORS)) - _WORD
        self._outputs_at = table.Pos + table.Offset(_OUTPUTS)

    def after(self, count: int) -> bytes:
        """The file with only the first `count` operators, in the order in which they run."""
        content = bytearray(self._content)
        struct.pack_into("<I", content, self._count_at, count)
        content += bytes(-len(content) % _WORD)
        struct.pack_into("<I", content, self._outputs_at, len(content) - self._outputs_at)
        outputs = self.open_ends(count)
        content += struct.pack(f"<I{len(outputs)}i", len(outputs), *outputs)
        return bytes(content)

    def open_ends(self, count: int) -> list[int]:
        """The tensors that the first `count` operators write and none of them reads: if all of them are outputs, the
        runtime can leave out no operator."""
        first = self.operators[:count]
        read = {tensor for operator in first for tensor in tensors(operator.inputs)}
        written = dict.fromkeys(tensor for operator in first for tensor in tensors(operator.outputs))
        return [tensor for tensor in written if tensor not in read]


def tensors(listed: Sequence[int] | None) -> list[int]:
    """The tensors of an operator's list, in which those that it can do without may be left out, as -1."""
    return [] if listed is None else [int(tensor) for tensor in listed if tensor >= 0]
