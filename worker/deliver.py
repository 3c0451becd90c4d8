"""Sends the messages of the outbox: once each, at the pace of each place, updated as alerts live.

A row goes to ``sending`` before the call (``worker.claim``). When the outcome is unclear it stays
there until its lease runs out; then the surface is searched for the message before it is sent
again.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, update

from connectors.base import Card, Sent, Surface
from connectors.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from routing.receipt import Place
from worker.brief_card import brief_card
from worker.card import alert_card, digest_card
from worker.claim import Claim, claim
from worker.context import Context, retry_delay
from worker.drill.deliveries import arrived, refused
from worker.drill.messages import drill_card
from worker.escalate import begin_wait
from worker.identity import address_of
from worker.outbox import wake_alert
from worker.store.alerts import Row, add_event, lock_alert
from worker.store.engine import Tx
from worker.store.statements import change
from worker.store.tables import ALERT, DELIVERY

_LATE = timedelta(minutes=1)
_TRY_AGAIN = timedelta(minutes=5)
log = logging.getLogger(__name__)

_TOLD = update(ALERT).where(ALERT.c.id == bindparam("which"), ALERT.c.delivered_at.is_(None))


def deliver(ctx: Context, delivery_id: str) -> None:
    """Job: bring one message to where it should be. Idempotent; raises nothing it expects."""
    taken = _claim(ctx, delivery_id)
    if taken is None:
        return
    try:
        surface = _surface(ctx, taken.place.surface)
        sent = _send(ctx, surface, taken, _card(ctx, taken, surface))
    except ConnectorError as error:
        _failed(ctx, taken, error)
    else:
        _succeeded(ctx, taken, sent)


def _surface(ctx: Context, name: str) -> Surface:
    """The surface of a place; a policy of earlier days may have named one that is no more."""
    found = ctx.surfaces.get(name)
    if found is None:
        raise ConfigError(f"the surface {name} is not set up", mend="see policy.surface")
    return found


def _claim(ctx: Context, delivery_id: str) -> Claim | None:
    early = ctx.claims.pop(delivery_id, None)
    if early is not None and ctx.clock.now() < early.good_until:
        return early
    with ctx.store.write() as tx:
        return claim(ctx, tx, delivery_id)


def _card(ctx: Context, taken: Claim, surface: Surface) -> Card:
    if taken.row["digest_id"]:
        return digest_card(taken.about, taken.signals, taken.row)
    if taken.row["drill_target_id"]:
        return drill_card(taken.about, taken.row, surface.abilities)
    if taken.row["brief_id"]:
        return brief_card(ctx, taken.about, taken.row, surface.abilities)
    prospect_id = taken.about["prospect_id"]
    crm_url = ctx.crm.record_url("prospect", prospect_id) if prospect_id else ""
    return alert_card(taken.about, taken.row, taken.signals, taken.policy, crm_url)


def _send(ctx: Context, surface: Surface, taken: Claim, card: Card) -> Sent:
    if taken.is_update:
        if surface.abilities.can_update:
            surface.update(taken.row["remote_id"], card)
        return Sent(remote_id=taken.row["remote_id"], url=taken.row["remote_url"])
    address = taken.place.address
    if taken.place.kind == "person":
        address = address_of(ctx, surface, address, taken.remembered)
    if taken.is_unclear and surface.abilities.can_find:
        found = surface.find(address, card.key, taken.row["first_try_at"])
        if found is not None:
            return found
    return surface.send(address, card)


def _succeeded(ctx: Context, taken: Claim, sent: Sent) -> None:
    now = ctx.clock.now()
    row = taken.row
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
        if row["drill_target_id"] and not taken.is_update:
            buttons = ctx.surfaces[taken.place.surface].abilities.has_buttons
            arrived(tx, row, now, has_buttons=buttons)
        if row["alert_id"] is None:
            return
        if not taken.is_update:
            if row["kind"] == "alert":
                tx.conn.execute(_TOLD, {"which": row["alert_id"], "delivered_at": now})
                if now - row["created_at"] > _LATE:
                    begin_wait(ctx, tx, row, now)
            text = f"{row['kind']} message to {taken.place.address}"
            add_event(tx, row["alert_id"], now, "delivered", text, row["person_id"])
        wake_alert(ctx, tx, row["alert_id"])


def _failed(ctx: Context, taken: Claim, error: ConnectorError) -> None:
    """Decide by the error's type: wait, look again, or give this place up and climb."""
    now = ctx.clock.now()
    row = taken.row
    values: dict[str, Any] = {"error": str(error)[:500]}
    delay = retry_delay(ctx.patience, row["attempts"] + 1)
    if isinstance(error, TemporaryError) and error.retry_after is not None:
        delay = max(delay, timedelta(seconds=error.retry_after))
    # A surface that cannot be searched names after how many perhaps-copies to give the place up.
    enough = error.tries if isinstance(error, UnclearError) else None
    if enough is not None and row["attempts"] + 1 >= enough and not taken.is_update:
        values |= {"state": "failed", "lease_until": None}
    elif isinstance(error, UnclearError) or (taken.is_unclear and _may_wait(error)):
        values |= {"state": "sending", "lease_until": now + max(delay, ctx.patience.look_again)}
    elif _may_wait(error):
        state = "sent" if taken.is_update else "pending"
        values |= {"state": state, "lease_until": None, "next_attempt_at": now + delay}
    elif taken.is_update:
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
        if row["drill_target_id"]:
            if not taken.is_update:
                refused(tx, row, error, now, final=values.get("state") == "failed")
        elif values.get("state") == "failed" and row["digest_id"]:
            _redirect(ctx, tx, row, now)
        elif values.get("state") == "failed" and row["alert_id"]:
            _climb(ctx, tx, row, taken.place, error, now)


def _may_wait(error: ConnectorError) -> bool:
    """Whether time, or an admin who mends the credentials, can make this place work again."""
    return isinstance(error, TemporaryError | AuthError) or not isinstance(error, PermanentError)


def _redirect(ctx: Context, tx: Tx, row: Row, now: datetime) -> None:
    """A digest whose reader cannot be reached goes to the admin, who is tried until it is read."""
    admin = Place(surface=ctx.policy.surface, kind="person", address=ctx.policy.places.admins[0])
    again = now if row["place"] != str(admin) else now + _TRY_AGAIN
    values = {"place": str(admin), "state": "pending", "next_attempt_at": again}
    tx.conn.execute(update(DELIVERY).where(DELIVERY.c.id == row["id"]).values(**values))
    ctx.dispatch.hand_over(tx, "deliver", row["id"], lock=str(admin))


def _climb(
    ctx: Context, tx: Tx, row: Row, place: Place, error: ConnectorError, now: datetime
) -> None:
    """A place that cannot be reached is an empty rung: the alert goes on at once."""
    text = f"{place.address} cannot be reached: {error}"
    add_event(tx, row["alert_id"], now, "unreachable", text, row["person_id"])
    if row["kind"] != "alert":
        return
    tx.conn.execute(
        update(ALERT)
        .where(ALERT.c.id == row["alert_id"], ALERT.c.open)
        .where(ALERT.c.rung == row["rung"], ALERT.c.round == row["round"])
        .values(due_at=now)
    )
    ctx.dispatch.hand_over(tx, "escalate", row["alert_id"], lock=f"alert:{row['alert_id']}")
