"""Write a tar archive."""

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from octet.common.files import atomic_write
from octet.sources.voc.layout import ORIGIN_HEADER


class PackedFile(NamedTuple):
    """A member of an archive; `origin` names the user's file that it was made from, if that differs from `name`.

    A name that ends in a slash is that of a folder.
    """

    name: str
    content: bytes
    origin: str = ""


def write_archive(path: Path, files: Iterable[PackedFile]) -> None:
    """Write a tar whose bytes depend only on the names, contents and origins of its members."""
    with atomic_write(path) as partial, tarfile.open(partial, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content, origin in files:
            member = tarfile.TarInfo(name)  # owner, time and mode keep their constant defaults
            member.size = len(content)
            if name.endswith("/"):
                member.type = tarfile.DIRTYPE
            if origin:
                member.pax_headers = {ORIGIN_HEADER: origin}
            tar.addfile(member, io.BytesIO(content))
