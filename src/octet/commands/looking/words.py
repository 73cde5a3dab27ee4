"""What was found, in a few words for the terminal."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

from octet.commands.looking.kinds import Kind
from octet.commands.looking.results import PictureResult


def describe_findings(results: Sequence[PictureResult], kind: Kind) -> str:
    """The answers for a single picture; otherwise how often each label is found, the most frequent first.

    Where findings are of whole pictures, the first of each picture counts.
    """
    if not kind.has_boxes and len(results) == 1:
        told = [f"{finding.label} {finding.score:.2f}" for finding in results[0].findings]
    else:
        counted = None if kind.has_boxes else 1
        counts = Counter(finding.label for result in results for finding in result.findings[:counted])
        told = [f"{count} {label}" for label, count in counts.most_common()]
    return ", ".join(told) or "nothing"


def describe_times(seconds: Sequence[float], cold_seconds: float | None) -> str:
    """How long the model took for each picture once it was warm, and for the first before that."""
    first = "" if cold_seconds is None else f", after {_milliseconds(cold_seconds)} for a first run to warm up"
    return f"{_milliseconds(median(seconds))} each (median{first})"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
