"""Parts of a policy as YAML on one line, as the presets write them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from routing.policy import Policy, Route, StageRule

_PLAIN = re.compile(r"[A-Za-z_][\w.-]*( [\w.-]+)*")
_NO_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def flow(value: Any) -> str:
    """A value in flow style; a text is quoted where it could be read as anything else."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{flow(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.casefold() not in _NO_TEXT:
        return value
    return quoted(value) if isinstance(value, str) else json.dumps(value)


def quoted(text: str) -> str:
    """The text in quotes; what commands a terminal or turns a line around is escaped."""
    said = json.dumps(text, ensure_ascii=False)
    return "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in said)


def stage_rule(rule: StageRule) -> str:
    """A rule of the stage classes."""
    return flow(rule.model_dump(mode="json", exclude_none=True))


def sources(names: Iterable[str]) -> str:
    """The sources of a role."""
    return "[" + ", ".join(quoted(one) for one in names) + "]"


def route_data(route: Route) -> dict[str, Any]:
    """A route as a person would write it: what is one of a list stands alone."""
    said: dict[str, Any] = route.model_dump(
        mode="json", exclude_none=True, exclude_defaults=True, by_alias=True
    )
    when = said.get("when", {})
    if len(when.get("stage", ())) == 1:
        when["stage"] = when["stage"][0]
    if len(said["to"]) == 1:
        said["to"] = said["to"][0]
    return said


def mapping_data(policy: Policy, deal: Iterable[str]) -> dict[str, Any]:
    """The policy's mapping with further deal fields; empty when there is none."""
    said: dict[str, Any] = policy.mapping.model_dump(mode="json", exclude_defaults=True)
    there = policy.mapping.fields.deal
    names = list(dict.fromkeys((*there, *deal)))
    if names:
        said["fields"] = {**said.get("fields", {}), "deal": names}
    return said


def parts(policy: Policy) -> list[str]:
    """What a profile proposes, a line each, for comparing two policies."""
    mapping = mapping_data(policy, ())
    return [
        *(f"stage_classes: {stage_rule(one)}" for one in policy.stage_classes),
        *([f"mapping: {flow(mapping)}"] if mapping else []),
        *(f"roles.{name}: {sources(some)}" for name, some in policy.roles.items()),
        *(f"routes: {flow(route_data(one))}" for one in policy.routes),
        f"backups: {flow(policy.backups)}",
        f"places.admins: {flow(policy.places.admins)}",
    ]
