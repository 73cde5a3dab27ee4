"""The import closure of a script inside src/, read from the sources."""

import ast
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"


def closure(script: Path) -> set[str]:
    """Every file of src/ that running the script imports, as paths from the top of the repository."""
    todo, seen = [script], set()
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            todo += _imported(file)
    return {str(file.relative_to(SRC.parent)) for file in seen}


def _imported(file: Path) -> list[Path]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return [path for name in names for path in _files(name.split("."))]


def _files(parts: list[str]) -> list[Path]:
    """The module's file and the __init__ of every package on the way; none for what is not ours."""
    packages = [SRC.joinpath(*parts[:length], "__init__.py") for length in range(1, len(parts) + 1)]
    return [path for path in [*packages, SRC.joinpath(*parts).with_suffix(".py")] if path.is_file()]
