"""Tells the admin, once, what they must know of Hotlead itself: a silent mirror, a budget that is
used up, a surface by which nothing gets through, a signal that the audit misses.

What lasts is told once and not each minute; when it is over, that is told too. A notice that could
not be delivered is tried again at a stored time.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from connectors.base import Card
from connectors.errors import ConnectorError
from worker.alarms import Alarm
from worker.audit import GRACE, audit, in_words, silent_surfaces
from worker.budget.report import budget_report
from worker.context import Context, retry_delay
from worker.identity import address_of, remembered_address
from worker.mirror_health import mirror_health
from worker.store.tables import NOTICE

_LEASE = timedelta(minutes=1)
_LASTS = timedelta(minutes=1)
"""What is over before it has lasted so long is not told: a start after a night, for example."""
log = logging.getLogger(__name__)


def watch(ctx: Context) -> None:
    """Clock job: compare what is wrong with what was told, and tell what is new."""
    wrong = _wrong(ctx)
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        known = {row["key"]: row for row in conn.execute(select(NOTICE)).mappings()}
    for key, text in wrong.items():
        if key not in known and _begin(ctx, key, text, now):
            log.error("%s", text)
    for key in known.keys() - wrong.keys():
        _end(ctx, known[key], now)
    _tell_due(ctx, now)


def _wrong(ctx: Context) -> dict[str, str]:
    """What an admin must know now, by its key."""
    found: dict[str, str] = {}
    budget = budget_report(ctx)
    if not budget["ok"]:
        found["budget"] = f"Hotlead and the limits of {ctx.crm.name}: {budget['why']}."
    # A first read may take hours and is no silence, unless it failed.
    silent = [
        name
        for name, one in mirror_health(ctx).items()
        if one["silent"] and (one["age_seconds"] is not None or one["error"])
    ]
    if silent and budget["ok"]:
        named = ", ".join(silent)
        found["mirror"] = (
            f"Hotlead has not been able to read {named} for several times "
            "its interval. Alerts go on with what is known and what can be read live. "
            "`hotlead doctor` says what is wrong."
        )
    return found | _missing(ctx)


def _missing(ctx: Context) -> dict[str, str]:
    """What the admin hears by another way than the surface, which may be what fails."""
    found: dict[str, str] = {}
    for name, waiting in silent_surfaces(ctx).items():
        minutes = ctx.silent_after.total_seconds() / 60
        found[f"surface:{name}"] = (
            f"Nothing has got through to {name} for {minutes:.0f} minutes, and {waiting} messages "
            "wait. They are kept and sent when it answers; `hotlead doctor` says what is wrong."
        )
    counted = audit(ctx, GRACE)
    if not counted.ok:
        found["audit"] = f"The audit of Hotlead found something missing: {in_words(counted)}."
    return found


def _begin(ctx: Context, key: str, text: str, now: datetime) -> bool:
    """Note what is wrong; False when another worker was faster."""
    with ctx.store.write() as tx:
        row = tx.insert(NOTICE).values(
            key=key, text=text, since=now, try_at=now + _LASTS, attempts=0, error=""
        )
        return bool(
            tx.conn.execute(row.on_conflict_do_nothing(index_elements=["key"])).rowcount == 1
        )


def _end(ctx: Context, notice: Any, now: datetime) -> None:
    """What was wrong is well again; who was told of the one is told of the other."""
    with ctx.store.write() as tx:
        gone = tx.conn.execute(delete(NOTICE).where(NOTICE.c.key == notice["key"])).rowcount == 1
    if not gone:
        return
    log.warning("well again: %s", notice["key"])
    if notice["told_at"] is None:
        return
    since = f"{notice['since']:%Y-%m-%d %H:%M} UTC"
    text = f"It is well again what was wrong with the {notice['key']} since {since}."
    try:
        _send(ctx, Alarm(key=notice["key"], state="well", text=text), now)
    except ConnectorError as error:
        log.warning("the admin could not be told that it is well again: %s", error)


def _tell_due(ctx: Context, now: datetime) -> None:
    with ctx.store.read() as conn:
        query = select(NOTICE).where(NOTICE.c.told_at.is_(None), NOTICE.c.try_at <= now)
        due = conn.execute(query).mappings().all()
    for notice in due:
        if not _claim(ctx, notice, now):
            continue
        values: dict[str, Any] = {"told_at": ctx.clock.now(), "error": ""}
        try:
            said = Alarm(key=notice["key"], state="wrong", text=notice["text"])
            _send(ctx, said, notice["since"])
        except ConnectorError as error:
            log.warning("the admin could not be told: %s", error)
            wait = max(_LEASE, retry_delay(ctx.patience, notice["attempts"] + 1))
            values = {"error": str(error)[:500], "try_at": ctx.clock.now() + wait}
        with ctx.store.write() as tx:
            tx.conn.execute(update(NOTICE).where(NOTICE.c.key == notice["key"]).values(**values))


def _claim(ctx: Context, notice: Any, now: datetime) -> bool:
    with ctx.store.write() as tx:
        mine = update(NOTICE).where(
            NOTICE.c.key == notice["key"],
            NOTICE.c.told_at.is_(None),
            NOTICE.c.attempts == notice["attempts"],
        )
        values = {"attempts": notice["attempts"] + 1, "try_at": now + _LEASE}
        return bool(tx.conn.execute(mine.values(**values)).rowcount == 1)


def _send(ctx: Context, alarm: Alarm, at: datetime) -> None:
    """To the first admin on the surface; by the other ways when the surface may be what fails."""
    elsewhere = alarm.key == "audit" or alarm.key.startswith("surface:")
    if elsewhere and ctx.alarms is not None and ctx.alarms.tell(alarm):
        return
    try:
        _say(ctx, f"notice:{alarm.key}:{at.isoformat()}", alarm.text)
    except ConnectorError:
        if elsewhere or ctx.alarms is None or not ctx.alarms.tell(alarm):
            raise


def _say(ctx: Context, key: str, text: str) -> None:
    """A message on the surface. After an unclear try it is looked for before it is sent."""
    surface = ctx.surfaces[ctx.policy.surface]
    email = ctx.policy.places.admins[0]
    with ctx.store.read() as conn:
        remembered = remembered_address(ctx, conn, surface.name, email)
    address = address_of(ctx, surface, email, remembered)
    card = Card(key=key, alert_id="", title="Hotlead needs a look", summary=text)
    since = ctx.clock.now() - timedelta(hours=1)
    if surface.abilities.can_find and surface.find(address, key, since) is not None:
        return
    surface.send(address, card)
