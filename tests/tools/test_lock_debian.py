"""The lock of Debian's packages names each with its size, its hash and two places."""

import datetime

import pytest

from lock_debian import PACKAGES, packages
from octet.common.errors import UserError

DAY = datetime.date(2026, 1, 2)


def index(names: tuple[str, ...]) -> str:
    return "\n\n".join(
        f"Package: {name}\nVersion: 1\nFilename: pool/main/{name}_1_arm64.deb\nSize: 12\nSHA256: {'0' * 64}"
        for name in ("python3.11-minimal-doc", *names)
    )


def test_every_package_is_locked_in_order() -> None:
    locked = packages(index(PACKAGES[::-1]), DAY)
    assert [package["name"] for package in locked] == [f"{name}_1_arm64.deb" for name in PACKAGES]
    assert locked[0]["bytes"] == 12
    assert locked[0]["sources"] == [
        f"https://deb.debian.org/debian/pool/main/{PACKAGES[0]}_1_arm64.deb",
        f"https://snapshot.debian.org/archive/debian/20260102T000000Z/pool/main/{PACKAGES[0]}_1_arm64.deb",
    ]


def test_a_package_that_is_gone_is_named() -> None:
    with pytest.raises(UserError, match=f"has no {PACKAGES[0]} for arm64"):
        packages(index(PACKAGES[1:]), DAY)
