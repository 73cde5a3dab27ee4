"""Recognizes what kind of data lies at some paths, among the kinds that a task can learn from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from octet.commands.recipes import own_boxes, own_classes
from octet.commands.recipes.found_data import OwnData, list_folders
from octet.common.errors import UserError
from octet.fetching.own import is_pipe_or_device
from octet.sources.voc.layout import PICTURE_SUFFIXES

_OF_TASK: Mapping[str, ModuleType] = {"detection": own_boxes, "classification": own_classes}


def find_own_data(paths: Sequence[Path], task: str) -> OwnData:
    """The data for a task at the paths: folders, archives and files, as many as belong together."""
    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: there is nothing")
        if is_pipe_or_device(path):
            raise UserError(f"{path}: is a pipe or a device; expected a folder or a file")
    folders = list(list_folders(paths))
    for recognize in _OF_TASK[task].RECOGNIZERS:
        if data := recognize(paths, folders):
            _require_printable(data)
            return data
    looked = ", ".join(map(str, paths))
    with_pictures = [str(folder.path) for folder in folders if folder.has(PICTURE_SUFFIXES)]
    pictures = f"pictures in {', '.join(with_pictures[:3])}" if with_pictures else "no pictures"
    raise UserError(f"{looked}: found {pictures}, but no {_OF_TASK[task].EXPECTED}")


def _require_printable(data: OwnData) -> None:
    """Raise a UserError where a recipe could not name a path, since it is not text or would not be seen as it is."""
    rest: list[Any] = [data.source, data.splits]
    while rest:
        value = rest.pop()
        if isinstance(value, str) and not value.isprintable():
            raise UserError(f"{value!r}: a recipe cannot name this; rename it, with printable letters in UTF-8")
        if isinstance(value, Mapping | list):
            rest += [*value, *value.values()] if isinstance(value, Mapping) else value
