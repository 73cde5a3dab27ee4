"""A recipe's `task:` names a folder beside this file; here its parts are found, and nowhere else."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octet.recipe.shared.recipe import Recipe

if TYPE_CHECKING:
    from octet.tasks import protocol


def preparing(recipe: Recipe) -> "protocol.Preparing":
    """From archives to records."""
    return _part(recipe, "preparing", "Preparing")(recipe)


def network(recipe: Recipe, classes: Sequence[str]) -> "protocol.Network":
    """The network."""
    return _part(recipe, "network", "Network")(recipe, classes)


def learning(recipe: Recipe, classes: Sequence[str]) -> "protocol.Learning":
    """What the network is shown, what it is held against, and how it is scored meanwhile."""
    return _part(recipe, "learning", "Learning")(recipe, classes)


def shipping(recipe: Recipe, classes: Sequence[str]) -> "protocol.Shipping":
    """What of the network goes into files, and what they say of themselves."""
    return _part(recipe, "shipping", "Shipping")(recipe, classes)


def predicting(recipe: Recipe, classes: Sequence[str], records: Path) -> "protocol.Predicting":
    """What networks and files say of pictures."""
    return _part(recipe, "predicting", "Predicting")(recipe, classes, records)


def scoring(recipe: Recipe, classes: Sequence[str], records: Path) -> "protocol.Scoring":
    """How good that is."""
    return _part(recipe, "scoring", "Scoring")(recipe, classes, records)


def showing(recipe: Recipe) -> "protocol.Showing":
    """What a person is shown of it."""
    return _part(recipe, "showing", "Showing")(recipe)


def proposing(recipe: Recipe) -> "protocol.Proposing":
    """Own data: what there is, and what a recipe should say for it."""
    return _part(recipe, "proposing", "Proposing")(recipe)


def finder(task: str, file: Path, labels: Path | None) -> "protocol.Finder":
    """A file that was shipped, by us or others, at work on any picture."""
    return import_module(f"octet.tasks.{task}.using.part").Finder(file, labels)


def fit(recipe: Recipe, records: Path) -> str:
    """How well what a network starts from fits what it is to learn, in words."""
    return import_module(f"octet.tasks.{recipe.task}.proposing.recall").described(recipe, records)


def _part(recipe: Recipe, folder: str, name: str) -> Any:
    return getattr(import_module(f"octet.tasks.{recipe.task}.{folder}.part"), name)
