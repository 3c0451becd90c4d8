"""The sources of absences beside the CRM, and for whom they are asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from connectors.base import AbsenceReader
from connectors.calendar.reader import Team
from routing.calendar import week_of
from routing.nouns import OutOfOffice, Person
from routing.policy import Policy
from worker.adapters import calendars_for, slack_secrets
from worker.secrets import Secrets
from worker.settings import Settings
from worker.store.engine import Store
from worker.store.mirror import columns_of, table_of


def absences_for(
    settings: Settings, secrets: Secrets, store: Store, now: Callable[[], datetime]
) -> list[AbsenceReader]:
    """What tells of absences beside the CRM, of the sources that the policy heeds."""
    policy = settings.policy
    heeded = policy.availability.precedence
    found: list[AbsenceReader] = []
    if "calendar" in heeded:
        found += calendars_for(settings, secrets, _team(store, policy, now))
    if "slack" in heeded and settings.slack.status and secrets.slack_bot_token is not None:
        from connectors.slack.status import SlackStatus

        tokens = slack_secrets(secrets)
        found.append(SlackStatus(settings.slack, tokens, lambda: people_of(store), now))
    return found


def _team(store: Store, policy: Policy, now: Callable[[], datetime]) -> Team:
    return Team(
        people=lambda: people_of(store),
        held=lambda name: _held(store, name),
        zone_of=lambda person: week_of(person, policy.working_hours).zone,
        now=now,
    )


def people_of(store: Store) -> list[Person]:
    """Everybody who may be told of something: active, no queue, with an e-mail."""
    table = table_of(Person)
    return _living(store, Person, table.c.active, table.c.queue.is_(False), table.c.email != "")


def _held(store: Store, name: str) -> list[OutOfOffice]:
    """What the mirror has of this object."""
    return _living(store, OutOfOffice, table_of(OutOfOffice).c.object == name)


def _living(store: Store, noun: type[Any], *conditions: Any) -> list[Any]:
    table, names = table_of(noun), columns_of(noun)
    query = select(*(table.c[name] for name in names)).where(
        table.c.deleted_at.is_(None), *conditions
    )
    with store.read() as conn:
        return [noun(**row) for row in conn.execute(query.order_by(table.c.id)).mappings()]
