"""What counts as equal, close and wrong."""

import numpy as np
import pytest

from octet.devices.comparing import MOST_DROP, NEAR, Difference, difference, verdict

STEPS = (1.0,)


def codes(*values: int) -> np.ndarray:
    return np.array([values], np.uint8)


def test_the_same_bytes_are_equal() -> None:
    found = difference([codes(1, 2, 3)], [codes(1, 2, 3)], STEPS)
    assert found == Difference(same_bytes=1, max_steps=0, far=0)
    assert verdict(found, 0.0, 0.0)[0] == "equal"


def test_how_many_bytes_are_the_same_and_how_far_the_others() -> None:
    found = difference([codes(1, 2, 3, 255)], [codes(1, 2, 4, 0)], STEPS)
    assert found == Difference(same_bytes=0.5, max_steps=255, far=0.25)


def test_a_float_output_is_compared_in_the_steps_that_an_integer_one_has() -> None:
    found = difference([np.array([[0.5, 1.0]], np.float32)], [np.array([[0.5, 0.0]], np.float32)], (0.25,))
    assert isinstance(found, Difference)
    assert found.max_steps == 4


def test_without_steps_the_bytes_are_compared() -> None:
    found = difference([np.array([[0.5, 1.0]], np.float32)], [np.array([[0.5, 0.0]], np.float32)], (None,))
    assert isinstance(found, Difference)
    assert (found.max_steps, found.same_bytes) == (None, 0.75)  # of the float, half of the bytes are zeros in both


@pytest.mark.parametrize(
    ("outputs", "reason"),
    [
        ([codes(1, 2)], "output 0 is uint8 2, expected uint8 3"),
        ([np.array([[1, 2, 3]], np.float32)], "output 0 is float32 3, expected uint8 3"),
        ([], "found 0 outputs, expected 1"),
    ],
)
def test_outputs_of_another_form_are_told(outputs: list[np.ndarray], reason: str) -> None:
    assert difference(outputs, [codes(1, 2, 3)], STEPS) == reason


def test_what_is_no_number_is_told() -> None:
    nan = np.array([[np.nan]], np.float32)
    assert difference([nan], [np.array([[0]], np.float32)], (None,)) == "output 0 has values that are no numbers"


@pytest.mark.parametrize(
    ("found", "change", "status"),
    [
        (Difference(0.9, NEAR, 0.0), 0.0, "close"),
        (Difference(0.9, 60, 0.005), 0.0, "close"),  # a few values at the edge of a large step
        (Difference(0.9, 60, 0.2), 0.0, "wrong"),  # the score may be chance
        (Difference(0.9, NEAR, 0.0), -2 * MOST_DROP, "wrong"),
        (Difference(0.9, NEAR, 0.0), 0.09, "close"),
        (Difference(0.9), 0.0, "close"),
        (Difference(0.9), -0.8, "wrong"),
        (None, 0.0, "close"),
        (None, -0.8, "wrong"),
    ],
)
def test_far_values_or_a_lost_score_are_wrong(found: Difference | None, change: float, status: str) -> None:
    assert verdict(found, change, change + 0.01)[0] == status


def test_a_loss_that_may_be_chance_is_none() -> None:
    assert verdict(Difference(0.9, NEAR, 0.0), -0.05, -0.01)[0] == "close"
    assert verdict(Difference(0.9, NEAR, 0.0), -0.05, -0.03)[0] == "wrong"
