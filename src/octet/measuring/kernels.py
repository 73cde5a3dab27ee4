"""kernels.json: the scores of the shipped file with each implementation of the runtime's operators, and the changes."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from octet.common.files import write_json
from octet.measuring.evaluation import Comparison, Step, Variant
from octet.measuring.reading import read_as
from octet.recipe.shared.types import Text

SHIPPED = "uint8"  # the variant that evaluation.json has: the shipped file, with the runtime's default kernels


class KernelScores(BaseModel):
    """The shipped file on the whole test split: the same steps and variants as in evaluation.json, further ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    file: Text
    sha256: Text
    runtime: Text
    pictures: int
    variants: dict[Text, Variant]
    ledger: tuple[Step, ...]
    comparisons: tuple[Comparison, ...] = ()


def variant_name(kernels: str) -> str:
    """The name of the shipped file with other kernels, as a variant."""
    return f"{SHIPPED}, {kernels} kernels"


def write_kernel_scores(path: Path, scores: KernelScores) -> None:
    """Write kernels.json, whole or not at all."""
    write_json(path, scores.model_dump(mode="json", by_alias=True))


def read_kernel_scores(path: Path, recipe: str) -> KernelScores:
    """Read the kernels.json of a recipe, which exists."""
    return read_as(KernelScores, path, f"kernels {recipe}", tool="octet")
