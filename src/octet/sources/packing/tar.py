"""Writing an archive in VOC's layout."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from octet.common.files import whole_file
from octet.sources.voc.layout import ORIGIN_HEADER


class PackedFile(NamedTuple):
    """A member of an archive, and what its owner calls the file that it was made from, where the names differ."""

    name: str
    content: bytes
    origin: str = ""


def write_archive(path: Path, files: Iterable[PackedFile]) -> None:
    """Write a tar whose bytes depend on names, contents and origins alone."""
    with whole_file(path) as partial, tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content, origin in files:
            member = tarfile.TarInfo(name)  # owner, time and mode stay at their constant defaults
            member.size = len(content)
            if origin:
                member.pax_headers = {ORIGIN_HEADER: origin}
            tar.addfile(member, io.BytesIO(content))
