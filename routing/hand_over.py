"""Whose an open alert is by the facts of now: the decision made again while it is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from routing.decide import decision_of, find_route
from routing.holds import Case
from routing.ladder import build_ladder
from routing.nouns import Signal
from routing.policy import Policy, SignalClass
from routing.receipt import Decision, Outcome
from routing.roles import Holder, Search, find_assignee
from routing.snapshot import Snapshot
from routing.stages import standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an open alert stands on: its class, its assignee and how they came to it."""

    fired_at: datetime
    signal_class: SignalClass
    assignee_id: str | None
    turn: str = ""
    declined: frozenset[str] = frozenset()


def decide_again(
    alert: Standing, signal: Signal, snapshot: Snapshot, policy: Policy, now: datetime
) -> Decision:
    """To whom an alert belongs that ``signal`` fired, by the facts of ``now``.

    Conditions on the time of day are as when it fired, and what has fired is neither suppressed
    nor silenced. Who took a turn keeps it as long as they are active: others' turns are others'.
    """
    where = standing(snapshot, policy)
    case = Case(signal, alert.signal_class, snapshot, where, policy, alert.fired_at)
    found = find_route(case)
    search = find_assignee(found.route.to, signal, snapshot, where, policy, now)
    search = _with_turn_kept(alert, search, found.route.to, snapshot)
    assignee = search.holder.person if search.holder else None
    ladder = policy.ladder_name(found.route, alert.signal_class)
    steps, candidates = build_ladder(assignee, snapshot, policy, now, alert.declined, ladder)
    said = ("decided again while open, as facts had changed",)
    outcome = Outcome.HAND_OVER
    return decision_of(case, found, search, steps, candidates, ladder, outcome, said)


def _with_turn_kept(
    alert: Standing, search: Search, targets: tuple[str, ...], snapshot: Snapshot
) -> Search:
    role = alert.turn if alert.turn.startswith("queue:") else f"pool:{alert.turn}"
    person = snapshot.people.get(alert.assignee_id or "")
    if not alert.turn or role not in targets or person is None or not person.active:
        return search
    if search.holder is not None and search.holder.role != role:
        return search
    return Search(Holder(person, role, "it was their turn", None), search.tried, search.facts)
