"""Lock the Arm 64 packages of Debian that `make devices` runs LiteRT in, as requirements/arm64-debian.json.

Usage: python tools/lock_debian.py

Of each package: its size and SHA-256, from the index of the release, and where it lies: at Debian's mirror for as long
as it is the newest, and in Debian's archive of all days. Here because Debian's own tools install whole systems.
"""

import datetime
import lzma
import sys
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import requests

from octet.common.errors import UserError
from octet.common.files import write_json

OUTPUT = Path("requirements/arm64-debian.json")
RELEASE, ARCHITECTURE = "bookworm", "arm64"
MIRROR = "https://deb.debian.org/debian"
ARCHIVE = "https://snapshot.debian.org/archive/debian"
# Python, and what its own modules and the wheels are linked against.
PACKAGES = (
    "libbz2-1.0",
    "libc6",
    "libexpat1",
    "libffi8",
    "libgcc-s1",
    "liblzma5",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libstdc++6",
    "python3.11-minimal",
    "zlib1g",
)


def packages(index: str, day: datetime.date) -> list[dict[str, Any]]:
    """What the index of a release says of PACKAGES, as files that can be fetched."""
    found = {}
    for paragraph in index.split("\n\n"):
        if paragraph.startswith(_STARTS):
            fields = HeaderParser().parsestr(paragraph)
            path = fields["Filename"]
            found[fields["Package"]] = {
                "name": Path(path).name,
                "bytes": int(fields["Size"]),
                "sha256": fields["SHA256"],
                "sources": [f"{MIRROR}/{path}", f"{ARCHIVE}/{day:%Y%m%d}T000000Z/{path}"],
            }
    if missing := [name for name in PACKAGES if name not in found]:
        raise UserError(f"{RELEASE} has no {', '.join(missing)} for {ARCHITECTURE}; expected all of PACKAGES")
    return [found[name] for name in PACKAGES]


_STARTS = tuple(f"Package: {name}\n" for name in PACKAGES)


def main() -> None:
    url = f"{MIRROR}/dists/{RELEASE}/main/binary-{ARCHITECTURE}/Packages.xz"
    try:
        answer = requests.get(url, timeout=60)
        answer.raise_for_status()
    except requests.RequestException as error:
        raise UserError(f"{url}: {error}") from None
    locked = packages(lzma.decompress(answer.content).decode(), datetime.datetime.now(datetime.timezone.utc).date())
    write_json(OUTPUT, locked)
    print(f"{OUTPUT}: {len(locked)} packages, {sum(package['bytes'] for package in locked) / 1e6:.1f} MB")


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"lock: {error}")
