"""The decision: a pure function of signal, facts, policy and the moment.

Same in, same out; it never raises for any snapshot and never ends with nobody.
"""

from __future__ import annotations

from datetime import datetime

from routing.ladder import build_ladder
from routing.nouns import Person, Sentiment, Signal
from routing.policy import Policy, Route, SignalClass, StageClass, When
from routing.priority import classify
from routing.receipt import Decision, Fact, Outcome, Place, Step
from routing.roles import Search, find_assignee, named_account
from routing.snapshot import Snapshot
from routing.stages import Standing, label_of, standing


def decide(signal: Signal, snapshot: Snapshot, policy: Policy, now: datetime) -> Decision:
    """Who must act on ``signal``, where they are told, and why."""
    signal_class, class_why = classify(signal, snapshot.recent, policy.priority.multi_open)
    if signal.sentiment is Sentiment.AUTOMATIC:
        return _explained(signal_class, "an automatic reply is no engagement", policy)
    if snapshot.open_alert is not None:
        return _joined(signal_class, class_why, snapshot, policy)
    where = standing(snapshot, policy)
    route = _route(signal_class, snapshot, where, policy)
    search = find_assignee(route.to, signal, snapshot, where, policy)
    assignee = search.holder.person if search.holder else None
    steps, candidates = build_ladder(assignee, snapshot, policy, now)
    real_time, why_priority = _interrupts(signal_class, assignee, snapshot, policy)
    sender = snapshot.by_email(signal.sending_rep) if signal.sending_rep else None
    outcome = Outcome.ALERT if real_time else Outcome.DIGEST
    watch = policy.places.watch_channel
    return Decision(
        outcome=outcome,
        signal_class=signal_class,
        stage_class=where.stage_class,
        role=search.holder.role if search.holder else "unowned",
        route=route.name,
        reason=_reason(search, where, route, steps[0]),
        steps=steps,
        assignee_id=assignee.id if assignee else None,
        assignee_name=assignee.name if assignee else "",
        sending_rep_id=sender.id if sender else None,
        deal_id=where.deal.id if where.deal else None,
        deal_name=where.deal.name if where.deal else "",
        stage_label=label_of(where.deal, snapshot) if where.deal else "",
        watch=_watch(watch, steps, policy) if real_time and watch else None,
        digest_place=None if real_time else steps[0].place,
        candidates=candidates,
        facts=_facts(snapshot, where, search),
        notes=(class_why, why_priority, f"{where.stage_class.value}: {where.why}", *search.tried),
        policy_hash=policy.hash,
    )


def next_step(
    assignee_id: str | None,
    reached: int,
    asked: frozenset[str],
    declined: frozenset[str],
    snapshot: Snapshot,
    policy: Policy,
    now: datetime,
) -> Step | None:
    """The next rung above ``reached`` whose place has not been asked; None at the top.

    ``asked`` holds the places (as text) that already have the alert.
    """
    assignee = snapshot.people.get(assignee_id) if assignee_id else None
    steps, _ = build_ladder(assignee, snapshot, policy, now, declined)
    for step in steps:
        if step.number > reached and str(step.place) not in asked:
            return step
    return None


def dedup_key(signal: Signal, snapshot: Snapshot, policy: Policy) -> str:
    """What one open alert is for: the prospect, or the thread where the policy says so."""
    who = snapshot.prospect.id if snapshot.prospect else signal.prospect_email
    if policy.one_alert_per == "thread" and signal.thread_id:
        return f"thread:{who}:{signal.thread_id}"
    return f"prospect:{who}"


def _explained(signal_class: SignalClass, why: str, policy: Policy) -> Decision:
    return Decision(
        outcome=Outcome.EXPLAIN,
        signal_class=signal_class,
        stage_class=None,
        role="",
        route="",
        reason=why,
        notes=(why,),
        policy_hash=policy.hash,
    )


