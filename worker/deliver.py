"""Sends the messages of the outbox: once each, at the pace of each place, updated as alerts live.

A row goes to ``sending`` before the call. When the outcome is unclear it stays there until its
lease runs out; then the surface is searched for the message before it is sent again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from connectors.base import Card, Sent, Surface
from connectors.errors import (
    AuthError,
    ConnectorError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from routing.receipt import Place
from worker.card import alert_card, digest_card
from worker.context import Context, retry_delay
from worker.escalate import begin_wait
from worker.identity import address_of, remembered_address
from worker.outbox import wake_alert
from worker.store.alerts import Row, add_event, get_alert, lock_alert, place_from, signals_of
from worker.store.engine import Tx
from worker.store.facts import signal_from
from worker.store.statements import change
from worker.store.tables import ALERT, DELIVERY, DESTINATION, DIGEST, SIGNAL

_LATE = timedelta(minutes=1)
log = logging.getLogger(__name__)

_DELIVERY = select(DELIVERY).where(DELIVERY.c.id == bindparam("id"))
_TAKE = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("which"), DELIVERY.c.state == bindparam("was"))
    .where(DELIVERY.c.attempts == bindparam("tries"))
)
_TOLD = update(ALERT).where(ALERT.c.id == bindparam("which"), ALERT.c.delivered_at.is_(None))


@dataclass(frozen=True, slots=True)
class _Claim:
    """A message that is ours to send: the row as it was, and what it should say."""

    row: Row
    place: Place
    card: Card
    remembered: str | None
    """The person's address, where it is known; see ``remembered_address``."""

    @property
    def is_update(self) -> bool:
        return self.row["state"] == "sent" or bool(self.row["remote_id"])

    @property
    def is_unclear(self) -> bool:
        return self.row["state"] == "sending" and not self.row["remote_id"]


def deliver(ctx: Context, delivery_id: str) -> None:
    """Job: bring one message to where it should be. Idempotent; raises nothing it expects."""
    claim = _claim(ctx, delivery_id)
    if claim is None:
        return
    surface = ctx.surfaces[claim.place.surface]
    try:
        sent = _send(ctx, surface, claim)
    except ConnectorError as error:
        _failed(ctx, claim, error)
    else:
        _succeeded(ctx, claim, sent)


def _claim(ctx: Context, delivery_id: str) -> _Claim | None:
    now = ctx.clock.now()
    with ctx.store.write() as tx:
        row = tx.conn.execute(_DELIVERY, {"id": delivery_id}).mappings().first()
        if row is None or not _is_due(row, now):
            return None
        place = place_from(row["place"])
        is_new = row["state"] != "sent" and not row["remote_id"]
        if is_new and not _may_speak(ctx, tx, row, place, now):
            return None
        claimed = tx.conn.execute(
            _TAKE,
            {
                "which": row["id"],
                "was": row["state"],
                "tries": row["attempts"],
                "state": "sending",
                "attempts": row["attempts"] + 1,
                "lease_until": now + ctx.patience.lease,
                "first_try_at": row["first_try_at"] or now,
            },
        )
        if claimed.rowcount != 1:
            return None
        remembered = None
        if place.kind == "person":
            remembered = remembered_address(ctx, tx.conn, place.surface, place.address)
        return _Claim(row, place, _card(ctx, tx, row), remembered)


def _is_due(row: Row, now: datetime) -> bool:
    if row["next_attempt_at"] > now or row["state"] == "failed":
        return False
    if row["state"] == "sending":
        return row["lease_until"] is None or bool(row["lease_until"] <= now)
    return row["state"] == "pending" or bool(row["revision"] < row["wanted"])


def _may_speak(ctx: Context, tx: Tx, row: Row, place: Place, now: datetime) -> bool:
    """Whether the place's pace allows a new message now; if not, the row waits for its turn."""
    gap = timedelta(seconds=ctx.surfaces[place.surface].abilities.seconds_between)
    given = {"place": row["place"], "next_at": now + gap, "now": now}
    if tx.conn.execute(_take_turn(tx.dialect), given).rowcount == 1:
        return True
    query = select(DESTINATION.c.next_at).where(DESTINATION.c.place == row["place"])
    turn = tx.conn.execute(query).scalar_one()
    tx.conn.execute(update(DELIVERY).where(DELIVERY.c.id == row["id"]).values(next_attempt_at=turn))
    return False


@cache
def _take_turn(dialect: str) -> Any:
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    first = make(DESTINATION)
    wanted = first.excluded.next_at
    return first.on_conflict_do_update(
        index_elements=["place"],
        set_={"next_at": wanted},
        # Further ahead than any pace sets it, the clock has been put back since.
        where=or_(DESTINATION.c.next_at <= bindparam("now"), DESTINATION.c.next_at > wanted),
    )


