"""The decision: a pure function of signal, facts, policy and the moment.

Same in, same out; it never raises for any snapshot and never ends with nobody.
"""

from __future__ import annotations

from datetime import datetime

from routing.ladder import build_ladder
from routing.nouns import RESPONSE_KINDS, Sentiment, Signal
from routing.policy import Policy, Route, RungKind, SignalClass, StageClass, When
from routing.priority import classify
from routing.receipt import Candidate, Decision, Fact, Outcome, Place, Step, fact_of
from routing.roles import Search, find_assignee, named_account
from routing.snapshot import Snapshot
from routing.stages import Standing, label_of, standing

_ACRONYM = 3
"""A role's name of so few letters (bdr, ae, csm) is an acronym."""


def decide(signal: Signal, snapshot: Snapshot, policy: Policy, now: datetime) -> Decision:
    """Who must act on ``signal``, where they are told, and why."""
    signal_class, class_why = classify(signal, snapshot.recent, policy.priority.multi_open)
    if signal.sentiment is Sentiment.AUTOMATIC:
        return _explained(signal_class, "an automatic reply is no engagement", policy)
    if signal.kind in RESPONSE_KINDS:
        return _explained(signal_class, "the rep's own action is a response", policy)
    if snapshot.open_alert is not None:
        return _joined(signal_class, class_why, snapshot, policy)
    where = standing(snapshot, policy)
    route = _route(signal_class, snapshot, where, policy)
    search = find_assignee(route.to, signal, snapshot, where, policy)
    assignee = search.holder.person if search.holder else None
    steps, candidates = build_ladder(assignee, snapshot, policy, now)
    real_time, why_priority = _interrupts(signal_class, steps[0], snapshot, policy)
    sender = snapshot.by_email(signal.sending_rep) if signal.sending_rep else None
    outcome = Outcome.ALERT if real_time else Outcome.DIGEST
    watch = policy.places.watch_channel
    return Decision(
        outcome=outcome,
        signal_class=signal_class,
        stage_class=where.stage_class,
        role=search.holder.role if search.holder else "unowned",
        route=route.name,
        reason=_reason(search, route, steps[0], candidates),
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
        facts=_facts(snapshot, where, search, candidates),
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
        reason=f"an alert for this {policy.one_alert_per} is already open",
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
    signal_class: SignalClass, first: Step, snapshot: Snapshot, policy: Policy
) -> tuple[bool, str]:
    """The wish of the rep who is told; for a channel, a manager or an admin the policy."""
    rep = first.person_id if first.kind in (RungKind.ASSIGNEE, RungKind.BACKUP) else None
    own = snapshot.preferences.get(rep) if rep else None
    if own is not None and own.real_time is not None:
        chosen = signal_class in own.real_time
        how = "at once" if chosen else "in the digest"
        return chosen, f"{first.name} wants {signal_class.value} {how}"
    urgent = signal_class in policy.priority.real_time
    how = "real time" if urgent else "for the digest"
    return urgent, f"the policy has {signal_class.value} as {how}"


def _reason(search: Search, route: Route, first: Step, candidates: tuple[Candidate, ...]) -> str:
    """What a rep reads as “why you”: the person before the rule."""
    if search.holder is None:
        tried = "; ".join(search.tried) or "nobody is named"
        return f"Nobody is assigned ({tried}), so it goes to {first.name} (route: {route.name})"
    name, because = search.holder.person.name, search.holder.because
    reason = f"{name} is the {_spoken(search.holder.role)}, as {because}"
    if first.person_id != search.holder.person.id:
        own = (one for one in candidates if one.rung is RungKind.ASSIGNEE and not one.taken)
        refused = next(own, None)
        why = f"{name} {refused.why}" if refused else "the ladder begins there"
        reason += f"; {first.name} covers, as {why}"
    return f"{reason} (route: {route.name})"


def _spoken(role: str) -> str:
    if role.startswith("person:"):
        return "rep"
    return role.upper() if len(role) <= _ACRONYM else role.replace("_", " ")


def _watch(channel: str, steps: tuple[Step, ...], policy: Policy) -> Place | None:
    if steps[0].place.kind == "channel" and steps[0].place.address == channel:
        return None
    return Place(surface=policy.surface, kind="channel", address=channel)


def _facts(
    snapshot: Snapshot, where: Standing, search: Search, candidates: tuple[Candidate, ...]
) -> tuple[Fact, ...]:
    """What the decision stood on, each fact once, in an order of its own."""
    facts: list[Fact] = []
    prospect, account, deal = snapshot.prospect, snapshot.account, where.deal
    if prospect is not None:
        facts.append(fact_of("prospect", prospect, "email", prospect.email))
        facts.append(fact_of("prospect", prospect, "account", prospect.account_id or ""))
    if account is not None:
        facts.append(fact_of("account", account, "kind", account.kind))
    if deal is not None:
        facts.append(fact_of("deal", deal, "stage", label_of(deal, snapshot)))
    facts += search.facts
    if search.holder is not None:
        person = search.holder.person
        facts.append(fact_of("person", person, "manager", person.manager_id or ""))
        facts.append(fact_of("person", person, "backup", person.backup_id or ""))
    asked = {one.person_id for one in candidates if one.person_id}
    for person_id in sorted(asked & snapshot.people.keys()):
        person = snapshot.people[person_id]
        facts.append(fact_of("person", person, "active", str(person.active).lower()))
    absences = (row for row in snapshot.out_of_office if row.person_id in asked)
    for row in sorted(absences, key=lambda one: (one.person_id, one.starts_at, one.id)):
        interval = f"{row.starts_at:%Y-%m-%dT%H:%MZ} to {row.ends_at:%Y-%m-%dT%H:%MZ}"
        facts.append(fact_of("out_of_office", row, "interval", f"{row.person_id}: {interval}"))
    return tuple(dict.fromkeys(facts))
