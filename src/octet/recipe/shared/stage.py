"""The start of every stage script: it takes a recipe's name on the command line and reports mistakes in one line."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import shorten
from typing import Any

from octet.common.errors import UserError, first_line, report_user_errors
from octet.recipe.shared.declared import fingerprints
from octet.recipe.shared.load import load_recipe


def run(main: Callable[[Any], None], usage: str | None) -> None:
    """Run `main` with the recipe that the command line names; `usage` is the help text of the script."""
    parser = argparse.ArgumentParser(description=usage, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", help="a section of params.yaml")
    name, stage = parser.parse_args().recipe, Path(sys.argv[0]).stem
    with report_user_errors(stopped="stopped; the same command goes on from here"):
        recipe = load_recipe(name)
        before = fingerprints(stage, name)
        main(recipe)
        _require_unchanged(before, stage, name)


def _require_unchanged(before: dict[str, str], stage: str, recipe: str) -> None:
    """Refuse to end well where dvc.lock would say that the outputs come from code or parameters that came later."""
    try:
        changed = sorted({name for name, _ in before.items() ^ fingerprints(stage, recipe).items()})
    except (UserError, OSError) as error:
        changed = [first_line(error)]
    if changed:
        names = shorten(", ".join(changed), 500, placeholder=" ...")
        raise UserError(
            f"changed while {stage} ran: {names}. Its outputs are not of what stands there now: run it again, or undo "
            f"the change and keep them with `dvc commit --force {stage}@{recipe}`"
        )
