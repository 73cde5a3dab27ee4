"""What two runs of a recipe differ in, by the hashes that DVC wrote down."""

import json
from pathlib import Path

import yaml

Hashes = dict[str, dict[str, str]]  # stage -> output -> MD5


def read_hashes(lock: Path, recipe: str) -> Hashes:
    """The outputs of a recipe's stages, in the order in which dvc.lock has them."""
    stages = yaml.safe_load(lock.read_text())["stages"]
    return {
        name: {out["path"]: out["md5"] for out in entry["outs"]}
        for name, entry in stages.items()
        if name.endswith(f"@{recipe}")
    }


def differences(reference: Hashes, rerun: Hashes, caches: list[Path]) -> dict[str, list[str]]:
    """For each stage of the rerun, the outputs that differ; the caches may know which files of a folder do."""
    return {
        stage: [
            _difference(path, expected, found, caches)
            for path, found in outputs.items()
            if (expected := reference[stage][path]) != found
        ]
        for stage, outputs in rerun.items()
    }


def _difference(path: str, expected: str, found: str, caches: list[Path]) -> str:
    if not found.endswith(".dir"):
        return path
    before, after = _files(expected, caches), _files(found, caches)
    if before is None or after is None:
        return f"{path}/ (which files is not known: the DVC cache here has no list of what was there)"
    return f"{path}/: {', '.join(sorted({name for name, _ in before ^ after}))}"


def _files(folder: str, caches: list[Path]) -> set[tuple[str, str]] | None:
    """The names and hashes of the files in a folder of that hash, if a cache has the list."""
    for cache in caches:
        listing = cache / "files" / "md5" / folder[:2] / folder[2:]
        if listing.exists():
            return {(file["relpath"], file["md5"]) for file in json.loads(listing.read_text())}
    return None
