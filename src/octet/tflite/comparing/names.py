"""Names of layers that fit into a table."""

import os
from collections.abc import Sequence

NAME_WIDTH = 35  # letters of a layer's name in a table; more where fewer would make two names equal


def short_names(names: Sequence[str]) -> Sequence[str]:
    """Names that fit into a table and still differ: without the folders that all share, then cut in the middle."""
    longest = max(map(len, names), default=0)
    if longest <= NAME_WIDTH:
        return names
    paths = {name for name in names if "/" in name}
    if len(paths) > 1:
        folder = "".join(os.path.commonprefix([*paths]).rpartition("/")[:2])  # noqa: RUF071  # cut to whole folders
        names = [name.removeprefix(folder) for name in names]
    shortened = ([_cut_middle(name, width) for name in names] for width in range(NAME_WIDTH, longest + 1))
    return next(short for short in shortened if len(set(short)) == len(set(names)))


def _cut_middle(name: str, width: int) -> str:
    """The name in at most so many letters, of which most are from its end."""
    head = width // 3
    return name if len(name) <= width else f"{name[:head]}…{name[head + 1 - width :]}"
