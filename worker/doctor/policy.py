"""Looks whether what the policy names is there: people, stages, queues, fields and the like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connectors.base import Check
from routing.nouns import Person
from routing.policy import Policy
from worker.names import Kind, names_of
from worker.store.engine import Store
from worker.store.mirror import count
from worker.unknown import Unknown, unknown_names

_LOOKS: tuple[tuple[str, tuple[Kind, ...], str], ...] = (
    ("policy senders", ("sender",), "every sending rep whom a condition names is an active user"),
    ("policy stages", ("stage", "kept out"), "every deal stage that the policy names is there"),
    ("policy pipelines", ("pipeline",), "every pipeline that the policy names is there"),
    ("policy queues", ("queue",), "every queue that the policy names is there"),
    ("policy territories", ("territory",), "every territory that the policy names is there"),
    (
        "policy roles",
        ("team role", "contact role"),
        "somebody holds each role in a team or deal that the policy names",
    ),
    (
        "policy accounts",
        ("named account", "account type"),
        "every account and account type that the policy names is there",
    ),
    ("policy fields", ("field",), "records have values in every field that the policy reads"),
)
_MOST = 10
_MEND = "correct the e-mail in the policy, or the user in the CRM"


def policy_checks(store: Store, policy: Policy) -> Iterator[Check]:
    """The checks; none while no person is mirrored, which the look at the mirror tells."""
    with store.read() as conn:
        if not count(conn, Person):
            return
        unknown = list(unknown_names(conn, policy))
    named = {one.kind for one in names_of(policy)}
    yield from _people(unknown)
    for name, kinds, well in _LOOKS:
        found = [one for one in unknown if one.named.kind in kinds]
        if found:
            yield from _told(name, found)
        elif named.intersection(kinds):
            yield Check(name=name, state="ok", text=well)


def _people(unknown: Sequence[Unknown]) -> Iterator[Check]:
    """All of one kind in one line: a list of those who left is read at a glance."""
    people = [one for one in unknown if one.named.kind in ("person", "admin")]
    left = _names(one for one in people if "no longer" in one.what)
    strangers = _names(one for one in people if "no longer" not in one.what and not _admin(one))
    admins = _names(one for one in people if "no longer" not in one.what and _admin(one))
    if strangers:
        text = f"the CRM has no user {', '.join(strangers)}"
        yield Check(name="policy people", state="fail", text=text, mend=_MEND)
    if left:
        text = f"no longer active in the CRM: {', '.join(left)}"
        yield Check(name="policy people", state="fail", text=text, mend=_MEND)
    if not strangers and not left:
        text = "everybody whom the policy names is an active user of the CRM"
        yield Check(name="policy people", state="ok", text=text)
    if admins:
        text = f"admins who are no users of the CRM, and told all the same: {', '.join(admins)}"
        yield Check(name="policy admins", state="warn", text=text, mend=_MEND)


def _admin(one: Unknown) -> bool:
    return one.named.kind == "admin"


def _names(unknown: Iterator[Unknown]) -> list[str]:
    return sorted({one.named.name for one in unknown})


def _told(name: str, found: Sequence[Unknown]) -> Iterator[Check]:
    once = list({one.what: one for one in found}.values())  # the same name at several places
    for one in once[:_MOST]:
        yield Check(name=name, state=one.state, text=one.what, mend=one.mend)
    if len(once) > _MOST:
        text = f"and {len(once) - _MOST} more like this"
        yield Check(name=name, state="warn", text=text, mend="hotlead check lists them all")
