"""A gallery of pictures that the page's script draws on: what there is, and what each model makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

MISSED = "missed"  # the kind of what there is and a model does not find; the script tells it for any score
RIGHT = "right"
_LEAST_SCORE = 0.05  # of the marks that a page holds, unless those are to be shown at first that have less


@dataclass(frozen=True)
class Mark:
    """What is said of a picture, or of a box in it."""

    label: str
    kind: str  # right, or the kind of error
    score: float | None = None  # None: it is no prediction
    box: tuple[float, float, float, float] | None = None  # left, top, width, height in pixels; None: the whole picture
    truth: int | None = None  # the index of the mark of the ground truth that it is about
    rest: str = ""  # what else is said, in words


@dataclass(frozen=True)
class Exhibit:
    """A picture as the page shows it, with the marks of each source; the first source is the ground truth."""

    title: str
    jpeg: bytes
    size: tuple[int, int]  # width and height that the boxes are told in
    marks: Mapping[str, Sequence[Mark]]
    kinds: Sequence[str] = ()  # of the picture as a whole


@dataclass(frozen=True)
class Gallery:
    """The exhibits, the colour of each kind of mark, and the score from which marks are shown at first.

    Without such a score, all marks are always shown.
    """

    exhibits: Sequence[Exhibit]
    colours: Mapping[str, tuple[int, int, int]]
    min_score: float | None = None
    unfound: str = MISSED  # the kind of what there is and a model does not say

    def content(self) -> dict[str, Any]:
        """What the page's script reads, as plain data; the pictures are in the page itself."""
        return {
            "colours": {kind: "#" + bytes(colour).hex() for kind, colour in self.colours.items()},
            "unfound": self.unfound,
            "pictures": [
                {
                    "title": exhibit.title,
                    "size": exhibit.size,
                    "kinds": exhibit.kinds,
                    "marks": {
                        source: [asdict(mark) for mark in marks if self._can_be_shown(mark)]
                        for source, marks in exhibit.marks.items()
                    },
                }
                for exhibit in self.exhibits
            ],
        }

    @property
    def least_score(self) -> float:
        """The score from which the page has marks."""
        return 0.0 if self.min_score is None else min(_LEAST_SCORE, self.min_score)

    def _can_be_shown(self, mark: Mark) -> bool:
        return mark.score is None or mark.score >= self.least_score

    @property
    def kinds(self) -> list[str]:
        """The kinds of marks and those of pictures."""
        return [*self.colours, *sorted({kind for exhibit in self.exhibits for kind in exhibit.kinds})]

    @property
    def has_boxes(self) -> bool:
        """Whether any mark is about a part of its picture."""
        return any(mark.box for exhibit in self.exhibits for marks in exhibit.marks.values() for mark in marks)

    @property
    def sources(self) -> list[str]:
        """The names of the sources, the ground truth first; none where there is no picture."""
        return list(self.exhibits[0].marks) if self.exhibits else []

    @property
    def labels(self) -> list[str]:
        """All labels that occur, in the order of the alphabet."""
        return sorted({mark.label for exhibit in self.exhibits for marks in exhibit.marks.values() for mark in marks})