def _card(ctx: Context, tx: Tx, row: Row) -> Card:
    if row["digest_id"]:
        digest = tx.conn.execute(select(DIGEST).where(DIGEST.c.id == row["digest_id"]))
        rows = tx.conn.execute(select(SIGNAL).where(SIGNAL.c.digest_id == row["digest_id"]))
        signals = [signal_from(one) for one in rows.mappings()]
        return digest_card(digest.mappings().one(), signals, row)
    alert = get_alert(tx.conn, row["alert_id"])
    if alert is None:
        raise RuntimeError(f"delivery {row['id']} belongs to no alert")
    crm_url = ""
    if alert["prospect_id"]:
        crm_url = ctx.crm.record_url("prospect", alert["prospect_id"])
    return alert_card(alert, row, signals_of(tx.conn, alert["id"]), ctx.policy, crm_url)


def _send(ctx: Context, surface: Surface, claim: _Claim) -> Sent:
    if claim.is_update:
        if surface.abilities.can_update:
            surface.update(claim.row["remote_id"], claim.card)
        return Sent(remote_id=claim.row["remote_id"], url=claim.row["remote_url"])
    address = claim.place.address
    if claim.place.kind == "person":
        address = address_of(ctx, surface, address, claim.remembered)
    if claim.is_unclear and surface.abilities.can_find:
        found = surface.find(address, claim.card.key, claim.row["first_try_at"])
        if found is not None:
            return found
    return surface.send(address, claim.card)


def _succeeded(ctx: Context, claim: _Claim, sent: Sent) -> None:
    now = ctx.clock.now()
    row = claim.row
    with ctx.store.write() as tx:
        lock_alert(tx, row["alert_id"])
        values = {
            "state": "sent",
            "revision": row["wanted"],
            "remote_id": sent.remote_id,
            "remote_url": sent.url,
            "sent_at": row["sent_at"] or now,
            "lease_until": None,
            "attempts": 0,
            "next_attempt_at": now,
            "error": "",
        }
        change(tx, DELIVERY, row["id"], values)
        if row["alert_id"] is None:
            return
        if not claim.is_update:
            if row["kind"] == "alert":
                tx.conn.execute(_TOLD, {"which": row["alert_id"], "delivered_at": now})
                if now - row["created_at"] > _LATE:
                    begin_wait(ctx, tx, row["alert_id"], row["rung"], now)
            text = f"{row['kind']} message to {claim.place.address}"
            add_event(tx, row["alert_id"], now, "delivered", text, row["person_id"])
        wake_alert(ctx, tx, row["alert_id"])


def _failed(ctx: Context, claim: _Claim, error: ConnectorError) -> None:
    """Decide by the error's type: wait, look again, or give this place up and climb."""
    now = ctx.clock.now()
    row = claim.row
    values: dict[str, Any] = {"error": str(error)[:500]}
    delay = retry_delay(ctx.patience, row["attempts"] + 1)
    if isinstance(error, TemporaryError) and error.retry_after is not None:
        delay = max(delay, timedelta(seconds=error.retry_after))
    if isinstance(error, UnclearError) or (claim.is_unclear and _may_wait(error)):
        values |= {"state": "sending", "lease_until": now + max(delay, ctx.patience.look_again)}
    elif _may_wait(error):
        state = "sent" if claim.is_update else "pending"
        values |= {"state": state, "lease_until": None, "next_attempt_at": now + delay}
    elif claim.is_update:
        # The message is gone or may not be changed: what it said stands, the alert goes on.
        values |= {"state": "sent", "revision": row["wanted"], "lease_until": None}
    else:
        values |= {"state": "failed", "lease_until": None}
    log.warning(
        "message not delivered: %s", error, extra={"delivery": row["id"], "place": row["place"]}
    )
    with ctx.store.write() as tx:
        lock_alert(tx, row["alert_id"])
        tx.conn.execute(update(DELIVERY).where(DELIVERY.c.id == row["id"]).values(**values))
        if values.get("state") == "failed":
            _climb(ctx, tx, row, claim.place, error, now)


def _may_wait(error: ConnectorError) -> bool:
    """Whether time, or an admin who mends the credentials, can make this place work again."""
    return isinstance(error, TemporaryError | AuthError) or not isinstance(error, PermanentError)


def _climb(
    ctx: Context, tx: Tx, row: Row, place: Place, error: ConnectorError, now: datetime
) -> None:
    """A place that cannot be reached is an empty rung: the alert goes on at once."""
    if row["alert_id"] is None:
        return
    text = f"{place.address} cannot be reached: {error}"
    add_event(tx, row["alert_id"], now, "unreachable", text, row["person_id"])
    if row["kind"] != "alert":
        return
    tx.conn.execute(
        update(ALERT)
        .where(ALERT.c.id == row["alert_id"], ALERT.c.open, ALERT.c.rung == row["rung"])
        .values(due_at=now)
    )
    ctx.dispatch.hand_over(tx, "escalate", row["alert_id"], lock=f"alert:{row['alert_id']}")
