"""Reading YAML that somebody else wrote, in bounded time and memory."""

import re
from collections import Counter
from textwrap import shorten
from typing import Any

import yaml

_DEEPEST = 50  # levels
_LONGEST_INTEGER = 18  # characters; YAML has no limit, and long ones take forever
_LONGEST_MESSAGE = 300  # characters
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
_READ_IN_TWO_WAYS = re.compile(r"[-+]?0[0-9b_]|.*[:_]")  # octal, binary, of base 60 and grouped in YAML 1.1 alone


def load_yaml(content: bytes, largest: int = 1 << 20, numbers_as_in_dvc: bool = False) -> Any:
    """Load a document of at most `largest` characters, aliases written out; any fault in it is a yaml.YAMLError.

    Numbers that YAML 1.2, which DVC reads, understands in another way can be refused.
    """
    if len(content) > largest:
        raise yaml.YAMLError(f"has {len(content):,} bytes, expected at most {largest:,}")
    loader = yaml.SafeLoader(content)
    try:
        document = loader.get_single_node()
        if document is None:
            return None
        _require_bounded(document, largest, numbers_as_in_dvc)
        return loader.construct_document(document)
    # Values that do not fit an explicit tag, such as `!!bool maybe`, raise errors of many kinds.
    except (yaml.YAMLError, ValueError, TypeError, LookupError, AttributeError, OverflowError) as error:
        raise yaml.YAMLError(shorten(str(error), _LONGEST_MESSAGE)) from None
    except RecursionError:
        raise yaml.YAMLError(_too_deep()) from None
    finally:
        loader.dispose()


def _require_bounded(document: yaml.Node, largest: int, numbers_as_in_dvc: bool) -> None:
    """Walk through the document as if every alias were written out, as a program that prints it does."""
    size, remaining = 0, [(document, 1)]
    while remaining:
        node, level = remaining.pop()
        size += 1 + len(node.value)
        if size > largest:
            raise yaml.YAMLError(f"is more than {largest:,} characters long with its aliases written out")
        if level > _DEEPEST:
            raise yaml.YAMLError(_too_deep())
        if isinstance(node, yaml.MappingNode):
            _require_different(node)
            remaining += [(item, level + 1) for pair in node.value for item in pair]
        elif isinstance(node, yaml.SequenceNode):
            remaining += [(item, level + 1) for item in node.value]
        elif node.tag == "tag:yaml.org,2002:int" and len(node.value) > _LONGEST_INTEGER:
            raise yaml.YAMLError(f"found a number of {len(node.value):,} digits, expected at most {_LONGEST_INTEGER}")
        elif numbers_as_in_dvc and node.tag in _NUMBERS and _READ_IN_TWO_WAYS.match(node.value):
            raise yaml.YAMLError(
                f"line {node.start_mark.line + 1}: found the number {node.value}, expected digits without a 0 before "
                "them, and without : and _ between them"
            )


def _require_different(mapping: yaml.MappingNode) -> None:
    """Refuse a key that stands twice: YAML forbids it, and PyYAML takes the last without a word."""
    keys = Counter((key.tag, key.value) for key, _ in mapping.value if isinstance(key, yaml.ScalarNode))
    for (tag, key), count in keys.items():
        if count > 1 and tag != "tag:yaml.org,2002:merge":
            raise yaml.YAMLError(f"the key {key!r} stands twice in a mapping")


def _too_deep() -> str:
    return f"is nested more than {_DEEPEST} levels deep"
