"""What can be wrong with a picture or its annotation, said so that its owner finds it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from octet.common.errors import UserError


@dataclass(frozen=True)
class Problem:
    """Where it stands, what kind it is, what was found, and what is left out when it is skipped."""

    file: str
    field: str  # empty: the file as a whole
    kind: str
    found: str
    skipped: Literal["object", "picture", "file"] = "picture"

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.field, self.kind, self.found) if part)


class BadPictureError(Exception):
    """A picture that cannot be used, with the problem that says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def refuse(problems: Sequence[Problem]) -> None:
    """Stop with the whole list, if there is one."""
    if problems:
        head = f"{len(problems)} things are wrong with the data (`on_bad: skip` in params.yaml leaves them out):"
        raise UserError("\n".join([head, *map(str, problems)]))


def skips(problems: Sequence[Problem]) -> dict[str, Any]:
    """How many of what kind were left out, and each of them, for dataset.json."""
    return {
        "by_kind": dict(sorted(Counter(problem.kind for problem in problems).items())),
        "list": [asdict(problem) for problem in problems],
    }
