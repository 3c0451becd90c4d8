"""Everything that the demo page shows, read out of the store, Slack and the CRM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from routing.latency import BAD_MINUTES, GOOD_MINUTES
from routing.nouns import Account, OutOfOffice, Person, Prospect
from routing.policy import Policy
from worker.demo.state_alerts import alerts_shown, iso
from worker.demo.state_signals import signals_shown
from worker.demo.state_slack import places_shown
from worker.report import latency_records, latency_summaries
from worker.store.engine import Store
from worker.store.facts import count_signals
from worker.store.mirror import table_of

_MOST_PROSPECTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What lies outside the store: the CRM's name and tasks (see ``crm_tasks``), the messages of
    Slack (see ``SlackSandbox.messages``), e-mails by Slack id, and what the story tells now."""

    crm: str
    policy: Policy
    tasks: Sequence[Mapping[str, Any]] = ()
    messages: Sequence[Mapping[str, Any]] = ()
    slack_emails: Mapping[str, str] = field(default_factory=dict)
    channels: Sequence[str] = ()
    told: str = ""


def demo_state(store: Store, now: datetime, outlook: Outlook) -> dict[str, Any]:
    """The page's whole state as plain JSON values; times are ISO 8601 in UTC, latencies minutes.

    ``signals``, ``alerts`` and ``tasks`` are newest first; ``places`` are Slack's channels and
    then direct messages, each with its messages oldest first; ``slack_names`` are for mentions.
    """
    with store.read() as conn:
        people = _people(conn, outlook, now)
        names = {one["id"]: one["name"] for one in people} | _account_names(conn)
        by_email = {one["email"]: one["name"] for one in people}
        alerts = alerts_shown(conn, names)
        return {
            "crm": outlook.crm,
            "now": iso(now),
            "zone": outlook.policy.working_hours.time_zone,
            "told": outlook.told,
            "marks": {"good": GOOD_MINUTES, "bad": BAD_MINUTES},
            "latency": latency_records(latency_summaries(conn, now)),
            "counts": count_signals(conn),
            "signals": signals_shown(conn),
            "alerts": alerts,
            "places": places_shown(
                conn, outlook.messages, outlook.slack_emails, outlook.channels, people
            ),
            "slack_names": {
                address: by_email.get(email, email)
                for address, email in outlook.slack_emails.items()
            },
            "tasks": _tasks(outlook.tasks, alerts, names),
            "people": people,
            "prospects": _prospects(conn),
        }


def _people(conn: Connection, outlook: Outlook, now: datetime) -> list[dict[str, Any]]:
    person, absent = table_of(Person), table_of(OutOfOffice)
    on_slack = set(outlook.slack_emails.values())
    query = select(absent.c.person_id, absent.c.ends_at).where(
        absent.c.deleted_at.is_(None), absent.c.starts_at <= now, absent.c.ends_at > now
    )
    away = {row[0]: row[1] for row in conn.execute(query)}
    rows = conn.execute(
        select(person)
        .where(person.c.deleted_at.is_(None), person.c.active, person.c.queue.is_(False))
        .order_by(person.c.name, person.c.id)
    ).mappings()
    return [
        {
            "id": row["id"],
            "name": row["name"],
            "email": row["email"],
            "role": row["title"] or row["role_name"],
            "on_slack": row["email"] in on_slack,
            "away_until": iso(away.get(row["id"])),
        }
        for row in rows
    ]


def _account_names(conn: Connection) -> dict[str, str]:
    account = table_of(Account)
    return {row[0]: row[1] for row in conn.execute(select(account.c.id, account.c.name))}


def _prospects(conn: Connection) -> list[dict[str, str]]:
    prospect, account = table_of(Prospect), table_of(Account)
    query = (
        select(prospect.c.email, prospect.c.name, account.c.name, prospect.c.company)
        .outerjoin(account, account.c.id == prospect.c.account_id)
        .where(prospect.c.deleted_at.is_(None), prospect.c.converted_to.is_(None))
        .order_by(prospect.c.name, prospect.c.id)
        .limit(_MOST_PROSPECTS)
    )
    return [
        {"email": row[0], "name": row[1], "account": row[2] or row[3]}
        for row in conn.execute(query)
    ]


def _tasks(
    tasks: Sequence[Mapping[str, Any]], alerts: Sequence[Mapping[str, Any]], names: dict[str, str]
) -> list[dict[str, Any]]:
    order = {alert["id"]: place for place, alert in enumerate(alerts)}
    shown = []
    for task in tasks:
        alert_id = task["key"].removeprefix("task:")
        if alert_id in order:
            owner = names.get(task["owner_id"] or "", "")
            shown.append({**task, "alert_id": alert_id, "owner": owner})
    return sorted(shown, key=lambda task: order[task["alert_id"]])
