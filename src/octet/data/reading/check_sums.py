"""CRC-32C, the check sum of TFRecords, of many messages at once: numpy takes one byte of each of them at a time."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL = np.uint32(0x82F63B78)  # Castagnoli's, its bits reversed
_TOGETHER = 512  # messages; more would need much memory, fewer would leave numpy idle


def _table() -> NDArray[np.uint32]:
    """What a byte does to a check sum, [256]."""
    values = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        values = np.where(values & 1, (values >> 1) ^ _POLYNOMIAL, values >> 1)
    return values


_TABLE = _table()


def masked_check_sums(messages: Sequence[bytes]) -> NDArray[np.uint32]:
    """The check sum of each message [N], masked as TFRecords have it."""
    sums = np.empty(len(messages), np.uint32)
    for group in _of_like_length(messages):
        sums[group] = _check_sums([messages[index] for index in group])
    return ((sums >> np.uint32(15)) | (sums << np.uint32(17))) + np.uint32(0xA282EAD8)


def _of_like_length(messages: Sequence[bytes]) -> Iterator[NDArray[np.int64]]:
    """The indices of the messages in groups, the longest first."""
    order = np.argsort([-len(message) for message in messages], kind="stable")
    if messages:
        yield from np.split(order, range(_TOGETHER, len(order), _TOGETHER))


def _check_sums(messages: Sequence[bytes]) -> NDArray[np.uint32]:
    """The check sums of messages that come in the order of their lengths, the longest first."""
    lengths = np.array([len(message) for message in messages])
    content = np.zeros((len(messages), lengths[0]), np.uint8)
    for row, message in zip(content, messages, strict=True):
        row[: len(message)] = np.frombuffer(message, np.uint8)
    sums = np.full(len(messages), 0xFFFFFFFF, np.uint32)
    going_on = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left")  # how many have a byte at each position
    for count, column in zip(going_on, np.ascontiguousarray(content.T), strict=True):
        going = sums[:count]
        going[:] = _TABLE[(going ^ column[:count]) & 0xFF] ^ (going >> 8)
    return ~sums