def _joined(signal_class: SignalClass, why: str, snapshot: Snapshot, policy: Policy) -> Decision:
    alert = snapshot.open_alert
    return Decision(
        outcome=Outcome.JOIN,
        signal_class=signal_class,
        stage_class=None,
        role="",
        route="",
        reason="an alert for this prospect is already open",
        alert_id=alert.id if alert else None,
        notes=(why,),
        policy_hash=policy.hash,
    )


def _route(signal_class: SignalClass, snapshot: Snapshot, where: Standing, policy: Policy) -> Route:
    named = named_account(snapshot, policy) is not None
    known = snapshot.prospect is not None
    for route in policy.routes:
        if _holds(route.when, signal_class, where.stage_class, named, known):
            return route
    raise AssertionError("the policy's last route has no condition")  # held by Policy


def _holds(
    when: When, signal_class: SignalClass, stage: StageClass, named: bool, known: bool
) -> bool:
    return (
        (when.stage is None or stage in when.stage)
        and (when.signal is None or signal_class in when.signal)
        and (when.named_account is None or when.named_account is named)
        and (when.known_prospect is None or when.known_prospect is known)
    )


def _interrupts(
    signal_class: SignalClass, assignee: Person | None, snapshot: Snapshot, policy: Policy
) -> tuple[bool, str]:
    own = snapshot.preferences.get(assignee.id) if assignee else None
    if assignee is not None and own is not None and own.real_time is not None:
        chosen = signal_class in own.real_time
        how = "at once" if chosen else "in the digest"
        return chosen, f"{assignee.name} wants {signal_class.value} {how}"
    urgent = signal_class in policy.priority.real_time
    how = "real time" if urgent else "for the digest"
    return urgent, f"the policy has {signal_class.value} as {how}"


def _reason(search: Search, where: Standing, route: Route, first: Step) -> str:
    if search.holder is None:
        tried = "; ".join(search.tried) or "nobody is named"
        return f"Nobody is assigned ({tried}), so it goes to {first.name}"
    holder = search.holder
    stage = where.stage_class.value.replace("_", " ")
    reason = f"{route.name}: {holder.person.name} is the {holder.role} ({stage}), "
    reason += f"as {holder.because}"
    if first.person_id != holder.person.id:
        reason += f"; {first.name} covers, as {holder.person.name} cannot be asked now"
    return reason


def _watch(channel: str, steps: tuple[Step, ...], policy: Policy) -> Place | None:
    if steps[0].place.kind == "channel" and steps[0].place.address == channel:
        return None
    return Place(surface=policy.surface, kind="channel", address=channel)


def _facts(snapshot: Snapshot, where: Standing, search: Search) -> tuple[Fact, ...]:
    facts: list[Fact] = []
    prospect, account, deal = snapshot.prospect, snapshot.account, where.deal
    if prospect is not None:
        facts.append(_fact("prospect", prospect.id, "email", prospect.email, prospect))
        if prospect.account_id:
            facts.append(_fact("prospect", prospect.id, "account", prospect.account_id, prospect))
    if account is not None:
        facts.append(_fact("account", account.id, "kind", account.kind, account))
    if deal is not None:
        facts.append(_fact("deal", deal.id, "stage", label_of(deal, snapshot), deal))
    if search.holder is not None:
        person = search.holder.person
        if search.holder.fact is not None:
            facts.append(search.holder.fact)
        facts.append(_fact("person", person.id, "active", str(person.active).lower(), person))
    for row in snapshot.out_of_office:
        text = f"{row.starts_at:%Y-%m-%dT%H:%MZ} to {row.ends_at:%Y-%m-%dT%H:%MZ}"
        facts.append(_fact("out_of_office", row.id, row.person_id, text, row))
    return tuple(facts)


def _fact(record: str, record_id: str, field: str, value: str, row: object) -> Fact:
    return Fact(
        record=record,
        record_id=record_id,
        field=field,
        value=value,
        modified_at=getattr(row, "modified_at", None),
        seen_at=getattr(row, "seen_at", None),
    )
