"""Chance that is the same everywhere: what it says of a name depends on nothing else."""

import hashlib


def by_chance(name: str) -> bytes:
    """What names are sorted by so that their order says nothing about them."""
    return hashlib.sha256(name.encode()).digest()
