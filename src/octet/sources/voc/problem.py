"""Problems of a picture or its annotation, described so that the owner of the data can find them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from octet.common.errors import UserError
from octet.common.printing import printable


@dataclass(frozen=True)
class Problem:
    """A problem: its file and field, its kind, what was found there, and what is left out when it is skipped."""

    file: str
    field: str  # empty if the whole file is meant
    kind: str
    found: str
    skipped: Literal["object", "picture", "file"] = "picture"

    def __str__(self) -> str:
        return printable(": ".join(part for part in (self.file, self.field, self.kind, self.found) if part))


class BadPictureError(Exception):
    """Raised for a picture that cannot be used; its problem says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


def require_no_problems(problems: Sequence[Problem]) -> None:
    """Raise a UserError that lists all problems, if there are any."""
    if problems:
        title = f"{len(problems)} things are wrong with the data (`on_bad: skip` in params.yaml leaves them out):"
        raise UserError("\n".join([title, *map(str, _by_file(problems))]))


def summarize_problems(problems: Sequence[Problem]) -> dict[str, Any]:
    """Return the problems of skipped data for dataset.json: their number by kind, and the list of all."""
    return {
        "by_kind": dict(sorted(Counter(problem.kind for problem in problems).items())),
        "list": [asdict(problem) for problem in _by_file(problems)],
    }


def _by_file(problems: Sequence[Problem]) -> list[Problem]:
    """Problems in the order in which their owner looks at the files; pictures are checked in another one."""
    return sorted(problems, key=lambda problem: problem.file)
