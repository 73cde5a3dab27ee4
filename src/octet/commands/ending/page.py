"""The page with what only this machine can tell, in the slots that the stage's page leaves for it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from octet.commands.benchmark.speed import Speed
from octet.common.errors import UserError
from octet.common.files import atomic_write, require_output
from octet.measuring.reading import read_as
from octet.recipe.shared.recipe import Recipe
from octet.recipe.shared.types import Text
from octet.reporting.filling import fill_html

_TEMPLATES = Path(__file__).with_name("templates")


class Runtime(BaseModel):
    """How close a runtime comes to the answers that were scored; what does not run has a reason alone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["equal", "close", "wrong", "refused", "absent"]
    why: Text | None = None
    same_bytes: float | None = None  # the share of the answers' bytes
    max_steps: int | None = None  # between two of their bytes
    score: float | None = None
    version: Text | None = None
    arch: Text | None = None


class Devices(BaseModel):
    """The content of devices.json, as far as the page shows it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sha256: Text
    pictures: int
    runtimes: dict[Text, Runtime]


def write_local_page(recipe: Recipe, speed: Speed) -> Path:
    """Write the page with the speed on this machine, and with the table of devices where there is one."""
    reports = Path("reports", recipe.name)
    page = require_output(reports / "report.html", f"report@{recipe.name}")
    filled = {name: fill_html(f"{name}.html.jinja", _TEMPLATES, speed=speed) for name in ("speed", "speed_number")}
    if (file := reports / "devices.json").exists():
        devices = read_as(Devices, file, f"report@{recipe.name}")
        shipped = hashlib.sha256(Path("models", recipe.name, recipe.shipped_file).read_bytes()).hexdigest()
        filled["devices"] = fill_html(
            "devices.html.jinja", _TEMPLATES, devices=devices, is_of_shipped=devices.sha256 == shipped
        )
    local = Path("runs", recipe.name, page.name)
    with atomic_write(local) as partial:
        partial.write_text(fill_slots(page.read_text(), filled))
    return local


def fill_slots(page: str, filled: Mapping[str, str]) -> str:
    """The page with these contents in the slots of these names; other slots keep what the stage wrote there."""
    for name, content in filled.items():
        before, begin, rest = page.partition(f"<!--slot {name}-->")
        _, end, after = rest.partition(f"<!--end of slot {name}-->")
        if not (begin and end):
            raise UserError(f"the page has no slot {name}, as it was made by another version: run `dvc repro` again")
        page = before + content + after
    return page
