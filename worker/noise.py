"""The verdict that an alert was not worth having, with the rep's reason; and how often, and where.

It closes the alert and its task and leaves the latency alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from connectors.base import ButtonPress, Question
from routing.nouns import Person
from routing.terms import NoiseReason
from worker.card import NOISE_REASONS, noise_in_words
from worker.context import Context
from worker.holders import settle_holders
from worker.store.alerts import Row, add_event, change_alert
from worker.store.engine import Tx
from worker.store.tables import ALERT

_LONGEST = 300
_QUESTION = Question(
    title="Noise: why?",
    label="Why was this alert not worth having?",
    hint="For whoever tunes the policy; it is written into the CRM task, too.",
    submit="Mark as noise",
    longest=_LONGEST,
)


def noise(
    ctx: Context, tx: Tx, alert: Row, person: Person, press: ButtonPress
) -> str | Question | None:
    """Close the alert as noise, or ask for words first; None when it was changed meanwhile."""
    if alert["state"] == "acknowledged" and alert["holder_id"] != person.id:
        return f"{alert['holder_name']} is on it, so this is theirs to say. Nothing was changed."
    reason = press.choice if press.choice in set(NoiseReason) else ""
    surface = ctx.surfaces[press.surface]
    if reason == NoiseReason.OTHER and press.words is None and surface.abilities.can_ask:
        return _QUESTION
    words = _plain(press.words or "")
    now = ctx.clock.now()
    changed = change_alert(
        tx,
        alert,
        open=False,
        state="noise",
        holder_id=person.id,
        holder_name=person.name,
        due_at=None,
        closed_at=now,
        noise_reason=reason,
        noise_words=words,
    )
    if not changed:
        return None
    settle_holders(tx, alert["id"], now)
    said = noise_in_words(reason, words)
    text = f"{person.name} marked it as noise" + (f": {said}" if said else "")
    add_event(tx, alert["id"], now, "noise", text, person.id)
    return ""


def _plain(words: str) -> str:
    """One line of letters that can be stored anywhere."""
    line = " ".join(words.split())
    return "".join(one for one in line if one.isprintable())[:_LONGEST]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many alerts of one signal class and route were noise for one reason.

    ``alerts`` counts all that fired of that class and route, so that the share shows.
    """

    reason: str
    signal: str
    route: str
    noise: int
    alerts: int


def noise_tallies(conn: Connection, since: datetime) -> list[Tally]:
    """Of the alerts fired since a moment, the most frequent first."""
    fired = ALERT.c.fired_at >= since
    kinds = (ALERT.c.signal_class, ALERT.c.route)
    count = func.count()
    of_kind: Mapping[tuple[str, str], int] = {
        (row[0], row[1]): int(row[2])
        for row in conn.execute(select(*kinds, count).where(fired).group_by(*kinds))
    }
    columns = (ALERT.c.noise_reason, *kinds)
    query = select(*columns, count).where(fired, ALERT.c.state == "noise").group_by(*columns)
    found = [
        Tally(
            reason=row[0],
            signal=row[1],
            route=row[2],
            noise=int(row[3]),
            alerts=of_kind[row[1], row[2]],
        )
        for row in conn.execute(query)
    ]
    return sorted(found, key=lambda one: (-one.noise, one.reason, one.signal, one.route))


def reason_in_words(reason: str) -> str:
    """A reason for people: “not a buyer”; “no reason given” for ''."""
    return NOISE_REASONS[NoiseReason(reason)] if reason else "no reason given"


def tally_json(one: Tally) -> dict[str, Any]:
    """One tally as plain values."""
    return asdict(one)
