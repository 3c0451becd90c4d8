"""Return briefs: whoever was away is told, in their first working hour back, what went past them.

What goes past somebody is noted with the alert, in the same transaction. So a brief needs no
memory of absences: it is made as soon as somebody with such notes is back by what is known then,
however their absences began, grew, met or were called off.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select, update

from routing.ladder import surface_of
from routing.nouns import Person
from routing.policy import Policy
from routing.receipt import Place, Step
from routing.returns import goes_past, is_back, is_passed_over
from routing.snapshot import Snapshot
from worker.context import Context
from worker.store.alerts import Row, add_message
from worker.store.columns import Utc
from worker.store.engine import Tx
from worker.store.people_facts import people_snapshot
from worker.store.statements import add_unless_there
from worker.store.tables import DELIVERY, RETURN_BRIEF, ROUTED_PAST

_OPEN = ROUTED_PAST.c.brief_id.is_(None)
HANDED_OVER = "handed_over"


def note_past(
    tx: Tx,
    alert_id: str,
    assignee_id: str | None,
    told: Step,
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
    *,
    ladder: str = "",
    declined: frozenset[str] = frozenset(),
) -> None:
    """Note that ``told`` gets the alert in the stead of an assignee who is away, if it is so."""
    past = goes_past(assignee_id, told, snapshot, policy, now, ladder=ladder, declined=declined)
    if assignee_id is not None and past:
        _note(tx, alert_id, assignee_id, told.name, told.kind.value, now)


def note_handed_over(
    tx: Tx, alert: Row, to: str, snapshot: Snapshot, policy: Policy, now: datetime
) -> None:
    """Note that an alert of somebody who is away went to another assignee, if it is so."""
    away = is_passed_over(
        alert["assignee_id"],
        snapshot,
        policy,
        now,
        ladder=alert["ladder"],
        declined=frozenset(alert["declined"]),
    )
    if away:
        _note(tx, alert["id"], alert["assignee_id"], to, HANDED_OVER, now)


def _note(tx: Tx, alert_id: str, person_id: str, name: str, kind: str, now: datetime) -> None:
    values = {
        "person_id": person_id,
        "alert_id": alert_id,
        "at": now,
        "cover_name": name,
        "cover_kind": kind,
        "brief_id": None,
    }
    add_unless_there(tx, ROUTED_PAST, values, "person_id", "alert_id", where=_OPEN)


def make_briefs(ctx: Context) -> None:
    """Clock job: one brief for each person who is back. Running it twice does nothing."""
    now = ctx.clock.now()
    with ctx.store.read() as conn:
        waiting = list(conn.execute(select(ROUTED_PAST.c.person_id).where(_OPEN).distinct()))
        if not waiting:
            return
        snapshot = people_snapshot(conn, (row[0] for row in waiting), ctx.policy, now)
    if ctx.policy.return_brief == "off":
        # Else what was noted by now would be told, old, when briefs are switched on again.
        with ctx.store.write() as tx:
            tx.conn.execute(delete(ROUTED_PAST).where(_OPEN))
        return
    for person in _back(snapshot, ctx.policy, now):
        with ctx.store.write() as tx:
            _make(ctx, tx, person, surface_of(person, snapshot, ctx.policy), now)


def _back(snapshot: Snapshot, policy: Policy, now: datetime) -> Iterable[Person]:
    return (one for one in snapshot.people.values() if is_back(one, snapshot, policy, now))


def _make(ctx: Context, tx: Tx, person: Person, surface: str, now: datetime) -> None:
    mine = (ROUTED_PAST.c.person_id == person.id) & _OPEN
    query = select(func.min(ROUTED_PAST.c.id), func.min(ROUTED_PAST.c.at, type_=Utc))
    first, since = tx.conn.execute(query.where(mine)).one()
    if first is None:
        return
    place = Place(surface=surface, kind="person", address=person.email)
    brief_id = f"brief:{first}"
    values = {
        "id": brief_id,
        "person_id": person.id,
        "place": str(place),
        "since": since,
        "made_at": now,
    }
    if not add_unless_there(tx, RETURN_BRIEF, values, "id"):
        return  # another worker was faster
    tx.conn.execute(update(ROUTED_PAST).where(mine).values(brief_id=brief_id))
    delivery_id = add_message(
        tx, kind="brief", place=place, person_id=person.id, now=now, brief_id=brief_id
    )
    ctx.dispatch.hand_over(tx, "deliver", delivery_id, lock=str(place))


def show_in_briefs(ctx: Context, tx: Tx, alert_id: str, person_id: str) -> None:
    """Let the brief of whoever has acted on an alert show it: they may have pressed there."""
    mine = (
        select(ROUTED_PAST.c.brief_id)
        .where(ROUTED_PAST.c.alert_id == alert_id, ROUTED_PAST.c.person_id == person_id)
        .where(ROUTED_PAST.c.brief_id.is_not(None))
    )
    shown = (
        update(DELIVERY)
        .where(DELIVERY.c.brief_id.in_(mine), DELIVERY.c.state != "failed")
        .values(wanted=DELIVERY.c.wanted + 1)
        .returning(DELIVERY.c.id, DELIVERY.c.place)
    )
    for delivery_id, place in tx.conn.execute(shown).all():
        ctx.dispatch.hand_over(tx, "deliver", delivery_id, lock=place)
