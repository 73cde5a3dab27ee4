"""A file that is complete or absent, written where somebody else may have put links."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Yield a path of the same name in a new folder beside it; what was written there replaces `path` in the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Absolute, since FFmpeg takes what begins with `tcp:` and the like for an address.
    with TemporaryDirectory(dir=path.parent.absolute(), prefix=".octet-") as folder:
        yield Path(folder, path.name)
        Path(folder, path.name).replace(path)
