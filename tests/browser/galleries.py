"""What the tests of galleries on a report's page have in common."""

import json
from typing import Any

from playwright.sync_api import Page

DESK, PHONE = (1280, 900), (390, 844)  # px, width and height
TRUTH, FLOAT, UINT8 = "ground truth", "float", "uint8"


def pictures(page: Page) -> list[dict[str, Any]]:
    """What the page holds of each picture."""
    content: dict[str, Any] = json.loads(page.locator("#gallery-content").text_content() or "")
    return list(content["pictures"])
