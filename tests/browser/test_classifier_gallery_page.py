"""The gallery of a classifier's page: what is said of whole pictures, and the filters by class and by kind of error."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from playwright.sync_api import Page

from browser.galleries import FLOAT, TRUTH, UINT8, pictures
from conftest import CLASSIFIER, ROOT

REPORT = ROOT / "reports" / CLASSIFIER / "report.html"
FITS = "document.documentElement.scrollWidth <= window.innerWidth"


def answer(picture: dict[str, Any], source: str) -> dict[str, Any]:
    (mark,) = picture["marks"][source]
    return dict(mark)


def told(picture: dict[str, Any], source: str) -> str:
    """What is said of a picture, as its caption begins."""
    of = answer(picture, source)
    kind = "wrong: " if of["kind"] == "wrong" else ""
    # A browser rounds halves up.
    score = "" if of["score"] is None else f" {Decimal(of['score']).quantize(Decimal('0.01'), ROUND_HALF_UP)}"
    return f"{source}: {kind}{of['label']}{score}"


def shown(page: Page) -> str:
    return page.locator("[name=count]").text_content() or ""


def test_every_tile_tells_what_it_is_and_both_answers(page: Page) -> None:
    tiles = page.locator("#gallery .tile:visible")
    assert tiles.count() > 0
    for tile, picture in zip(tiles.all(), pictures(page), strict=False):
        captions = tile.locator("svg text").all_text_contents()
        assert captions == [told(picture, source) for source in (TRUTH, FLOAT, UINT8)]


def test_a_click_opens_a_picture_with_the_likeliest_three(page: Page) -> None:
    first = pictures(page)[0]
    page.locator("#gallery .tile").first.click()
    captions = page.locator("#viewer svg text").all_text_contents()
    assert captions[0] == told(first, TRUTH)
    for caption, source in zip(captions[1:], (FLOAT, UINT8), strict=True):
        rest = answer(first, source)["rest"]
        assert len(rest.split(", ")) == 2
        assert caption == f"{told(first, source)}, {rest}"
    page.get_by_label(FLOAT, exact=True).set_checked(False)
    assert page.locator("#viewer svg text").count() == 2


def test_filters_by_kind_of_error(page: Page) -> None:
    every = pictures(page)
    for kind, expected in (
        ("right", [of for of in every if "right" in (answer(of, FLOAT)["kind"], answer(of, UINT8)["kind"])]),
        ("wrong", [of for of in every if "wrong" in (answer(of, FLOAT)["kind"], answer(of, UINT8)["kind"])]),
        ("float and uint8 differ", [of for of in every if answer(of, FLOAT)["label"] != answer(of, UINT8)["label"]]),
    ):
        if page.locator("[name=kind] option", has_text=kind).count():
            page.locator("[name=kind]").select_option(kind)
            assert shown(page) == f"{len(expected)} of {len(every)} pictures", kind
        else:
            assert not expected


def test_a_filter_by_class_leaves_what_is_of_it_or_called_so(page: Page) -> None:
    every = pictures(page)
    label = answer(every[0], TRUTH)["label"]
    page.locator("[name=label]").select_option(label)
    expected = [of for of in every if label in {answer(of, source)["label"] for source in (TRUTH, FLOAT, UINT8)}]
    assert 0 < len(expected) < len(every)
    assert shown(page) == f"{len(expected)} of {len(every)} pictures"


def test_there_is_no_score_to_choose(page: Page) -> None:
    assert page.locator("[name=score]").count() == 0


def test_nothing_overflows_and_letters_can_be_read(page: Page) -> None:
    assert page.evaluate(FITS)
    page.locator("#gallery .tile").first.click()
    assert page.evaluate(FITS)
    assert page.locator("#viewer").evaluate("viewer => viewer.scrollWidth <= viewer.clientWidth")
    for height in page.locator("#viewer svg text").evaluate_all(
        "texts => texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"
    ):
        assert height >= 11
