"""Claims messages of the outbox: a row goes to ``sending`` before the call, by one worker only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from routing.nouns import Signal
from routing.policy import Policy
from routing.receipt import Place
from worker.context import Context
from worker.drill.deliveries import is_over
from worker.drill.rows import about_target
from worker.identity import remembered_address
from worker.store.alerts import Row, get_alert, place_from, signals_of
from worker.store.engine import Tx
from worker.store.facts import signal_from
from worker.store.receipts import policy_of
from worker.store.statements import change
from worker.store.tables import DELIVERY, DESTINATION, DIGEST, RETURN_BRIEF, SIGNAL

_DELIVERY = select(DELIVERY).where(DELIVERY.c.id == bindparam("id"))
_TAKE = (
    update(DELIVERY)
    .where(DELIVERY.c.id == bindparam("which"), DELIVERY.c.state == bindparam("was"))
    .where(DELIVERY.c.attempts == bindparam("tries"))
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that is ours to send: the row as it was, and what it is about."""

    row: Row
    place: Place
    about: Row
    """Its alert; for a digest, a return brief or a drill's message what that is of."""
    signals: Sequence[Signal]
    policy: Policy
    """What its alert lives by, and so what can be chosen in it."""
    remembered: str | None
    """The person's address, where it is known; see ``remembered_address``."""
    good_until: datetime
    """Sending must begin before this, so that it ends well before the lease does."""

    @property
    def is_update(self) -> bool:
        """Whether the message is there already and is to be changed."""
        return self.row["state"] == "sent" or bool(self.row["remote_id"])

    @property
    def is_unclear(self) -> bool:
        """Whether it may have been sent by a try that nobody knows the outcome of."""
        return self.row["state"] == "sending" and not self.row["remote_id"]


def claim(ctx: Context, tx: Tx, delivery_id: str) -> Claim | None:
    """Claim a message that is due; None when it is not, or when its place must wait its turn."""
    now = ctx.clock.now()
    row = tx.conn.execute(_DELIVERY, {"id": delivery_id}).mappings().first()
    if row is None or not _is_due(row, now):
        return None
    place = place_from(row["place"])
    is_new = row["state"] != "sent" and not row["remote_id"]
    if is_new and row["drill_target_id"] and is_over(tx, row):
        return None
    if is_new and not _may_speak(ctx, tx, row, place, now):
        return None
    wanted = {
        "which": row["id"],
        "was": row["state"],
        "tries": row["attempts"],
        "state": "sending",
        "attempts": row["attempts"] + 1,
        "lease_until": now + ctx.patience.lease,
        "first_try_at": row["first_try_at"] or now,
    }
    if tx.conn.execute(_TAKE, wanted).rowcount != 1:
        return None
    remembered = None
    if place.kind == "person" and not row["drill_target_id"]:  # a drill proves it anew
        remembered = remembered_address(ctx, tx.conn, place.surface, place.address)
    about, signals = _about(tx, row)
    policy = policy_of(tx.conn, about["policy_hash"], ctx.policy) if row["alert_id"] else ctx.policy
    return Claim(row, place, about, signals, policy, remembered, now + ctx.patience.lease / 2)


def hand_over_new(ctx: Context, tx: Tx, delivery_id: str, place: Place) -> None:
    """Hand over a message in the transaction that makes it.

    Where a thread of this process is free for it, it is claimed in the same transaction, which
    spares a commit before the call. Such a claim is lost with the process; the row stays
    ``sending``, and is looked up before it is sent.
    """
    if len(tx.after_commit) < ctx.dispatch.spare():
        claimed = claim(ctx, tx, delivery_id)
        if claimed is not None:
            kept = claimed
            tx.after_commit.append(lambda: ctx.claims.update({delivery_id: kept}))
    ctx.dispatch.hand_over(tx, "deliver", delivery_id, lock=str(place))


def _is_due(row: Row, now: datetime) -> bool:
    if row["next_attempt_at"] > now or row["state"] == "failed":
        return False
    if row["state"] == "sending":
        return row["lease_until"] is None or bool(row["lease_until"] <= now)
    return row["state"] == "pending" or bool(row["revision"] < row["wanted"])


def _may_speak(ctx: Context, tx: Tx, row: Row, place: Place, now: datetime) -> bool:
    """Whether the place's pace allows a new message now; if not, the row waits for its turn."""
    surface = ctx.surfaces.get(place.surface)
    gap = timedelta(seconds=surface.abilities.seconds_between if surface is not None else 0.0)
    given = {"place": row["place"], "next_at": now + gap, "now": now}
    if tx.conn.execute(_take_turn(tx.dialect), given).rowcount == 1:
        return True
    query = select(DESTINATION.c.next_at).where(DESTINATION.c.place == row["place"])
    turn = tx.conn.execute(query).scalar_one()
    change(tx, DELIVERY, row["id"], {"next_attempt_at": turn})
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


def _about(tx: Tx, row: Row) -> tuple[Row, list[Signal]]:
    if row["digest_id"]:
        digest = tx.conn.execute(select(DIGEST).where(DIGEST.c.id == row["digest_id"]))
        rows = tx.conn.execute(select(SIGNAL).where(SIGNAL.c.digest_id == row["digest_id"]))
        return digest.mappings().one(), [signal_from(one) for one in rows.mappings()]
    if row["drill_target_id"]:
        target = about_target(tx.conn, row["drill_target_id"])
        if target is None:
            raise RuntimeError(f"delivery {row['id']} belongs to no drill")
        return target, []
    if row["brief_id"]:
        brief = select(RETURN_BRIEF).where(RETURN_BRIEF.c.id == row["brief_id"])
        return tx.conn.execute(brief).mappings().one(), []
    alert = get_alert(tx.conn, row["alert_id"])
    if alert is None:
        raise RuntimeError(f"delivery {row['id']} belongs to no alert")
    return alert, signals_of(tx.conn, alert["id"])
