"""Makes a candidate the live policy: its own text, comments and all, in place of the old."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, ScalarNode

from routing.policy import Policy
from worker.connect.config_file import ConfigFile
from worker.placeholders import placeholders
from worker.proof.coverage import count_accounts, prove
from worker.settings import load_settings
from worker.store.engine import Store
from worker.unknown import unknown_names
from worker.yaml_file import read_yaml

_INDENT = "  "
_SHOWN = 5


class RefusedError(Exception):
    """A candidate is not taken; the text says why and how to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Where the live policy stands: in a file of its own, or inside the configuration."""

    file: Path
    inline: bool


def refusals(
    store: Store, live: Policy, candidate: Policy, file: Path, now: datetime
) -> Iterator[str]:
    """Why a candidate should not be taken.

    What is not filled in, names that the CRM does not know, and holes that it opens.
    """
    for line in placeholders(file):
        yield f"not yet filled in: {line}"
    yield from _unknown(store, live, candidate)
    if not count_accounts(store):
        return
    before = {one.text for one in prove(store, live, now).findings if one.is_hole}
    opened = [one for one in prove(store, candidate, now).findings if one.is_hole]
    new = [one for one in opened if one.text not in before]
    for one in new[:_SHOWN]:
        yield f"a new hole: {one.text} ({one.accounts} accounts). Mend: {one.mend}"
    if len(new) > _SHOWN:
        yield f"and {len(new) - _SHOWN} more new holes; hotlead coverage finds them all"


def _unknown(store: Store, live: Policy, candidate: Policy) -> Iterator[str]:
    with store.read() as conn:
        before = {one.what for one in unknown_names(conn, live)}
        found = {one.what: one for one in unknown_names(conn, candidate) if one.state == "fail"}
    for what, one in found.items():
        if what not in before:
            yield f"{what}. Mend: {one.mend}"


def live_place(config: Path) -> Live:
    """Where the rules stand that the configuration names."""
    name = read_yaml(config).data.get("policy")
    if isinstance(name, str):
        return Live(file=config.parent / name, inline=False)
    return Live(file=config, inline=True)


def rules_text(file: Path) -> str:
    """The rules alone of a candidate, as they are written. Raises RefusedError."""
    data = read_yaml(file).data
    if "policy" not in data:
        return _raw(file)
    if isinstance(data["policy"], str):
        return _raw(file.parent / data["policy"])
    text = _raw(file)
    start, end = _section(text, file)
    lines = text[start:end].splitlines(keepends=True)
    indents = [len(one) - len(one.lstrip()) for one in lines if _says(one)]
    depth = min(indents, default=0)
    return "".join(one[depth:] if one[:depth].isspace() else one.lstrip(" ") for one in lines)


def promoted(config: Path, candidate: Policy, text: str) -> str:
    """What the file of the live policy then holds. Raises RefusedError where that would not do."""
    live = live_place(config)
    if not live.inline:
        return text
    before = _raw(config)
    start, end = _section(before, config)
    inner = "".join(
        f"{_INDENT}{line}" if line.strip() else line for line in text.splitlines(keepends=True)
    )
    after = f"{before[:start]}{inner if inner.endswith(chr(10)) else inner + chr(10)}{before[end:]}"
    if load_settings(config, after).policy.hash != candidate.hash:
        raise RefusedError(
            f"the rules in {config} cannot be replaced in place; put them into a file of their "
            "own and write “policy: policy.yaml” there"
        )
    return after


def write(config: Path, text: str) -> Path:
    """Put the text where the live policy stands, whole or not at all; says where."""
    place = live_place(config).file
    ConfigFile(place).write(text)
    return place


def _raw(file: Path) -> str:
    return file.read_bytes().decode("utf-8-sig")


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _section(text: str, file: Path) -> tuple[int, int]:
    """Where the lines below “policy:” begin and end. Raises RefusedError."""
    node = YAML(typ="safe", pure=True).compose(text)
    entries = node.value if isinstance(node, MappingNode) and not node.flow_style else []
    for number, (key, value) in enumerate(entries):
        if isinstance(key, ScalarNode) and key.value == "policy":
            if not isinstance(value, MappingNode) or value.flow_style:
                break
            start = text.find("\n", key.end_mark.index) + 1
            last = number + 1 == len(entries)
            end = len(text) if last else entries[number + 1][0].start_mark.index
            return start, end if last else _before_comments(text, start, end)
    raise RefusedError(
        f"the rules in {file} are not written line by line below “policy:”; put them into a file "
        "of their own"
    )


def _before_comments(text: str, start: int, end: int) -> int:
    """Without the comments at the margin that belong to the section behind."""
    lines = text[start:end].splitlines(keepends=True)
    while lines and (not lines[-1].strip() or lines[-1].startswith("#")):
        end -= len(lines.pop())
    return end
