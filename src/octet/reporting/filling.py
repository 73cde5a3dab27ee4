"""Fills templates: every value is escaped for HTML or Markdown, and a name without a value is an error."""

import base64
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from tabulate import tabulate

from octet.common.printing import printable

_FOLDER = Path(__file__).with_name("templates")
# What Markdown reads as more than a letter within a line; an underscore between letters it reads as one.
_MARKDOWN = re.compile(r"[\\`*{}\[\]<>&|~$!#@:]|(?<![^\W_])_|_(?![^\W_])|(?<=www)\.")


def fill_html(template: str, folder: Path, **values: Any) -> str:
    """The HTML of a template in `folder`, which may build on those that all tasks have in common."""
    environment = _environment(folder)
    environment.filters["data_url"] = _data_url
    return environment.get_template(template).render(values)


def fill_markdown(template: str, folder: Path, **values: Any) -> str:
    """The Markdown of a template in `folder`, which may build on those that all tasks have in common."""
    environment = _environment(folder)
    environment.finalize = _markdown
    environment.filters["code"] = _code
    environment.globals["table"] = _markdown_table
    return environment.get_template(template).render(values)


def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader([folder, _FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _data_url(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def _markdown(value: Any) -> Markup:
    """A value as a line of Markdown that shows it letter by letter."""
    if isinstance(value, Markup):
        return value
    return Markup(_MARKDOWN.sub(r"\\\g<0>", _line(str(value))))


def _line(text: str) -> str:
    return printable(" ".join(text.split()))


def _code(value: str) -> Markup:
    """A value as code, between more backticks than it holds in a row."""
    value = _line(value)
    fence = "`" * (max(map(len, re.findall("`+", value)), default=0) + 1)
    space = " " if "`" in value else ""
    return Markup(f"{fence}{space}{value}{space}{fence}")


def _markdown_table(head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Markup:
    """A table whose first column is words, and whose others are numbers."""
    lines = [[_markdown(cell) for cell in row] for row in rows]
    sides = ("left", *["right"] * (len(head) - 1))
    return Markup(
        tabulate(lines, [_markdown(cell) for cell in head], tablefmt="pipe", disable_numparse=True, colalign=sides)
    )
