"""Measure how well a recipe's anchors fit its objects: recall at an overlap of a half, by size.

Reads:  data/RECIPE/records
Usage:  octet anchors [RECIPE]
"""

import argparse

from octet.commands.command_line.command import run_command
from octet.commands.command_line.recipes import RECORDS, add_recipe_with_results, recipe_with_results


def main(options: argparse.Namespace) -> None:
    recipe = recipe_with_results(options.recipe, RECORDS)

    from octet.common import device
    from octet.tasks import registry

    device.use("cpu")
    print(registry.describe_anchor_fit(recipe, RECORDS.of_recipe(recipe)))


def run() -> None:
    run_command(main, __doc__, add_recipe_with_results)
