"""A recipe's outputs as dvc.lock has them, checked: where a commit comes from a stranger, it may say anything."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dvc.exceptions import DvcException
from dvc.repo import Repo, lock_repo

from octet.commands.sharing.listing import MD5, is_path_below
from octet.common.errors import UserError

_FOLDERS = ("data", "models", "reports")
_MOST_FILES = 100_000  # of a folder, which takes seconds to check


@contextmanager
def locked_repo() -> Iterator[Any]:
    """DVC's repository of the working directory, which no other command of DVC uses until the end."""
    try:
        with Repo() as repo, lock_repo(repo):
            yield repo
    except DvcException as error:
        raise UserError(" ".join(str(error).split())) from None


def stages_of_recipe(repo: Any, recipe: str) -> list[Any]:
    """All stages of the recipe, in the order of dvc.yaml."""
    stages = [stage for stage in repo.index.stages if stage.addressing.endswith(f"@{recipe}")]
    if not stages:
        raise UserError(f"dvc.yaml: {recipe!r} is none of its recipes")
    return stages


def outputs_of_recipe(repo: Any, recipe: str) -> list[Any]:
    """All outputs of the recipe's stages."""
    stages = stages_of_recipe(repo, recipe)
    lacking = [stage.addressing for stage in stages if not all(out.hash_info for out in stage.outs)]
    if lacking:
        raise UserError(
            f"dvc.lock has no results of {', '.join(lacking)}: run `make reproduce RECIPE={recipe}`, "
            "or check out a commit whose dvc.lock has them"
        )
    return known_outputs(repo, stages, recipe)


def artifact(repo: Any, name: str) -> Any:
    """The output that dvc.yaml calls by that name, such as quickstart/detector, where dvc.lock has it."""
    named = repo.artifacts.read().get("dvc.yaml", {})
    if name not in named:
        raise UserError(f"dvc.yaml: no model {name!a}; there are: {', '.join(map(ascii, named)) or 'none'}")
    recipe = name.partition("/")[0]
    outs = known_outputs(repo, stages_of_recipe(repo, recipe), recipe)
    for out in outs:
        if out.def_path == named[name].path and not out.hash_info.isdir:
            return out
    raise UserError(f"dvc.lock has no result {named[name].path!a}: take a version or a commit that has it")


def known_outputs(repo: Any, stages: list[Any], recipe: str) -> list[Any]:
    """Those outputs of the stages that dvc.lock has, each in the recipe's folders, with an MD5 and a size."""
    outs = [out for stage in stages for out in stage.outs if out.hash_info]
    for out in outs:
        _check_place(repo, out, recipe)
        _check_fields(out)
    return outs


def is_data(out: Any) -> bool:
    """Whether the output is data, which is large and serves only for making the rest."""
    return str(out.def_path).startswith("data/")


def _check_place(repo: Any, out: Any, recipe: str) -> None:
    path = out.def_path
    places = tuple(f"{folder}/{recipe}/" for folder in _FOLDERS)
    in_repo = is_path_below(path) and Path(out.fs_path) == Path(repo.root_dir, path)
    if not (in_repo and path.startswith(places)):
        raise UserError(f"dvc.yaml: found the output {path!a}, expected it in {', '.join(places)}")


def _check_fields(out: Any) -> None:
    """Refuse what DVC would read as older versions wrote it, or not by its MD5."""
    meta, md5 = out.meta, out.hash_info.value
    is_folder = md5.endswith(".dir")
    problems = {
        "md5": out.hash_name != "md5" or not MD5.fullmatch(md5.removesuffix(".dir")),
        "size": not _is_count(meta.size),
        "nfiles": not (_is_count(meta.nfiles) and meta.nfiles <= _MOST_FILES) if is_folder else meta.nfiles is not None,
        "files": bool(out.files),
        "cloud": meta.remote is not None or meta.version_id is not None,
    }
    for field, is_wrong in problems.items():
        if is_wrong:
            raise UserError(f"dvc.lock: {out.def_path}: {field} is not as DVC writes it: take dvc.lock from a run")


def _is_count(number: Any) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and number >= 0
