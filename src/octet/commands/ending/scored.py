"""Whether the files that are here are those that the scores tell of."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Protocol

from octet.common.errors import UserError
from octet.common.files import require_output, sha256_of
from octet.recipe.shared.recipe import Recipe
from octet.tflite.running.variants import variant_files


class _Named(Protocol):
    @property
    def sha256(self) -> str | None: ...


def require_scored(recipe: Recipe, variants: Iterable[str], *reports: Mapping[str, _Named]) -> None:
    """Raise an error where a variant's file has another SHA-256 than a report of its measurements names."""
    files = variant_files(Path("models", recipe.name), recipe.shipped_file)
    for variant in variants:
        file = require_output(files[variant], f"convert@{recipe.name}")
        if {sha256_of(file)} != {report[variant].sha256 for report in reports}:
            raise UserError(f"{file} is not the file that was scored: run `dvc repro score@{recipe.name}` first")
