"""Looking at one source: every picture of it goes through the model and gets a copy with what the model says."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from octet.commands.looking.results import PictureResult
from octet.commands.looking.sources import PictureSource
from octet.commands.looking.stills import Pixels
from octet.reporting.drawing import COLOURS, Box, draw_boxes, draw_lines

if TYPE_CHECKING:
    from octet.tasks.protocol import Finder, Finding


@dataclass(frozen=True)
class DrawnPicture:
    """A picture's findings, its copy with the findings drawn in, and how long the model took."""

    result: PictureResult
    copy: Pixels
    seconds: float


@dataclass
class Looker:
    """Runs a model on pictures, and keeps of its findings those that the user wants to see."""

    finder: "Finder"
    min_score: float
    top: int | None  # the most findings of a picture
    cold_seconds: float | None = field(default=None, init=False)  # how long the very first run took, once there is one

    def look_at(self, source: PictureSource) -> Iterator[DrawnPicture]:
        """Run the model on each picture of a source, in their order."""
        for number, picture in enumerate(source.frames()):
            if self.cold_seconds is None:
                self.cold_seconds, _ = self._timed(picture)
            seconds, findings = self._timed(picture)
            wanted = [finding for finding in findings if finding.score >= self.min_score][: self.top]
            height, width = picture.shape[:2]
            result = PictureResult(source.name, number if source.frame_rate else None, width, height, wanted)
            yield DrawnPicture(result, self._drawn(picture, wanted), seconds)

    def _timed(self, picture: Pixels) -> tuple[float, Sequence["Finding"]]:
        start = time.perf_counter()
        findings = self.finder(picture)
        return time.perf_counter() - start, findings

    def _drawn(self, picture: Pixels, findings: Sequence["Finding"]) -> Pixels:
        colours = {label: COLOURS[index % len(COLOURS)] for index, label in enumerate(self.finder.labels)}
        boxes, lines = [], []
        for finding in findings:
            caption = f"{finding.label} {finding.score:.2f}"
            if finding.box:
                boxes.append(Box(finding.box, caption, colours.get(finding.label, COLOURS[0])))
            else:
                lines.append(caption)
        return draw_boxes(picture, boxes) if boxes or not lines else draw_lines(picture, lines)
