"""In which outputs two runs of a recipe differ, by the hashes in dvc.lock."""

import json
from pathlib import Path

from octet.commands.reproduction.dvc_lock import read_lock

Hashes = dict[str, dict[str, str]]  # stage -> output -> MD5


def read_hashes(lock: Path, recipe: str) -> Hashes:
    """The hashes of the outputs of a recipe's stages, in the order of dvc.lock."""
    return {
        name: {out["path"]: out["md5"] for out in entry["outs"]}
        for name, entry in read_lock(lock).items()
        if name.endswith(f"@{recipe}")
    }


def differences(reference: Hashes, rerun: Hashes, caches: list[Path]) -> dict[str, list[str]]:
    """For each stage of the rerun, the outputs that differ, and of a folder the files where a cache has its list."""
    return {
        stage: [
            _describe(path, before, after, caches)
            for path, after in outputs.items()
            if (before := reference[stage][path]) != after
        ]
        for stage, outputs in rerun.items()
    }


def _describe(path: str, before: str, after: str, caches: list[Path]) -> str:
    if not after.endswith(".dir"):
        return path
    files_before, files_after = _files(before, caches), _files(after, caches)
    if files_before is None or files_after is None:
        return f"{path}/ (which files is not known: the DVC cache here has no list of them)"
    return f"{path}/: {', '.join(sorted({name for name, _ in files_before ^ files_after}))}"


def _files(folder: str, caches: list[Path]) -> set[tuple[str, str]] | None:
    """The names and hashes of the files in a folder with this hash, if a cache has its list."""
    for cache in caches:
        listing = cache / "files" / "md5" / folder[:2] / folder[2:]
        if listing.exists():
            return {(file["relpath"], file["md5"]) for file in json.loads(listing.read_text())}
    return None
