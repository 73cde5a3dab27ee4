"""Say how a recipe's run ended: in a sentence, in a table, and what to do next.

The files' speed is measured where it is not known yet, for about a second, and the page gets what this machine adds.

Reads:  reports/RECIPE/{evaluation.json,report.html,devices.json}, models/RECIPE
Writes: runs/RECIPE/speed.json; runs/RECIPE/report.html, the page with the speed on this machine
Usage:  octet summary [RECIPE]
"""

import argparse
from pathlib import Path
from textwrap import fill

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import EVALUATION, add_recipe_with_results, recipe_with_results
from octet.commands.ending.scored import require_scored
from octet.commands.reproduction.clone import git
from octet.common.errors import UserError
from octet.measuring.evaluation import read_evaluation

_WIDTH = 98  # letters in a line, as many as the table has
_RENDERED = {"detect": "docs/shapes.jpg", "classify": "docs/star.jpg"}  # pictures like those that recipes render


def main(options: argparse.Namespace) -> None:
    recipe = recipe_with_results(options.recipe, EVALUATION)
    evaluation = read_evaluation(EVALUATION.of_recipe(recipe), recipe)

    from octet.commands.benchmark.speed import known_speed
    from octet.commands.ending.page import write_local_page
    from octet.commands.ending.sentence import sentence
    from octet.commands.ending.style import BOLD, GREEN, RED, styled
    from octet.commands.ending.table import scores_table
    from octet.devices.results import read_devices
    from octet.devices.table import devices_table

    speed = known_speed(recipe)
    require_scored(recipe, speed.files, evaluation.variants)
    devices = Path("reports", recipe.name, "devices.json")
    tried = read_devices(devices) if devices.exists() else None
    page = write_local_page(recipe, speed, tried)
    print(f"\n{styled(fill(sentence(evaluation, recipe, speed), _WIDTH), BOLD)}\n")
    print(f"{scores_table(evaluation, recipe, speed)}\n")
    legend = f"change: against float, minus is worse; ms: for one picture on one core, {speed.machine}"
    print(f"{fill(legend, _WIDTH)}\n")
    if tried:
        print(f"{devices_table(tried, recipe.metrics[tried.metric])}\n")
        print(f"devices: {tried.pictures} pictures, with {tried.file} of SHA-256 {tried.sha256[:12]}\n")
    passed = evaluation.gate.passed
    gate = styled("passed", GREEN) if passed else f"{styled('failed', RED)}: `make gate` says which limit"
    source = recipe.dataset.source
    picture = "YOUR.jpg" if source.files or source.paths else _RENDERED[recipe.command]
    for name, value in (
        ("gate", gate),
        ("commit", current_commit()),
        ("model", Path("models", recipe.name, recipe.shipped_file)),
        ("page", page.resolve().as_uri()),
        ("next", f"make demo RECIPE={recipe.name}"),
        ("", f"make {recipe.command} RECIPE={recipe.name} SOURCE={picture}"),
    ):
        print(f"{name:7} {value}")


def current_commit() -> str:
    """The commit that is checked out; the results do not name it, since many commits make the same bytes."""
    try:
        return git("describe", "--always", "--dirty=, and changes that are not committed").strip()
    except UserError:
        return "none: this is not a clone"


def run() -> None:
    run_command(main, __doc__, add_recipe_with_results)
