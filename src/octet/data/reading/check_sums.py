"""CRC-32C, the check sum of TFRecords, of many messages at once.

Messages are cut into pieces of one length, whose check sums numpy computes side by side, a byte of each at a time. To
go on after a piece is to let zeros of its length follow, which is looked up in tables, too.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = np.uint32(0x82F63B78)  # Castagnoli's, its bits reversed
_PIECE = 1024  # bytes; shorter pieces would mean more tables to look into, longer ones more zeros before a message
_TOGETHER = 2**24  # bytes, with those zeros
# A check sum begins with all of its bits set, which is as good as a message whose first four bytes are inverted.
_START, _INVERTED = 4, bytes(range(255, -1, -1))

Sums = NDArray[np.uint32]


def _table() -> Sums:
    """What a byte does to a check sum, [256]."""
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ _POLYNOMIAL, values >> 1)
    return values


_TABLE = _table()


def masked_check_sums(messages: Sequence[bytes]) -> Sums:
    """The check sum of each message [N], masked as TFRecords have it."""
    sums = np.empty(len(messages), np.uint32)
    for group in _groups(messages):
        sums[group] = _check_sums([messages[index] for index in group])
    return ((sums >> np.uint32(15)) | (sums << np.uint32(17))) + np.uint32(0xA282EAD8)


def _groups(messages: Sequence[bytes]) -> Iterator[list[int]]:
    """The indices of the messages in groups of like length, each of which takes bounded memory, or is one message."""
    group: list[int] = []
    taken = 0
    for index in sorted(range(len(messages)), key=lambda index: len(messages[index])):
        size = len(messages[index]) + _PIECE
        if group and taken + size > _TOGETHER:
            yield group
            group, taken = [], 0
        group.append(index)
        taken += size
    if group:
        yield group


def _check_sums(messages: Sequence[bytes]) -> Sums:
    """The check sums of messages [N] in the order of their lengths."""
    piece = max(1, min(_PIECE, len(messages[-1])))
    counts = np.array([-(-len(message) // piece) for message in messages])  # [N]
    content = bytearray()
    for message, count in zip(messages, counts, strict=True):
        content += bytes(count * piece - len(message))  # zeros before a message change nothing
        content += message[:_START].translate(_INVERTED) + message[_START:]
    of_pieces = _after_bytes(np.frombuffer(content, np.uint8).reshape(-1, piece))  # [P]

    ends = np.cumsum(counts)  # [N]
    sums = np.zeros(len(messages), np.uint32)
    for later in reversed(range(counts[-1])):  # pieces of a message that follow
        going = np.flatnonzero(counts > later)
        sums[going] = _after_zeros(sums[going], piece) ^ of_pieces[ends[going] - 1 - later]
    for index, message in enumerate(messages):
        if len(message) >= _START:
            break
        # The start, all ones, reaches beyond the message: what is left of it was not inverted there.
        sums[index] ^= np.uint32(0xFFFFFFFF >> 8 * len(message))
    return ~sums


def _after_bytes(pieces: NDArray[np.uint8]) -> Sums:
    """The check sums of pieces [P, L], which begin at zero."""
    sums = np.zeros(len(pieces), np.uint32)
    for column in np.ascontiguousarray(pieces.T):
        sums = _TABLE[(sums ^ column) & 0xFF] ^ (sums >> np.uint32(8))
    return sums


def _after_zeros(sums: Sums, length: int) -> Sums:
    """What so many zeros make of check sums."""
    tables = _zero_tables(length)
    return tables[0][sums & 0xFF] ^ tables[1][sums >> 8 & 0xFF] ^ tables[2][sums >> 16 & 0xFF] ^ tables[3][sums >> 24]


@cache
def _zero_tables(length: int) -> Sums:
    """What so many zeros make of each byte of a check sum, [4, 256]."""
    values = np.arange(256, dtype=np.uint32) << np.array([[0], [8], [16], [24]], np.uint32)
    for _ in range(length):
        values = _TABLE[values & 0xFF] ^ (values >> np.uint32(8))
    return values
