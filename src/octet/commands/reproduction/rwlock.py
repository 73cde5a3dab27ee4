"""DVC's list of the files that its processes read and write now, of which a killed one may leave half."""

import json
import sys
from pathlib import Path

from dvc.lock import make_lock
from dvc.repo import Repo
from dvc.rwlock import RWLOCK_LOCK, SCHEMA
from voluptuous import Invalid


def remove_broken_rwlock(rwlock: Path) -> None:
    """Remove the list where DVC cannot read it: it would stop there every time."""
    if not _is_broken(rwlock):
        return
    with Repo() as repo:
        hardlink = repo.config["core"].get("hardlink_lock", False)
        with make_lock(str(rwlock.with_name(RWLOCK_LOCK)), tmp_dir=repo.tmp_dir, hardlink_lock=hardlink):
            if _is_broken(rwlock):  # under this guard nobody is writing it
                rwlock.unlink()
                print(f"octet: removed {rwlock}, which a killed run left unreadable", file=sys.stderr)


def _is_broken(rwlock: Path) -> bool:
    try:
        SCHEMA(json.loads(rwlock.read_bytes()))
    except FileNotFoundError:
        return False
    except (ValueError, RecursionError, Invalid):
        return True
    return False
