"""DVC's parser of YAML, which it gives params.yaml for each stage anew, and dvc.lock twice."""

from copy import deepcopy
from functools import cache
from typing import Any

from dvc.utils import serialize, strictyaml


def parse_each_text_once() -> None:
    """Let DVC parse no text again that it has parsed in this process: that was half of a run with nothing to do."""
    parse = serialize.parse_yaml
    parsed = cache(parse)

    def parse_yaml(text: str, path: str, typ: str = "safe") -> Any:
        if typ == "safe":
            return deepcopy(parsed(text, path))
        return parse(text, path, typ)  # with comments and places, to be changed and written again

    for module in (serialize, serialize._yaml, strictyaml):
        module.parse_yaml = parse_yaml
