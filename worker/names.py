"""What a policy names that only the CRM can know: people, stages, queues, fields and the like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from routing.policy import Policy, Route, Suppression
from worker.fields_read import fields_named
from worker.yaml_file import KeyPath

Kind = Literal[
    "person",
    "admin",
    "sender",
    "stage",
    "kept out",
    "pipeline",
    "queue",
    "territory",
    "account type",
    "contact role",
    "team role",
    "named account",
    "field",
]
"""``kept out`` is a stage that a rule excludes; ``sender`` a rep who sends threads."""
_CONDITIONS: dict[str, Kind] = {
    "sending_rep": "sender",
    "deal_stage": "stage",
    "pipeline": "pipeline",
    "territory": "territory",
    "account_kind": "account type",
    "contact_role": "contact role",
}
_STAGE_RULES: dict[str, Kind] = {
    "open_deal_in": "stage",
    "open_deal_not_in": "kept out",
    "account_kind": "account type",
}
_TEAMS = ("team:", "deal_team:", "territory:")


@dataclass(frozen=True, slots=True)
class Named:
    """One name, and where it stands: keys and numbers from the policy's top."""

    path: KeyPath
    kind: Kind
    name: str


def names_of(policy: Policy) -> Iterator[Named]:
    """Every name, in the order of the policy's parts; the same one again at each place."""
    yield from _stage_rules(policy)
    yield from _roles(policy)
    yield from _routes(policy)
    yield from _people(policy)
    for path, noun, name in fields_named(policy):
        yield Named(path, "field", f"{noun}.{name}")


def _stage_rules(policy: Policy) -> Iterator[Named]:
    if "stage_classes" not in policy.model_fields_set:
        return  # nobody wrote them, so nobody can correct them
    for number, rule in enumerate(policy.stage_classes):
        for key, kind in _STAGE_RULES.items():
            for place, name in enumerate(getattr(rule, key) or ()):
                yield Named(("stage_classes", number, key, place), kind, name)


def _roles(policy: Policy) -> Iterator[Named]:
    for role, sources in policy.roles.items():
        for number, source in enumerate(sources):
            path = ("roles", role, number)
            if source.startswith("person:"):
                yield Named(path, "person", source.removeprefix("person:").lower())
            elif source.startswith(_TEAMS):
                yield Named(path, "team role", source.partition(":")[2])


def _routes(policy: Policy) -> Iterator[Named]:
    for number, route in enumerate(policy.routes):
        for key, targets in (("to", route.to), ("watchers", route.watchers)):
            for place, target in enumerate(targets):
                path = ("routes", number, key, place)
                if target.startswith("person:"):
                    yield Named(path, "person", target.removeprefix("person:").lower())
                elif target.startswith("queue:"):
                    yield Named(path, "queue", target.removeprefix("queue:"))
    rules_of: tuple[tuple[str, Sequence[Route | Suppression]], ...] = (
        ("routes", policy.routes),
        ("suppress", policy.suppress),
    )
    for kind, rules in rules_of:
        for number, rule in enumerate(rules):
            for key, what in _CONDITIONS.items():
                for place, name in enumerate(getattr(rule.when, key) or ()):
                    yield Named((kind, number, "when", key, place), what, name)


def _people(policy: Policy) -> Iterator[Named]:
    for number, row in enumerate(policy.named_accounts):
        yield Named(("named_accounts", number, "account"), "named account", row.account)
        yield Named(("named_accounts", number, "rep"), "person", row.rep)
        if row.backup:
            yield Named(("named_accounts", number, "backup"), "person", row.backup)
    for name, pool in policy.pools.items():
        for number, member in enumerate(pool.members):
            yield Named(("pools", name, "members", number, "person"), "person", member.person)
    for rep, backup in policy.backups.items():
        yield Named(("backups", rep), "person", rep)
        yield Named(("backups", rep), "person", backup)
    for rep in policy.holidays.people:
        yield Named(("holidays", "people", rep), "person", rep)
    for number, admin in enumerate(policy.places.admins):
        yield Named(("places", "admins", number), "admin", admin)
