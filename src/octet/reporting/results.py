"""The parts of the report and the model card that differ between tasks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Results:
    """The values for a task's own templates, and the contents of its own files."""

    highlights: Sequence[tuple[str, str]]  # the page's first numbers, each with what it is
    templates: Path  # the folder with the task's page.html.jinja and card.md.jinja
    shown: Mapping[str, Any]  # by the names that these use, beside those that page.py and card.py give
    counts: Sequence[str]  # of dataset.json's splits, by their keys: what the card counts
    class_scores: Mapping[str, str]  # by class, on the card: what people call a score, and its key
    montage: bytes  # a JPEG of some examples
    confusion: Sequence[tuple[str, str]]  # what each thing is, and what it was taken for
