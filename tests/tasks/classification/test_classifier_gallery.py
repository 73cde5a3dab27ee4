"""The gallery of a classifier: which pictures it shows, and what it says of them."""

import io

import numpy as np
import pytest
from PIL import Image

from octet.reporting.gallery import Gallery
from octet.tasks.classification.metric.answers import Answers
from octet.tasks.classification.metric.truths import Truths
from octet.tasks.classification.showing.gallery import COLOURS, DIFFER, TRUTH, WRONG, Pictures

CLASSES = ("cat", "dog", "elk", "fox")
TRUTHS = Truths(tuple("abcdefgh"), np.array([0, 0, 1, 1, 2, 2, 3, 3]))


def answers(first: list[int], scores: list[float]) -> Answers:
    """Answers of which the second and the third are the classes that follow."""
    classes = (np.array(first)[:, None] + np.arange(3)) % len(CLASSES)
    return Answers(classes, np.array(scores)[:, None] * [1, 0.1, 0.01])


@pytest.fixture
def pictures() -> Pictures:
    """Of eight, uint8 is wrong about three (1, 4, 6), and differs from float on two of them (1 and 4)."""
    models = {
        "float": answers([0, 0, 1, 1, 2, 2, 0, 3], [0.9] * 8),
        "uint8": answers([0, 2, 1, 1, 3, 2, 0, 3], [0.9, 0.5, 0.9, 0.9, 0.8, 0.9, 0.7, 0.9]),
    }
    return Pictures(TRUTHS, models, CLASSES)


@pytest.fixture
def jpeg() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (960, 600), "red").save(file, "JPEG")
    return file.getvalue()


def test_the_surest_mistakes_come_first(pictures: Pictures) -> None:
    assert pictures.most_confident_mistakes(2) == [4, 6]
    assert pictures.most_confident_mistakes(9) == [4, 6, 1]
    assert pictures.most_confident_differences(9) == [4, 1]


def test_in_turn_one_that_is_answered_well_and_one_that_is_not(pictures: Pictures) -> None:
    assert pictures.choose(6) == [0, 4, 2, 6, 5, 1]
    assert pictures.choose(2) == [0, 4]
    assert sorted(pictures.choose(50)) == [*range(8)]
    assert pictures.choose(0) == []


def test_a_picture_tells_what_it_is_and_three_answers_of_each_model(pictures: Pictures, jpeg: bytes) -> None:
    exhibit = pictures.exhibit(4, jpeg)
    assert (exhibit.title, exhibit.size, exhibit.kinds) == ("e, elk", (480, 300), [DIFFER])
    assert [*exhibit.marks] == [TRUTH, "float", "uint8"]
    (truth,), (right,), (wrong,) = exhibit.marks.values()
    assert (truth.label, truth.score, truth.box) == ("elk", None, None)
    assert (right.label, right.kind, right.score, right.truth) == ("elk", "right", 0.9, 0)
    assert right.rest == "fox 0.09, cat 0.01"
    assert (wrong.label, wrong.kind, wrong.score, wrong.truth) == ("fox", WRONG, 0.8, None)
    assert pictures.exhibit(6, jpeg).kinds == []  # both say the same, which is wrong


def test_answers_of_any_score_are_on_the_page(jpeg: bytes) -> None:
    models = {name: answers([0] * 8, [0.01] * 8) for name in ("float", "uint8")}
    gallery = Gallery([Pictures(TRUTHS, models, CLASSES).exhibit(0, jpeg)], COLOURS, unfound=WRONG)
    content = gallery.content()
    assert [mark["score"] for mark in content["pictures"][0]["marks"]["uint8"]] == [0.01]
    assert (content["unfound"], gallery.kinds) == (WRONG, ["right", WRONG])


def test_a_picture_of_a_strip_names_the_shipped_files_answer_first(pictures: Pictures, jpeg: bytes) -> None:
    figure = pictures.figure(4, jpeg)
    assert figure.lines == ["is elk", "uint8: fox 0.80", "float: elk 0.90"]
    assert max(Image.open(io.BytesIO(figure.jpeg)).size) == 240


def test_the_montage_is_one_picture_of_all(pictures: Pictures, jpeg: bytes) -> None:
    whole = Image.open(io.BytesIO(pictures.montage([0, 4], dict.fromkeys("abcdefgh", jpeg))))
    assert whole.size == (2 * 320 + 8, 320)
    assert Image.open(io.BytesIO(pictures.montage([], {}))).size == (320, 320)
