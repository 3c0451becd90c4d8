"""Reads a YAML file that a person wrote, and remembers where everything stands in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from worker.validation import shown

KeyPath = tuple[str | int, ...]
_MOST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong at a place of a file, and the mend. Line and column count from 1."""

    file: str
    line: int
    column: int
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.what}. Mend: {self.mend}"


class YamlError(Exception):
    """The file cannot be read; ``problems`` says why, in the order of the file."""

    def __init__(self, problems: list[FileProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(slots=True)
class YamlFile:
    """What the file says, and where: ``keys`` and ``values`` map a path to (line, column)."""

    name: str
    data: Any
    keys: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    values: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)

    def place(self, path: KeyPath, *, key: bool = False) -> tuple[int, int]:
        """Where ``path`` stands, or the nearest thing around it that the file does have."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))

    def problem(self, path: KeyPath, what: str, mend: str, *, key: bool = False) -> FileProblem:
        """A problem at the place of ``path``."""
        line, column = self.place(path, key=key)
        return FileProblem(self.name, line, column, what, mend)


def read_yaml(path: Path, text: str | None = None) -> YamlFile:
    """The mapping that the file holds, or would with ``text``. Raises YamlError, every problem."""
    text = _text(path) if text is None else text
    try:
        return _parsed(str(path), text)
    except (YAMLError, ValueError) as error:
        raise YamlError([_syntax(str(path), text, error)]) from error
    except RecursionError as error:
        problem = FileProblem(str(path), 1, 1, "is nested too deeply", "start from a preset")
        raise YamlError([problem]) from error


def _parsed(name: str, text: str) -> YamlFile:
    found = YamlFile(name, None)
    node = _yaml().compose(text)
    if node is None:
        raise YamlError([found.problem((), "the file is empty", "start from a preset")])
    problems: list[FileProblem] = []
    _visit(node, (), found, problems, set())
    if not problems and not isinstance(node, MappingNode):
        problems.append(found.problem((), "is not a mapping", "write lines like 'key: value'"))
    if problems:
        raise YamlError(problems)
    found.data = _yaml().load(text)
    return found


def _yaml() -> YAML:
    return YAML(typ="safe", pure=True)  # the C parser knows no YAML 1.2, where 'off' is a word


def _text(path: Path) -> str:
    def refuse(what: str, mend: str) -> YamlError:
        return YamlError([FileProblem(str(path), 1, 1, what, mend)])

    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise refuse("the file does not exist", "check the path") from error
    except OSError as error:
        what = f"the file cannot be read: {error.strerror}"
        raise refuse(what, "check the path and its permissions") from error
    if len(raw) > _MOST_BYTES:
        raise refuse(f"the file is larger than {_MOST_BYTES} bytes", "check the path")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        column = error.start - (raw.rfind(b"\n", 0, error.start) + 1) + 1
        problem = FileProblem(str(path), line, column, "is not UTF-8", "save the file as UTF-8")
        raise YamlError([problem]) from error


def _syntax(name: str, text: str, error: Exception) -> FileProblem:
    if isinstance(error, ReaderError):
        before = text[: error.position] if isinstance(error.position, int) else ""
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        what = "a character that YAML does not allow"
        return FileProblem(name, line, column, what, "delete the character")
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = str(getattr(error, "problem", None) or error).splitlines()[0]
    if "\\t" in what:
        return FileProblem(name, line, column, "a tab", "indent with spaces")
    mend = "check indentation, colons, quotes and brackets up to this place"
    return FileProblem(name, line, column, what, mend)


def _visit(
    node: Node, path: KeyPath, found: YamlFile, problems: list[FileProblem], seen: set[int]
) -> None:
    """Note where each thing stands; report doubled keys and what this project does not use."""
    found.values[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if id(node) in seen:
        # Aliases would let a small file stand for a boundless one.
        what = "an anchor (&) that an alias (*) repeats"
        problems.append(found.problem(path, what, "write the value out wherever it is needed"))
        return
    seen.add(id(node))
    if isinstance(node, SequenceNode):
        for index, child in enumerate(node.value):
            _visit(child, (*path, index), found, problems, seen)
    elif isinstance(node, MappingNode):
        names: set[str] = set()
        for key, child in node.value:
            _visit_key(key, path, found, problems, names)
            _visit(child, (*path, _name(key)), found, problems, seen)


def _visit_key(
    key: Node, path: KeyPath, found: YamlFile, problems: list[FileProblem], names: set[str]
) -> None:
    name = _name(key)
    place = (key.start_mark.line + 1, key.start_mark.column + 1)
    if not isinstance(key, ScalarNode) or not str(key.tag).endswith(":str"):
        what = f"the key {shown(name)!r} is not a text"
        problems.append(FileProblem(found.name, *place, what, "put it in quotes"))
    elif name in names:
        what = f"the key {shown(name)!r} stands here a second time"
        problems.append(FileProblem(found.name, *place, what, "keep one of them"))
    names.add(name)
    found.keys.setdefault((*path, name), place)


def _name(key: Node) -> str:
    return str(key.value) if isinstance(key, ScalarNode) else "?"
