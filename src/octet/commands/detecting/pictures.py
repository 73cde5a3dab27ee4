"""Detection in one source: every picture of it goes through the detector and gets a copy with boxes."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from octet.commands.detecting.results import PictureResult
from octet.commands.detecting.sources import PictureSource
from octet.commands.detecting.stills import Pixels
from octet.reporting.drawing import COLOURS, Box, draw_boxes

if TYPE_CHECKING:
    from octet.tasks.protocol import Finder


@dataclass(frozen=True)
class DrawnPicture:
    """A picture's detections, its copy with the boxes drawn in, and how long the detector took."""

    result: PictureResult
    copy: Pixels
    seconds: float


def detect_in_source(detector: "Finder", source: PictureSource, min_score: float) -> Iterator[DrawnPicture]:
    """Run the detector on each picture of a source, in their order."""
    colours = {label: COLOURS[index % len(COLOURS)] for index, label in enumerate(detector.labels)}
    for number, picture in enumerate(source.frames()):
        start = time.perf_counter()
        detections = [detection for detection in detector(picture) if detection.score >= min_score]
        seconds = time.perf_counter() - start
        boxes = [
            Box(detection.box, f"{detection.label} {detection.score:.2f}", colours.get(detection.label, COLOURS[0]))
            for detection in detections
        ]
        height, width = picture.shape[:2]
        result = PictureResult(source.name, number if source.frame_rate else None, width, height, detections)
        yield DrawnPicture(result, draw_boxes(picture, boxes), seconds)


def label_counts(results: Iterable[PictureResult]) -> str:
    """How many objects of each label the results have, in words, the most frequent label first."""
    counts = Counter(detection.label for result in results for detection in result.detections).most_common()
    return ", ".join(f"{count} {label}" for label, count in counts) or "nothing"
