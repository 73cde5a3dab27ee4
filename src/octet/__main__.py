"""Octet's commands, which people run by hand. The stages of the pipeline are scripts beside this folder, run by DVC.

Usage:  octet COMMAND ... (octet COMMAND --help says more about it)
"""

import ast
import sys
from importlib import import_module
from pathlib import Path

if __package__ in (None, ""):
    # Run as a folder, Python takes the folder itself for the place of modules.
    sys.path[0] = str(Path(__file__).resolve().parents[1])

COMMANDS = sorted(file.stem for file in Path(__file__).with_name("commands").glob("[!_]*.py"))


def main() -> None:
    """Run the command that the first word names."""
    name = sys.argv[1] if len(sys.argv) > 1 else "--help"
    if name in ("--help", "-h"):
        print(f"{__doc__}\nCommands:\n" + "\n".join(f"  {command:12} {_summary(command)}" for command in COMMANDS))
    elif name not in COMMANDS:
        sys.exit(f"octet: no command {name!r}; there are: {', '.join(COMMANDS)}")
    else:
        sys.argv = [f"octet {name}", *sys.argv[2:]]
        import_module(f"octet.commands.{name}").run()


def _summary(command: str) -> str:
    """The first line of a command's docstring, read without importing the command."""
    text = Path(__file__).with_name("commands").joinpath(f"{command}.py").read_text()
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]


if __name__ == "__main__":
    main()
