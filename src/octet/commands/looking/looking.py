"""Looking at one source: every picture of it through the detector, with a drawn copy."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from octet.commands.looking.results import Seen
from octet.commands.looking.sources import Pixels, Source
from octet.reporting.drawing import COLOURS, Box, draw_boxes

if TYPE_CHECKING:
    from octet.tasks.protocol import Finder


@dataclass(frozen=True)
class Look:
    """What was seen, the copy with the boxes, and how long the detector took."""

    seen: Seen
    drawn: Pixels
    seconds: float


def look(detector: "Finder", source: Source, min_score: float) -> Iterator[Look]:
    """One a picture."""
    colours = {label: COLOURS[index % len(COLOURS)] for index, label in enumerate(detector.labels)}
    for number, picture in enumerate(source.frames()):
        start = time.perf_counter()
        found = [of for of in detector(picture) if of.score >= min_score]
        seconds = time.perf_counter() - start
        boxes = [Box(of.box, f"{of.label} {of.score:.2f}", colours.get(of.label, COLOURS[0])) for of in found]
        height, width = picture.shape[:2]
        seen = Seen(source.name, number if source.rate else None, width, height, found)
        yield Look(seen, draw_boxes(picture, boxes), seconds)


def in_words(seen: Iterable[Seen]) -> str:
    """How many of what, the most frequent first."""
    counts = Counter(found.label for of in seen for found in of.found).most_common()
    return ", ".join(f"{count} {label}" for label, count in counts) or "nothing"
