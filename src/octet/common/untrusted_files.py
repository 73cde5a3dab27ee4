"""Reading a file that somebody else made, in bounded memory, and nothing that never ends."""

from pathlib import Path

from octet.common.errors import UserError


def read_untrusted_file(path: Path, most_bytes: int) -> bytes:
    """Read a file; a larger one, a folder, a pipe or a device is a UserError, as is one that cannot be read."""
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path}: is a folder, a pipe or a device, expected a file")
        if path.exists() and path.stat().st_size > most_bytes:
            raise UserError(f"{path}: has more than {most_bytes:,} bytes")
        with path.open("rb") as file:
            return require_few_bytes(file.read(most_bytes + 1), most_bytes, str(path))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None


def require_few_bytes(content: bytes, most_bytes: int, name: str) -> bytes:
    """Return the content, of which one byte more than allowed was read where there are more."""
    if len(content) > most_bytes:
        raise UserError(f"{name}: has more than {most_bytes:,} bytes")
    return content
