"""The import closure of a stage script inside src/, read from the sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).resolve().parents[2] / "src"
REGISTRY = SRC / "octet" / "tasks" / "registry.py"
LOADER = SRC / "octet" / "recipe" / "shared" / "load.py"


def closure(script: Path, task: str) -> set[str]:
    """Every file of src/ that running the script for a task imports, as paths from the top of the repository.

    The parts of a task are those that are asked of the registry; its recipe is what the loader looks up. Packages that
    hold nothing but their docstring decide nothing, and are left out.
    """
    todo, seen = [script], set()
    while todo:
        file = todo.pop()
        if file in seen:
            continue
        seen.add(file)
        tree = _without_types(ast.parse(file.read_text()))
        imported = _imported(tree)
        todo += imported
        if REGISTRY in imported:
            todo += [SRC / "octet" / "tasks" / task / part / "part.py" for part in _parts(tree)]
        if file == LOADER:
            todo.append(SRC / "octet" / "recipe" / f"{task}.py")
    return {str(file.relative_to(SRC.parent)) for file in seen if not _is_empty(file)}


def _without_types(tree: ast.Module) -> ast.Module:
    """What is imported for type checkers alone is imported by nobody else."""
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING")
    ]
    return tree


def _parts(tree: ast.Module) -> Iterator[str]:
    """What is asked of the registry: registry.PART(...)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "registry":
            yield node.attr


def _imported(tree: ast.Module) -> list[Path]:
    names: set[str] = set()
    for node in ast.walk(tree):
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


def _is_empty(file: Path) -> bool:
    return file.name == "__init__.py" and len(ast.parse(file.read_text()).body) == 1
