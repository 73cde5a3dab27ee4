"""The page about the architecture fits the tree."""

import re

from conftest import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text()
CODE = ROOT / "src" / "octet"


def test_every_folder_stands_in_the_table() -> None:
    table = PAGE[PAGE.index("## The folders") : PAGE.index("## A picture through the pipeline")]
    told = re.findall(r"^\| `([a-z_/]+)` \|", table, re.MULTILINE)
    folders = {file.parent.relative_to(CODE).as_posix() for file in CODE.rglob("[!_]*.py")}
    of_commands = {folder for folder in folders if folder.startswith("commands/")}
    assert sorted(told) == sorted(folders - of_commands - {"recipe", "tasks"})


def test_every_folder_says_what_it_is_for() -> None:
    packages = {file.parent for file in CODE.rglob("*.py")}
    assert [str(of) for of in packages if not (of / "__init__.py").read_text().startswith('"""')] == []


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:src|tests|tools)/[\w/.*]+)`", PAGE)) - {"src/*.py"}
    of_somebody = {name for name in named if "TASK" in name or "NAME" in name}
    assert len(named - of_somebody) > 8
    assert [name for name in named - of_somebody if not (ROOT / name).exists()] == []
    for name in re.findall(r"`((?:network|learning|shipping|metric)/\w+\.py)`", PAGE):
        assert (CODE / "tasks" / "detection" / name).exists(), name


def test_the_drawing_names_every_room() -> None:
    rooms = {folder.name for folder in CODE.iterdir() if (folder / "__init__.py").exists()}
    assert set(re.findall(r"(?:^|> )\s*(\w+)\[\"\w+[:\"]", PAGE, re.MULTILINE)) >= rooms - {"common", "tasks"}
