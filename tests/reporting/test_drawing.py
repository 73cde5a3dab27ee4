"""Boxes and captions can be read wherever they are."""

import numpy as np
import pytest

from octet.reporting.drawing import Box, draw_boxes

RED, BLUE = (255, 0, 0), (0, 0, 255)
GREY = 90


def picture(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), GREY, np.uint8)


def count_pixels(drawn: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((drawn == colour).all(axis=2).sum())


@pytest.mark.parametrize(("size", "scale"), [((480, 640), 1), ((3000, 4000), 1), ((120, 90), 4), ((1, 1), 480)])
def test_small_pictures_are_enlarged_by_a_whole_number(size: tuple[int, int], scale: int) -> None:
    height, width = size
    assert draw_boxes(picture(height, width), []).shape == (height * scale, width * scale, 3)


def test_the_picture_itself_is_left_alone() -> None:
    shown = picture(500, 500)
    draw_boxes(shown, [Box((10, 10, 400, 400), "dog", RED)])
    assert (shown == GREY).all()


@pytest.mark.parametrize("corners", [(0, 0, 40, 40), (600, 0, 640, 40), (0, 440, 40, 480), (600, 440, 640, 480)])
def test_a_caption_stays_in_the_picture(corners: tuple[float, float, float, float]) -> None:
    """Its ground has the same area in every corner as in the middle."""
    without, words = Box(corners, "", RED), "a long caption 0.99"
    middle = (300, 200, 340, 240)
    grounds = [
        count_pixels(draw_boxes(picture(480, 640), [Box(place, words, RED)]), RED)
        - count_pixels(draw_boxes(picture(480, 640), [without]), RED)
        for place in (corners, middle)
    ]
    assert grounds[0] == pytest.approx(grounds[1], rel=0.15)  # less where it covers its own line


def test_captions_of_one_place_do_not_cover_each_other() -> None:
    corners, words = (200.0, 200.0, 400.0, 400.0), "something 0.99"
    alone = count_pixels(draw_boxes(picture(640, 640), [Box(corners, words, RED)]), RED)
    both = draw_boxes(picture(640, 640), [Box(corners, words, RED), Box(corners, words, BLUE)])
    lines = count_pixels(draw_boxes(picture(640, 640), [Box(corners, "", RED)]), RED)
    assert count_pixels(both, RED) == pytest.approx(alone - lines, rel=0.15)  # the other's line lies over its own


def test_letters_stand_out_from_their_ground() -> None:
    for colour in (BLUE, (240, 240, 66)):
        drawn = draw_boxes(picture(640, 640), [Box((100, 100, 500, 500), "собака über 0.93", colour)])
        letters = drawn[80:100, 100:240]
        contrast = np.abs(letters.astype(int) - colour).sum(axis=2).max()
        assert contrast > 400


def test_larger_pictures_get_larger_letters() -> None:
    small, large = (
        count_pixels(draw_boxes(picture(side, side), [Box((side / 4, side / 4, side / 2, side / 2), "dog", RED)]), RED)
        for side in (500, 4000)
    )
    assert large > 30 * small


def test_a_box_that_ends_before_it_begins_is_a_point() -> None:
    drawn = draw_boxes(picture(500, 500), [Box((10.4, 10, 10.3, 9.9), "", RED)])
    rows, columns = np.nonzero((drawn == RED).all(axis=2))
    assert len(rows)
    assert max(np.ptp(rows), np.ptp(columns)) <= 3  # as thick as a line
