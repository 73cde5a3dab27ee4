"""The quickstarts' pages as people see them: from the disk, offline, on a desk and on a phone, in light and dark."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from conftest import CLASSIFIER, ROOT
from octet.commands.benchmark.speed import FileSpeed, Speed
from octet.commands.ending.page import write_local_page
from octet.devices.results import Devices, Row
from octet.recipe.shared.load import load_recipe

REPORTS = [ROOT / "reports" / name / "report.html" for name in ("quickstart", CLASSIFIER)]
DESK, PHONE = (1280, 900), (390, 844)
MOST = 5_000_000  # bytes


@pytest.fixture(params=[(DESK, "light"), (DESK, "dark"), (PHONE, "dark")], ids=str)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    (width, height), scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, offline=True)
    yield context.new_page()
    context.close()


# Of each heading, how many pictures, charts and tables follow it before the next
SHOWN_BY_SECTION = """() => {
  const shown = {}
  let title
  for (const of of document.body.querySelectorAll("h2, img, svg, table")) {
    if (of.tagName === "H2") shown[title = of.textContent] = 0
    else if (title) shown[title] += 1
  }
  return shown
}"""


# What reaches over the right edge of the window
CUT_OFF = """() => [...document.body.querySelectorAll("*")]
  .filter((of) => of.getBoundingClientRect().right > window.innerWidth + 1).map((of) => of.outerHTML.slice(0, 80))"""

# The sizes of all letters, as they are on the screen
LETTERS = """() => [...document.body.querySelectorAll("*")]
  .filter((of) => of.getClientRects().length)
  .filter((of) => [...of.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()))
  .map((of) => {
    const { a, b } = of instanceof SVGElement ? of.getScreenCTM() : { a: 1, b: 0 }
    return parseFloat(getComputedStyle(of).fontSize) * Math.hypot(a, b)
  })"""


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.parent.name)
def test_the_page(page: Page, report: Path) -> None:
    asked: list[str] = []
    troubles: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: troubles.append(message.text))
    page.goto(report.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
    assert troubles == []
    shown = page.evaluate(SHOWN_BY_SECTION)
    assert next(iter(shown)) == "What did eight bits cost?"
    assert len(shown) >= 8
    assert [title for title, count in shown.items() if not count] == ["How fast is it, and where?"]  # in words
    assert page.locator("nav a").evaluate_all("links => links.every((link) => document.querySelector(link.hash))")
    for image in page.locator("#gallery img").all():
        assert image.evaluate("image => image.naturalWidth") > 0
    assert page.evaluate(CUT_OFF) == []
    assert min(page.evaluate(LETTERS)) >= 11
    ink, paper = (page.evaluate(f"getComputedStyle(document.body).{of}") for of in ("color", "backgroundColor"))
    assert contrast(ink, paper) > 7
    for text in page.locator("svg text").all()[:20]:
        assert contrast(text.evaluate("text => getComputedStyle(text).fill"), paper) > 7


def test_what_other_runtimes_say_has_room(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = load_recipe("quickstart", ROOT / "params.yaml")
    (tmp_path / "reports").mkdir()
    (tmp_path / "runs" / recipe.name).mkdir(parents=True)
    (tmp_path / "reports" / recipe.name).symlink_to(ROOT / "reports" / recipe.name)
    monkeypatch.chdir(tmp_path)
    close = Row(
        runtime="litert-reference-2-threads",
        file="float32_raw",
        version="0.dev20261023182759",
        arch="aarch64, cortex-a53 (QEMU)",
        kernels="reference",
        same_bytes=0.6956,
        max_steps=0.000268,
        score=0.985,
        milliseconds=1234.5,
        status="close",
        why="within 13 steps, 0.01% of the values beyond 8; score -0.0008",
    )
    named = {"recipe": recipe.name, "file": "", "sha256": "", "pictures": 200, "metric": "", "files": {}}
    devices = Devices.model_validate({**named, "runtimes": {close.runtime: close}})
    speed = Speed(machine="", files=dict.fromkeys(("float32", "uint8"), FileSpeed(sha256="", milliseconds=1.0)))
    page.goto(write_local_page(recipe, speed, devices).absolute().as_uri())
    assert page.get_by_text(close.why).is_visible()
    assert page.evaluate(CUT_OFF) == []


def contrast(one: str, other: str) -> float:
    """WCAG's, of two colours as CSS writes them: rgb(1, 2, 3)."""

    def luminance(colour: str) -> float:
        channels = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        red, green, blue = (of / 12.92 if of <= 0.04045 else ((of + 0.055) / 1.055) ** 2.4 for of in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.parent.name)
def test_its_size(report: Path) -> None:
    assert report.stat().st_size < MOST
