"""Finds the parts of a task: a recipe's `task` names a folder beside this file. Nothing else imports those folders."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octet.recipe.shared.recipe import Recipe

if TYPE_CHECKING:
    from octet.tasks import protocol


def preparing(recipe: Recipe) -> "protocol.Preparing":
    """The part that turns the recipe's archives into records."""
    return _part(recipe, "preparing", "Preparing")(recipe)


def network(recipe: Recipe, classes: Sequence[str]) -> "protocol.Network":
    """The part that builds the recipe's network for these classes."""
    return _part(recipe, "network", "Network")(recipe, classes)


def learning(recipe: Recipe, classes: Sequence[str]) -> "protocol.Learning":
    """The part that gives the trainings their batches, losses and validation."""
    return _part(recipe, "learning", "Learning")(recipe, classes)


def shipping(recipe: Recipe, classes: Sequence[str]) -> "protocol.Shipping":
    """The part that turns the network into graphs to convert, and describes the files."""
    return _part(recipe, "shipping", "Shipping")(recipe, classes)


def predicting(recipe: Recipe, records: Path) -> "protocol.Predicting":
    """The part that collects the predictions of networks and files for the test pictures."""
    return _part(recipe, "predicting", "Predicting")(recipe, records)


def scoring(recipe: Recipe, classes: Sequence[str], records: Path) -> "protocol.Scoring":
    """The part that scores predictions against the ground truth of the test pictures."""
    return _part(recipe, "scoring", "Scoring")(classes, records)


def showing(recipe: Recipe) -> "protocol.Showing":
    """The part that presents the results to people."""
    return _part(recipe, "showing", "Showing")(recipe)


def proposing(recipe: Recipe) -> "protocol.Proposing":
    """The part that checks the user's own data and proposes what a recipe should say for it."""
    return _part(recipe, "proposing", "Proposing")(recipe)


def finder(task: str, file: Path, labels: Path | None) -> "protocol.Finder":
    """A shipped .tflite file, of this project or another, ready to run on any picture."""
    return import_module(f"octet.tasks.{task}.using.part").Finder(file, labels)


def _part(recipe: Recipe, folder: str, name: str) -> Any:
    return getattr(import_module(f"octet.tasks.{recipe.task}.{folder}.part"), name)
