"""Changes single settings in the text of a YAML file and leaves every other character alone.

ruamel finds the places. Its own round trip is not used for writing: it moves comments that stand
between two sections, and unquotes what was quoted in flow style.
"""

from __future__ import annotations

import json
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_INDENT = "  "


class UneditableError(Exception):
    """The text cannot be changed at this place; a person has to."""


def with_setting(text: str, path: str, value: str, *, behind: str = "") -> str:
    """The text with ``value`` at ``path`` ('salesforce.login_url').

    A new section at the top stands behind the key ``behind``, if that is there. Raises
    UneditableError.
    """
    wanted = _expected(_loaded(text), path.split("."), value)
    if wanted == _loaded(text):
        return text
    changed = _edited(text, path.split("."), value, behind)
    if _loaded(changed) != wanted:
        raise UneditableError(path)
    return changed


def _edited(text: str, path: list[str], value: str, behind: str) -> str:
    here = _composed(text)
    for depth, name in enumerate(path):
        if not isinstance(here, MappingNode):
            raise UneditableError(".".join(path))
        found = _entry(here, name)
        if found is None:
            return _added(text, here, path[depth:], value, behind if depth == 0 else "")
        key, here = found
        if depth < len(path) - 1 and _is_empty(here):
            column = int(key.start_mark.column)
            lines = _lines(path[depth + 1 :], value, " " * column + _INDENT)
            return _inserted_behind(text, _end(key), lines)
    if not isinstance(here, ScalarNode) or here.style in ("|", ">"):
        raise UneditableError(".".join(path))
    start, end = here.start_mark.index, here.end_mark.index
    if _is_empty(here):
        raise UneditableError(".".join(path))
    return text[:start] + _scalar(value) + text[end:]


def _added(text: str, parent: MappingNode, path: list[str], value: str, behind: str) -> str:
    """The text with an entry that the mapping does not have yet."""
    if parent.flow_style:
        return _added_in_flow(text, parent, path, value)
    indent = " " * parent.value[0][0].start_mark.column
    entry = _entry(parent, behind) or parent.value[-1]
    return _inserted_behind(text, max(_end(one) for one in entry), _lines(path, value, indent))


def _added_in_flow(text: str, parent: MappingNode, path: list[str], value: str) -> str:
    entry = json.dumps(value, ensure_ascii=False)
    for name in reversed(path[1:]):
        entry = f"{{{json.dumps(name)}: {entry}}}"
    entry = f"{json.dumps(path[0])}: {entry}"
    if parent.value:
        place = _end(parent.value[-1][1])
        return f"{text[:place]}, {entry}{text[place:]}"
    place = parent.end_mark.index - 1
    return f"{text[:place].rstrip()}{entry}{text[place:]}"


def _inserted_behind(text: str, place: int, lines: list[str]) -> str:
    """With lines behind the one in which ``place`` is, a comment at its end included."""
    newline = text.find("\n", place)
    end = len(text) if newline < 0 else newline
    ending = "\r\n" if text[end - 1 : end] == "\r" else "\n"
    end -= len(ending) - 1
    return text[:end] + "".join(f"{ending}{line}" for line in lines) + text[end:]


def _lines(path: list[str], value: str, indent: str) -> list[str]:
    heads = [f"{indent}{_INDENT * depth}{name}:" for depth, name in enumerate(path)]
    return [*heads[:-1], f"{heads[-1]} {_scalar(value)}"]


def _scalar(value: str) -> str:
    """The value as YAML, plain where that reads back as the same text anywhere."""
    try:
        plain = _loaded(f"[k: {value}]") == [{"k": value}]
    except YAMLError:
        plain = False
    return value if plain else json.dumps(value, ensure_ascii=False)


def _entry(node: MappingNode, name: str) -> tuple[Node, Node] | None:
    for key, child in node.value:
        if isinstance(key, ScalarNode) and key.value == name:
            return key, child
    return None


def _is_empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.value == "" and node.style is None


def _end(node: Node) -> int:
    """Behind the last character of a node; comments and blank lines below are not part of it."""
    if isinstance(node, MappingNode) and not node.flow_style and node.value:
        return max(_end(one) for one in node.value[-1])
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    if _is_empty(node):
        return 0  # stands at no place of its own; its key does
    end: int = node.end_mark.index
    if isinstance(node, ScalarNode) and node.style in ("|", ">"):
        end = max(int(node.start_mark.index), end - 1)
    return end


def _composed(text: str) -> Node | None:
    node: Node | None = YAML(typ="safe", pure=True).compose(text)
    return node


def _loaded(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def _expected(data: Any, path: list[str], value: str) -> Any:
    if not path:
        return value
    there = data if isinstance(data, dict) else {}
    return there | {path[0]: _expected(there.get(path[0]), path[1:], value)}
