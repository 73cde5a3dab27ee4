"""Damaged variants of good files, for hypothesis: pieces are cut, doubled, overwritten, or put in from elsewhere."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_MOST_EDITS = 6

_longer = os.environ.get("FUZZ_EXAMPLES")  # set by `make fuzz`, which tries other inputs every time
_everywhere = st.floats(0, 1, exclude_max=True)  # a position as a share of the content
_lengths = st.sampled_from([1, 2, 3, 4, 8, 64, 4096])


def fuzz(examples: int) -> Callable[[Any], Any]:
    """The settings of a target: so many examples, always the same; or as many others as FUZZ_EXAMPLES says."""
    return settings(
        max_examples=int(_longer or examples),
        derandomize=not _longer,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def damaged(seeds: Sequence[bytes], words: Sequence[bytes] = ()) -> st.SearchStrategy[bytes]:
    """One of the seeds after some edits; the words are put in whole, since chance would hardly form them."""
    piece = st.binary(max_size=8) | st.sampled_from([b"\0" * 64, b"\xff" * 8, b"9" * 5000, *words, *seeds])
    edit = st.tuples(st.sampled_from([_cut, _overwrite, _insert, _double, _flip, _end]), _everywhere, _lengths, piece)
    return st.builds(_apply, st.sampled_from(list(seeds)), st.lists(edit, max_size=_MOST_EDITS))


def _apply(content: bytes, edits: Sequence[tuple[Callable[..., bytes], float, int, bytes]]) -> bytes:
    for change, share, length, piece in edits:
        content = change(content, int(share * len(content)), length, piece)
    return content


def _cut(content: bytes, at: int, length: int, _: bytes) -> bytes:
    return content[:at] + content[at + length :]


def _overwrite(content: bytes, at: int, _: int, piece: bytes) -> bytes:
    return content[:at] + piece + content[at + len(piece) :]


def _insert(content: bytes, at: int, _: int, piece: bytes) -> bytes:
    return content[:at] + piece + content[at:]


def _double(content: bytes, at: int, length: int, _: bytes) -> bytes:
    return content[: at + length] + content[at:]


def _flip(content: bytes, at: int, length: int, _: bytes) -> bytes:
    return content[:at] + bytes(byte ^ 1 << length % 8 for byte in content[at : at + 1]) + content[at + 1 :]


def _end(content: bytes, at: int, _: int, __: bytes) -> bytes:
    return content[:at]
