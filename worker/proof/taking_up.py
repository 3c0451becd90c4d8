"""How a running worker takes up a policy that was promoted, or says why it cannot.

What a job has begun it ends by the policy that it began with; the next job has the new one. Alerts
live by the policy that they were fired under anyway.
"""

from __future__ import annotations

from collections.abc import Set

from sqlalchemy import Connection, select

from routing.mapping import ExtraFields
from routing.policy import Policy
from worker.fields_read import account_fields, whole_mapping
from worker.policy_words import surfaces_of
from worker.settings import Settings
from worker.store.receipts import policy_by_hash
from worker.store.tables import POLICY_VERSION


def promoted_since(conn: Connection, present: Policy) -> Policy | None:
    """The policy that was promoted last, where that is not the present one.

    One that a worker was started with after it counts as the last word: somebody went back.
    """
    query = select(POLICY_VERSION.c.hash, POLICY_VERSION.c.how)
    row = conn.execute(query.order_by(POLICY_VERSION.c.id.desc()).limit(1)).first()
    if row is None or row.how != "promoted" or row.hash == present.hash:
        return None
    return policy_by_hash(conn, row.hash)


def why_restart(settings: Settings, surfaces: Set[str], new: Policy) -> str:
    """Why a worker cannot take ``new`` up while it runs: what it reads would change; else ''.

    ``settings`` are those that it was started with, whose policy says what it reads, and
    ``surfaces`` the names of those that it has.
    """
    present = settings.policy
    unset = set(surfaces_of(new)) - surfaces
    if unset:
        return f"it tells people on surfaces that were not set up: {', '.join(sorted(unset))}"
    more = _read_fields(new) - _read_fields(present)
    if more:
        nouns = sorted({f"{noun}s" for noun, _ in more})
        return f"it reads further fields of {' and '.join(nouns)}"
    if new.mapping != present.mapping:
        return "its mapping is another one"
    if set(new.availability.precedence) != set(present.availability.precedence):
        return "it heeds other sources of absences"
    moved = new.working_hours.time_zone != present.working_hours.time_zone
    if moved and settings.calendars.file is not None:
        return "calendars are read in another time zone"
    return ""


def _read_fields(policy: Policy) -> set[tuple[str, str]]:
    """Of which nouns which fields are mirrored for the policy."""
    mapped = whole_mapping(policy).fields
    named = {(noun, name) for noun in ExtraFields.model_fields for name in getattr(mapped, noun)}
    return named | {("account", name) for name in account_fields(policy)}
