"""A picture with lines of text under it is legible, and small whatever the picture's sides are."""

import numpy as np
import pytest

from octet.tasks.classification.learning.captions import write_under

LINES = ("is dark", "answers: light 0.60", "dark 0.40")


@pytest.mark.parametrize(("height", "width"), [(65_000, 1), (1, 65_000), (3, 2), (300, 400), (400, 300)])
def test_a_picture_of_any_sides_fits_above_its_lines(height: int, width: int) -> None:
    written = write_under(np.full((height, width, 3), (0, 200, 0), np.uint8), LINES)
    assert written.shape[1:] == (256, 3)
    assert written.shape[0] <= 256 + 100
    green = (written == (0, 200, 0)).all(axis=-1)
    assert max(green.any(axis=1).sum(), green.any(axis=0).sum()) == 256  # its longer side
    assert (written[~green.any(axis=1)] == 255).any()  # letters, in the rows below it


def test_its_sides_keep_their_proportion() -> None:
    green = write_under(np.full((400, 300, 3), (0, 200, 0), np.uint8), LINES)[:256] == (0, 200, 0)
    assert (green.all(axis=-1).any(axis=1).sum(), green.all(axis=-1).any(axis=0).sum()) == (256, 192)
