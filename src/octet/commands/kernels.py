"""Score the shipped file with other implementations of its operators, which round differently, on all test pictures.

The reference kernels take some forty times as long as those that `evaluate` uses.
Reads:  data/RECIPE/records, models/RECIPE, reports/RECIPE/{files.json,detections or outputs}
Writes: reports/RECIPE/kernels.json: scores, and steps like those of the ledger
Usage:  octet kernels [RECIPE] [--only builtin|reference]
"""

import argparse
from pathlib import Path

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import EVALUATION, SHIPPED_FILE, add_recipe_with_results, recipe_with_results
from octet.common.errors import UserError
from octet.common.files import require_output, sha256_of
from octet.measuring.files import read_files

_KERNELS = ("builtin", "reference")


def main(options: argparse.Namespace) -> None:
    recipe = recipe_with_results(options.recipe, EVALUATION)
    reports = EVALUATION.of_recipe(recipe).parent
    file = require_output(SHIPPED_FILE.of_recipe(recipe), f"{SHIPPED_FILE.stage}@{recipe.name}")
    require_output(Path("data", recipe.name, "records"), f"preprocess@{recipe.name}")
    facts = read_files(reports / "files.json", recipe)["uint8"]
    if sha256_of(file) != facts.sha256:
        raise UserError(f"{file}: is not the file that was evaluated: run `dvc repro score@{recipe.name}` first")

    from octet.commands.rounding.scores import score_kernels
    from octet.commands.rounding.table import kernels_table
    from octet.common import device
    from octet.measuring.kernels import write_kernel_scores

    device.use("cpu")
    scores = score_kernels(recipe, file, facts, options.only or _KERNELS)
    write_kernel_scores(reports / "kernels.json", scores)
    print(f"\n{kernels_table(scores, recipe)}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_recipe_with_results(parser)
    parser.add_argument("--only", nargs=1, choices=_KERNELS, metavar="KERNELS", help="builtin or reference")


def run() -> None:
    run_command(main, __doc__, add_arguments)
