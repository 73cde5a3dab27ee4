"""A real browser that sees nothing but this machine."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from browser.galleries import DESK, PHONE

_NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    assert found, "these tests need Chromium: on Debian, apt install chromium"
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    if os.getuid() == 0:  # as root it runs without a sandbox or not at all
        flags.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=flags)
        yield browser
        browser.close()


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The page that a file of tests calls REPORT; it has to say nothing on the console."""
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda message: troubles.append(message.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(request.module.REPORT.as_uri())
    yield page
    assert troubles == []
    context.close()
