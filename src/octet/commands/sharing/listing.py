"""A folder's list of files, as DVC keeps it: every name is checked before anything of it is fetched or put in place.

DVC itself joins these names to the folder's path as they are, `..` included.
"""

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from octet.common.errors import UserError

BYTES_PER_FILE = 4096  # of a list, at most: a name, each letter of which may take six bytes, and an MD5
MD5 = re.compile("[0-9a-f]{32}")
_LONGEST_PATH = 1000  # bytes
_LONGEST_PART = 255  # bytes, as file systems have it
_PART = re.compile(r"(?!\.{1,2}$|[a-z]:|\.git$|\.dvc$)[^/\\\0]+", re.IGNORECASE)


def read_listing(file: Path, folder: str, nfiles: int) -> dict[str, str]:
    """The MD5 of each of the folder's files, by its path in there."""
    try:
        entries = json.loads(file.read_bytes().decode("ascii"))
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        raise _error(folder, "is no JSON list of {md5, relpath}")
    files = {entry["relpath"]: entry["md5"] for entry in entries}
    for path, md5 in files.items():
        if not is_path_below(path):
            raise _error(folder, f"names {ascii(path)[:200]}, which is no path in that folder")
        if not MD5.fullmatch(md5):
            raise _error(folder, f"gives {path} the MD5 {ascii(md5)[:50]}, expected 32 hexadecimal digits")
        for parent in PurePosixPath(path).parents:
            if str(parent) in files:
                raise _error(folder, f"has {parent} as a file and as a folder")
    if len(files) < len(entries):
        raise _error(folder, "names a file twice")
    if len(files) != nfiles:
        raise _error(folder, f"has {len(files)} files, but dvc.lock says {nfiles}")
    return files


def is_path_below(path: str) -> bool:
    """Whether a path leads to something below the folder it starts from, on any system, and can be printed."""
    parts = path.split("/")
    return (
        path.isprintable()
        and len(path.encode()) <= _LONGEST_PATH
        and all(_PART.fullmatch(part) and len(part.encode()) <= _LONGEST_PART for part in parts)
    )


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and entry.keys() == {"md5", "relpath"}
        and all(isinstance(field, str) for field in entry.values())
    )


def _error(folder: str, problem: str) -> UserError:
    return UserError(f"dvc.lock: {folder}: the list of its files {problem}: no run makes such a list, do not use it")
