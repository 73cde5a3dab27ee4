"""Whether dvc.lock is stale, judged by what git tracks: data on disk, or the lack of it, makes no difference.

`dvc status` compares with the data on disk, and `dvc repro --dry --allow-missing` ends well although the first stage,
which needs no data, is stale.
"""

from pathlib import Path
from textwrap import shorten
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo

from octet.commands.reproduction.dvc_lock import read_lock
from octet.common.errors import UserError


def require_fresh_lock(folder: Path, recipe: str | None = None) -> list[str]:
    """The recipes that dvc.lock knows, or only the given one; an error lists all reasons where a stage is stale."""
    entries = read_lock(folder / "dvc.lock")
    try:
        with Repo(str(folder)) as repo:
            stages = [stage for stage in repo.index.stages if recipe in (None, _recipe(stage))]
            recipes = sorted({_recipe(stage) for stage in stages if _has_run(stage)})
            stale = stale_stages(repo, [stage for stage in stages if _recipe(stage) in recipes])
    except DvcException as error:
        raise UserError(str(error)) from None
    if not recipes:
        if recipe and not stages:
            raise UserError(f"dvc.yaml lists no recipe {recipe!r}, so there is nothing that dvc.lock could fit")
        raise UserError(f"{_what_lacks(folder / 'dvc.lock', recipe, entries)}: {_remedy([recipe or 'NAME'])}")
    if stale:
        lines = [f"  {name}: {', '.join(reasons)}" for name, reasons in stale.items()]
        to_run = {name.rpartition("@")[2] for name in stale}
        raise UserError("\n".join(["dvc.lock is stale:", *lines, _remedy(sorted(to_run))]))
    return recipes


def _what_lacks(lock: Path, recipe: str | None, entries: dict[str, Any]) -> str:
    """Why dvc.lock knows nothing of the recipe, or of any."""
    if not lock.exists():
        return f"{lock.name} is missing"
    if recipe:
        return f"{lock.name} has no entry of recipe {recipe!r}"
    if entries:
        names = shorten(", ".join(entries), 200, placeholder=" ...")
        return f"{lock.name} names no output of a stage that dvc.yaml has; its entries are {names}"
    return f"{lock.name} has no entry"


def stale_stages(repo: Any, stages: list[Any]) -> dict[str, list[str]]:
    """The names of those stages that are stale, with the reasons."""
    made = {out.fs_path: out for out in repo.index.outs}
    changes = {stage.name: _changes(stage, made) for stage in stages}
    return {name: reasons for name, reasons in changes.items() if reasons}


def _remedy(recipes: list[str]) -> str:
    commands = " and ".join(f"`make reproduce RECIPE={recipe}`" for recipe in recipes)
    return f"run {commands}, then commit dvc.lock"


def _changes(stage: Any, made: dict[str, Any]) -> list[str]:
    """What changed for a stage since dvc.lock was written."""
    if not _has_run(stage):
        return ["never ran"]
    changes = ["cmd (modified)"] if stage.cmd_changed else []
    for dep in stage.deps:
        if dep.fs_path in made:
            if dep.hash_info != made[dep.fs_path].hash_info:
                changes.append(f"{dep} (not what {made[dep.fs_path].stage.name} made)")
        else:
            for name, status in dep.workspace_status().items():
                by_key = status if isinstance(status, dict) else {name: status}  # params.yaml has a status for each key
                changes += [f"{key} ({change})" for key, change in by_key.items()]
    return changes + [f"{out} (new)" for out in stage.outs if not out.hash_info]


def _recipe(stage: Any) -> str:
    return str(stage.name.rpartition("@")[2])


def _has_run(stage: Any) -> bool:
    return any(out.hash_info for out in stage.outs)
