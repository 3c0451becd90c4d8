"""A policy in several files: ``include`` lists the files of teams, whose rules come before its own.

What a person reads at a place of the merged policy stands in one of the files; ``Origins`` says
which, so that a problem is told where it can be mended.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.validation import nearest, shown
from worker.yaml_file import FileProblem, KeyPath, YamlError, YamlFile, read_yaml

LISTS = ("routes", "named_accounts")
MAPS = ("roles", "backups", "pools", "account_lists")
_MOST_FILES = 100


@dataclass(slots=True)
class Origins:
    """Where each part of the merged data stands: the longest known path counts."""

    parts: dict[KeyPath, tuple[YamlFile, KeyPath]] = field(default_factory=dict)

    def of(self, path: KeyPath) -> tuple[YamlFile, KeyPath]:
        """The file, and the path in it."""
        for length in range(len(path), -1, -1):
            found = self.parts.get(path[:length])
            if found is not None:
                return found[0], (*found[1], *path[length:])
        raise KeyError(path)


def with_includes(policy: dict[str, Any], file: YamlFile, at: KeyPath, origins: Origins) -> Any:
    """The policy, which stands ``at`` a path of ``file``, with what it includes merged in.

    Lists are joined in the order of the files, the policy's own last; of maps no two may say
    different things under one key. Raises YamlError with every problem.
    """
    if "include" not in policy:
        return policy
    names = policy["include"]
    here = (*at, "include")
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        mend = "write include: [teams/emea.yaml, teams/us.yaml]"
        raise YamlError([file.problem(here, "include is no list of files", mend)])
    if len(names) > _MOST_FILES:
        mend = "join some of them"
        raise YamlError([file.problem(here, f"includes more than {_MOST_FILES} files", mend)])
    problems: list[FileProblem] = []
    teams: list[YamlFile] = []
    for number, name in enumerate(names):
        try:
            teams.append(_team(file, (*here, number), name))
        except YamlError as error:
            problems += error.problems
    merged = {key: value for key, value in policy.items() if key != "include"}
    own = [(file, at, policy)]
    every = [(team, (), team.data) for team in teams] + own
    for key in LISTS:
        _join(key, every, merged, origins, problems)
    for key in MAPS:
        _unite(key, every, merged, origins, problems)
    if problems:
        raise YamlError(problems)
    return merged


Part = tuple[YamlFile, KeyPath, Any]


def _team(file: YamlFile, at: KeyPath, name: str) -> YamlFile:
    """The file of a team. Raises YamlError."""
    target = Path(file.name).parent / name
    if not target.is_file():
        mend = f"create {shown(str(target))}, or correct the path"
        raise YamlError([file.problem(at, "the included file is not there", mend)])
    found = read_yaml(target)
    allowed = (*LISTS, *MAPS)
    problems = [
        found.problem((key,), f"{shown(key)} cannot be included", nearest(key, allowed), key=True)
        for key in found.data
        if key not in allowed
    ]
    if problems:
        raise YamlError(problems)
    return found


def _join(
    key: str, every: list[Part], merged: Any, origins: Origins, problems: list[FileProblem]
) -> None:
    joined: list[Any] = []
    for file, at, data in every:
        items = data.get(key)
        if items is None:
            continue
        if not isinstance(items, list):
            problems.append(file.problem((*at, key), f"{key} is no list", "begin each with a dash"))
            continue
        for number, item in enumerate(items):
            origins.parts["policy", key, len(joined)] = file, (*at, key, number)
            joined.append(item)
    if joined:
        merged[key] = joined


def _unite(
    key: str, every: list[Part], merged: Any, origins: Origins, problems: list[FileProblem]
) -> None:
    united: dict[str, Any] = {}
    first: dict[str, tuple[YamlFile, KeyPath]] = {}
    for file, at, data in every:
        items = data.get(key)
        if items is None:
            continue
        if not isinstance(items, dict):
            what = f"{key} is no mapping"
            problems.append(file.problem((*at, key), what, "write lines like 'name: value'"))
            continue
        for name, value in items.items():
            path = (*at, key, name)
            if name in united and united[name] != value:
                other, there = first[name]
                line = other.place(there, key=True)[0]
                what = f"{key}: {shown(name)} says something else in {other.name}:{line}"
                problems.append(file.problem(path, what, "keep one of them", key=True))
                continue
            if name not in united:
                united[name], first[name] = value, (file, path)
                origins.parts["policy", key, name] = file, path
    if united:
        merged[key] = united
