"""Turn an archive that is compressed by gzip into a plain tar, whose members can be read one by one."""

from pathlib import Path

from octet.common.errors import UserError
from octet.common.files import atomic_write
from octet.fetching.asking import OtherFileError
from octet.fetching.gzipped import decompressed
from octet.recipe.shared.dataset import plain_tar_name


def decompress_archive(path: Path) -> None:
    """Replace a .tgz or .tar.gz by the .tar in it; a UserError if it is damaged, or grows beyond all measure."""
    try:
        with atomic_write(path.with_name(plain_tar_name(path.name))) as partial, partial.open("wb") as tar:
            for block in decompressed(path):
                tar.write(block)
    except OtherFileError as error:
        raise UserError(f"{path.name}: {error}; decompress it yourself, and name the .tar in params.yaml") from None
    path.unlink()
