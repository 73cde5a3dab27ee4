"""The gallery of quickstart's page: what the toggles, the score, the filters and the keys change."""

from typing import Any

from playwright.sync_api import Locator, Page

from browser.galleries import FLOAT, TRUTH, UINT8, pictures
from conftest import ROOT

REPORT = ROOT / "reports" / "quickstart" / "report.html"


def slide(page: Page, score: float) -> None:
    page.locator("[name=score]").fill(str(score))


def drawn(within: Locator, source: str) -> int:
    return within.locator(f'.mark[data-source="{source}"]').count()


def expected(picture: dict[str, Any], source: str, score: float) -> int:
    return sum(mark["score"] >= score for mark in picture["marks"][source])


def test_a_click_opens_a_picture_with_the_marks_of_the_chosen_sources(page: Page) -> None:
    first, viewer = pictures(page)[0], page.locator("#viewer")
    page.locator("#gallery .tile").first.click()
    assert viewer.is_visible()
    assert viewer.locator("img").evaluate("image => image.naturalWidth") > 0
    for name in (TRUTH, FLOAT, UINT8):
        box = page.get_by_label(name, exact=True)
        box.set_checked(False)
        assert drawn(viewer, name) == 0
        box.set_checked(True)
        count = len(first["marks"][TRUTH]) if name == TRUTH else expected(first, name, 0.5)
        assert drawn(viewer, name) == count


def test_the_score_decides_which_detections_are_drawn_and_what_is_missed(page: Page) -> None:
    all_pictures, viewer = pictures(page), page.locator("#viewer")
    page.locator("#gallery .tile").nth(1).click()
    for score in (0.05, 0.3, 0.9, 1.0):
        slide(page, score)
        assert page.locator("[name=at]").text_content() == f"{score:.2f}"
        assert drawn(viewer, UINT8) == expected(all_pictures[1], UINT8, score)
        marks = all_pictures[1]["marks"]
        found = {mark["truth"] for mark in marks[UINT8] if mark["kind"] == "right" and mark["score"] >= score}
        missed = [at for at, mark in enumerate(marks[TRUTH]) if mark["kind"] == "right" and at not in found]
        assert viewer.locator('.mark[data-kind="missed"]').count() == len(missed)


def test_filters_leave_the_pictures_that_match(page: Page) -> None:
    label = pictures(page)[0]["marks"][TRUTH][0]["label"]
    page.locator("[name=label]").select_option(label)
    with_label = [
        picture
        for picture in pictures(page)
        if any(
            mark["label"] == label and (mark["score"] is None or mark["score"] >= 0.5)
            for source in (TRUTH, UINT8)
            for mark in picture["marks"][source]
        )
    ]
    assert page.locator("[name=count]").text_content() == f"{len(with_label)} of {len(pictures(page))} pictures"
    for tile in page.locator("#gallery .tile:visible").all():
        assert tile.locator(f'.mark:not(.faded)[data-label="{label}"]').count() > 0
    page.locator("[name=label]").select_option("")
    page.get_by_label(TRUTH, exact=True).set_checked(False)
    page.locator("[name=kind]").select_option("missed")
    assert page.get_by_label(TRUTH, exact=True).is_checked()  # nothing else tells what is missed
    slide(page, 1)
    assert page.locator("#gallery .tile:visible").count() > 0
    for tile in page.locator("#gallery .tile:visible").all():
        assert tile.locator('.mark:not(.faded)[data-kind="missed"]').count() > 0


def test_keys_go_on_and_back_and_close(page: Page) -> None:
    title, viewer = page.locator("#viewer-title"), page.locator("#viewer")
    names, count = [picture["title"] for picture in pictures(page)], len(pictures(page))
    page.locator("#gallery .tile").first.click()
    for key, at in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowLeft", 0), ("ArrowLeft", count - 1)):
        page.keyboard.press(key)
        assert title.text_content() == f"{names[at]} ({at + 1} of {count})"
    page.keyboard.press("Escape")
    assert not viewer.is_visible()
    assert page.locator("#controls").is_visible()


def test_all_pictures_are_a_click_away(page: Page) -> None:
    assert page.locator("#gallery .tile:visible").count() < len(pictures(page))
    page.locator("#all").click()
    assert page.locator("#gallery .tile:visible").count() == len(pictures(page))


def test_nothing_overflows(page: Page) -> None:
    fits = "document.documentElement.scrollWidth <= window.innerWidth"
    assert page.evaluate(fits)
    page.locator("#gallery .tile").first.click()
    assert page.evaluate(fits)
    assert page.locator("#viewer").evaluate("viewer => viewer.scrollWidth <= viewer.clientWidth")


def test_a_caption_is_as_large_as_it_can_be_read(page: Page) -> None:
    page.locator("#gallery .tile").nth(1).click()
    slide(page, 0.05)
    heights = page.locator("#viewer svg text").evaluate_all(
        "texts => texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a)"
    )
    assert heights
    assert min(heights) >= 11
