"""The page with what only this machine can tell, in the slots that the stage's page leaves for it."""

from collections.abc import Mapping
from pathlib import Path

from octet.commands.benchmark.speed import Speed
from octet.common.errors import UserError
from octet.common.files import atomic_write, require_output
from octet.devices.results import Devices
from octet.devices.table import share_in_percent
from octet.recipe.shared.recipe import Recipe
from octet.reporting.filling import fill_html

_TEMPLATES = Path(__file__).with_name("templates")


def write_local_page(recipe: Recipe, speed: Speed, devices: Devices | None) -> Path:
    """Write the page with the speed on this machine, and with what other commands measured, where they did."""
    page = require_output(Path("reports", recipe.name, "report.html"), f"report@{recipe.name}")
    hashes = {name: of.sha256 for name, of in speed.files.items()}
    filled = {name: fill_html(f"{name}.html.jinja", _TEMPLATES, speed=speed) for name in ("speed", "speed_number")}
    if devices:
        is_of_these = {**hashes, **devices.files} == {**devices.files, **hashes}  # those that both name are the same
        shown = {"devices": devices, "is_of_these": is_of_these, "share_in_percent": share_in_percent}
        filled["devices"] = fill_html("devices.html.jinja", _TEMPLATES, **shown)
    filled |= _measured(recipe, hashes["uint8"])
    local = Path("runs", recipe.name, page.name)
    with atomic_write(local) as partial:
        partial.write_text(fill_slots(page.read_text(), filled))
    return local


def _measured(recipe: Recipe, shipped: str) -> dict[str, str]:
    """The sections on what `octet profile` and `octet kernels` measured."""
    profile, kernels = Path("runs", recipe.name, "profile.json"), Path("reports", recipe.name, "kernels.json")
    sections = {}
    if profile.exists():
        from octet.measuring.profile import read_profile
        from octet.reporting.measured import profile_section

        sections["profile"] = profile_section(read_profile(profile, recipe.name), shipped)
    if kernels.exists():
        from octet.measuring.kernels import read_kernel_scores
        from octet.reporting.measured import kernels_section

        sections["kernels"] = kernels_section(read_kernel_scores(kernels, recipe.name), recipe, shipped)
    return sections


def fill_slots(page: str, filled: Mapping[str, str]) -> str:
    """The page with these contents in the slots of these names; other slots keep what the stage wrote there."""
    for name, content in filled.items():
        before, begin, rest = page.partition(f"<!--slot {name}-->")
        _, end, after = rest.partition(f"<!--end of slot {name}-->")
        if not (begin and end):
            raise UserError(f"the page has no slot {name}, as it was made by another version: run `dvc repro` again")
        page = before + content + after
    return page
