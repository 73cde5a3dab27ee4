"""The test pictures that a recipe's page shows, taken from the page: it is there also where the data is not."""

import base64
import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from octet.common.errors import UserError
from octet.common.files import require_output
from octet.recipe.shared.recipe import Recipe

_TILE = re.compile(r'<img src="data:image/jpeg;base64,([\w+/=]+)" alt="([^"]*)">')


@dataclass(frozen=True)
class ShownPicture:
    """A picture of the page's gallery."""

    title: str
    jpeg: bytes


def shown_pictures(recipe: Recipe) -> list[ShownPicture]:
    """The pictures of the gallery, in its order."""
    page = require_output(Path("reports", recipe.name, "report.html"), f"report@{recipe.name}")
    pictures = [
        ShownPicture(unescape(title), base64.b64decode(jpeg)) for jpeg, title in _TILE.findall(page.read_text())
    ]
    if not pictures:
        raise UserError(f"{page} shows no picture: run `dvc repro report@{recipe.name}` again")
    return pictures
