"""Writing an archive in VOC's layout."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path

from octet.common.files import whole_file


def write_archive(path: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write a tar whose bytes depend on names and contents alone."""
    with whole_file(path) as partial, tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files:
            member = tarfile.TarInfo(name)  # owner, time and mode stay at their constant defaults
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
