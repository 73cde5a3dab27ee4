"""What of a recipe is taken from DVC's remote so that the rest can run: all by dvc.lock, which a commit holds.

DVC's own `dvc repro --pull` takes results by the remote's run cache too, which no commit holds.
"""

import sys
from typing import Any

from octet.commands.reproduction.staleness import stale_stages
from octet.commands.sharing.lock import is_data, known_outputs, stages_of_recipe
from octet.commands.sharing.remote import check_out, fetch_outputs, is_whole


def restore_outputs(repo: Any, remote: Any, recipe: str) -> bool:
    """Bring what the remote has of a recipe, and return whether that is all that the stages which run need.

    That is models and reports, and the data that stale stages read, or stages after them. Where some of it is missing,
    other stages run too: then all of the data is brought.
    """
    stages = stages_of_recipe(repo, recipe)
    stale = stale_stages(repo, stages)
    known = known_outputs(repo, stages, recipe)
    needed = _needed(stages, set(stale))
    wanted = [out for out in known if not is_data(out) or out.fs_path in needed]
    _, lost = fetch_outputs(repo, remote, wanted, recipe)
    if lost:
        wanted = known
        _, lost = fetch_outputs(repo, remote, wanted, recipe)
    whole = [out for out in wanted if is_whole(repo, out, lost)]
    check_out(repo, whole)
    _say(f"restored from {remote.name}: {len(whole)} of {len(wanted)} outputs")
    if stale:
        _say(f"stale, so they run: {', '.join(stale)}")
    if lost:
        _say(f"not on the remote, so made again: {', '.join(out.def_path for out in wanted if out not in whole)}")
    return not lost


def _needed(stages: list[Any], running: set[str]) -> set[str]:
    """The paths of what these stages read, and all stages after them."""
    while True:
        made = {out.fs_path for stage in stages if stage.name in running for out in stage.outs}
        after = {stage.name for stage in stages if any(dep.fs_path in made for dep in stage.deps)}
        if after <= running:
            return {dep.fs_path for stage in stages if stage.name in running for dep in stage.deps}
        running = running | after


def _say(line: str) -> None:
    print(f"octet: {line}", file=sys.stderr)
