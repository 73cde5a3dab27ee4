"""Writes a new recipe into params.yaml and dvc.yaml as text, so that comments and layout stay as they are."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml


@dataclass(frozen=True)
class Value:
    """A value to write, with the comment that stands beside it."""

    value: Any
    comment: str = ""


def add_section(text: str, name: str, base: str, comment: str, changes: Mapping[str, Any]) -> str:
    """params.yaml with a section that takes a recipe over and says what differs.

    `changes` holds a mapping for each subsection, with a Value for each key.
    """
    text, anchor = _anchored(text, base)
    lines = [f"{name}: # {comment}", f"  <<: *{anchor}"]
    for section, values in changes.items():
        text, anchor = _anchored(text, base, section)
        lines += [f"  {section}:", f"    <<: *{anchor}", *_block(values, indent=4)]
    return text.rstrip("\n") + "\n\n" + "\n".join(lines) + "\n"


def add_to_pipeline(text: str, name: str, base: str, description: str) -> str:
    """dvc.yaml with the recipe in its list, and an artifact like that of the base."""
    for artifact in [key for key in _parse(text).items["artifacts"].items if key.startswith(f"{base}/")]:
        text = _add_artifact(text, name, artifact, description)
    recipes = _parse(text).items["vars"].elements[0].items["recipes"]
    anchor = recipes.items[base].alias or recipes.items[base].anchor
    task = f"*{anchor}" if anchor else _flow(yaml.safe_load(text)["vars"][0]["recipes"][base])
    indent = " " * recipes.keys[base][0].column
    return _insert(text, recipes.last_line, f"{indent}{name}: {task}")


def _add_artifact(text: str, name: str, base: str, description: str) -> str:
    """dvc.yaml with an artifact that takes over what one of another recipe, RECIPE/MODEL, has or takes over."""
    merged = _parse(text).items["artifacts"].items[base].items.get("<<")
    text, anchor = (text, merged.alias) if merged else _anchored(text, "artifacts", base)
    recipe, _, model = base.partition("/")
    path = yaml.safe_load(text)["artifacts"][base]["path"].replace(f"/{recipe}/", f"/{name}/")
    # DVC would take what stands in ${...} for the name of a parameter.
    own = _flow({"path": path, "desc": description.replace("${", "\\${")}).removeprefix("{")
    return _insert(text, _parse(text).items["artifacts"].last_line, f"  {name}/{model}: {{<<: *{anchor}, {own}")


def _insert(text: str, after: int, line: str) -> str:
    lines = text.splitlines()
    lines.insert(after + 1, line)
    return "\n".join(lines) + "\n"


def _block(values: Mapping[str, Any], indent: int) -> list[str]:
    """The lines of a mapping, nested ones below each other."""
    lines = []
    for key, value in values.items():
        comment = ""
        if isinstance(value, Value):
            value, comment = value.value, f" # {value.comment}" if value.comment else ""
        if isinstance(value, Mapping) and value:
            lines += [f"{' ' * indent}{_flow(key)}:{comment}", *_block(value, indent + 2)]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines.append(f"{' ' * indent}{_flow(key)}:{comment}")
            lines += [f"{' ' * indent}  - {_flow(item)}" for item in value]
        else:
            lines.append(f"{' ' * indent}{_flow(key)}: {_flow(value)}{comment}")
    return lines


def _flow(value: Any) -> str:
    """A value as YAML on one line."""
    text: str = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=float("inf"), allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


# --- where things stand in a text -------------------------------------------------------------------------------------


@dataclass
class _Node:
    """A value of a YAML text: its anchor or alias, what it holds, and its last line."""

    anchor: str = ""
    alias: str = ""
    last_line: int = 0
    items: dict[str, "_Node"] = field(default_factory=dict)
    keys: dict[str, tuple[yaml.Mark, yaml.Mark]] = field(default_factory=dict)  # where a key begins and ends
    elements: list["_Node"] = field(default_factory=list)


def _parse(text: str) -> _Node:
    events: Iterator[Any] = iter(yaml.parse(text, yaml.SafeLoader))
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            return _node(next(events), events)
    return _Node()


def _node(event: Any, events: Iterator[Any]) -> _Node:
    kind, line = type(event), event.end_mark.line
    if kind is yaml.AliasEvent:
        return _Node(alias=event.anchor, last_line=line)
    node = _Node(anchor=event.anchor or "", last_line=line)
    end = {yaml.MappingStartEvent: yaml.MappingEndEvent, yaml.SequenceStartEvent: yaml.SequenceEndEvent}.get(kind)
    while end and type(begins := next(events)) is not end:
        if kind is yaml.MappingStartEvent:
            child = node.items[begins.value] = _node(next(events), events)
            node.keys[begins.value] = (begins.start_mark, begins.end_mark)
        else:
            child = _node(begins, events)
            node.elements.append(child)
        node.last_line = max(node.last_line, child.last_line)
    if end and event.flow_style:  # in block style the end is where the next thing begins
        node.last_line = begins.end_mark.line
    return node


def _anchored(text: str, *path: str) -> tuple[str, str]:
    """The text with an anchor at the value that a path of keys leads to, and the anchor's name."""
    root = _parse(text)
    anchors = dict(_anchors(root))
    holder, key = _find(root, path, anchors)
    node = holder.items[key]
    if node.anchor or node.alias:
        return text, node.anchor or node.alias
    name = re.sub(r"\W", "_", "_".join(path))
    while name in anchors:
        name += "_"
    _, end = holder.keys[key]
    colon = text.index(":", end.index) + 1
    return f"{text[:colon]} &{name}{text[colon:]}", name


def _find(node: _Node, path: Sequence[str], anchors: Mapping[str, _Node]) -> tuple[_Node, str]:
    """The mapping in which the last key of a path stands, also where it comes with a merge key."""
    holder = next(candidate for candidate in _merged(node, anchors) if path[0] in candidate.items)
    return _find(holder.items[path[0]], path[1:], anchors) if path[1:] else (holder, path[0])


def _merged(node: _Node, anchors: Mapping[str, _Node]) -> list[_Node]:
    """A mapping, and those that it takes over, in the order in which they count."""
    node = anchors[node.alias] if node.alias else node
    taken = node.items["<<"] if "<<" in node.items else _Node()
    return [node, *(found for one in (taken.elements or [taken]) if one.alias for found in _merged(one, anchors))]


def _anchors(node: _Node) -> list[tuple[str, _Node]]:
    below = [found for child in (*node.items.values(), *node.elements) for found in _anchors(child)]
    return [(node.anchor, node), *below] if node.anchor else below
