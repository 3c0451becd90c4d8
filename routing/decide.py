"""The decision: a pure function of signal, facts, policy and the moment.

Same in, same out; it never raises for any snapshot and never ends with nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from routing.holds import Case, failing
from routing.ladder import build_ladder
from routing.nouns import RESPONSE_KINDS, Sentiment, Signal
from routing.policy import Policy, Route, RungKind, SignalClass
from routing.policy_parts import Interruption
from routing.priority import classify
from routing.receipt import Candidate, Decision, Fact, Outcome, Place, Step, Watcher, fact_of
from routing.roles import Search, find_assignee
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
    case = Case(signal, signal_class, snapshot, where, policy, now)
    for rule in policy.suppress:
        if not failing(rule.when, case):
            return _explained(signal_class, f"suppressed: {rule.name}", policy)
    found, search = assign(case)
    assignee = search.holder.person if search.holder else None
    ladder = policy.ladder_name(found.route, signal_class)
    steps, candidates = build_ladder(assignee, snapshot, policy, now, ladder=ladder)
    wish, why_priority = interruption(signal_class, steps[0], snapshot, policy)
    if wish == "silent":
        return _explained(signal_class, why_priority, policy)
    outcome = Outcome.ALERT if wish == "real_time" else Outcome.DIGEST
    said = (class_why, why_priority)
    return decision_of(case, found, search, steps, candidates, ladder, outcome, said)


def decision_of(
    case: Case,
    found: Found,
    search: Search,
    steps: tuple[Step, ...],
    candidates: tuple[Candidate, ...],
    ladder: str,
    outcome: Outcome,
    said: tuple[str, ...],
) -> Decision:
    """The decision that the parts amount to; ``said`` are the notes that come first."""
    signal, snapshot, where, policy = case.signal, case.snapshot, case.where, case.policy
    assignee = search.holder.person if search.holder else None
    sender = snapshot.by_email(signal.sending_rep) if signal.sending_rep else None
    return Decision(
        outcome=outcome,
        signal_class=case.signal_class,
        stage_class=where.stage_class,
        role=search.holder.role if search.holder else "unowned",
        route=found.route.name,
        reason=_reason(search, found.route, steps[0], candidates),
        steps=steps,
        assignee_id=assignee.id if assignee else None,
        assignee_name=assignee.name if assignee else "",
        sending_rep_id=sender.id if sender else None,
        deal_id=where.deal.id if where.deal else None,
        deal_name=where.deal.name if where.deal else "",
        stage_label=label_of(where.deal, snapshot) if where.deal else "",
        ladder=ladder,
        turn=_turn(search),
        watchers=watchers_of(found, case, steps) if outcome is Outcome.ALERT else (),
        digest_place=steps[0].place if outcome is Outcome.DIGEST else None,
        candidates=candidates,
        passed=found.passed,
        facts=_facts(snapshot, where, search, candidates),
        notes=_notes(said, where, search, snapshot),
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
    ladder: str = "",
    past: str | None = None,
) -> Step | None:
    """The next rung above ``reached`` whose place has not been asked; None at the top.

    ``asked`` holds the places (as text) that already have the alert; a reminder is for one of
    these. ``ladder`` is the name of the ladder that the alert climbs. ``past`` is who claimed it
    and then did not respond: the next is asked, and not they.
    """
    assignee = snapshot.people.get(assignee_id) if assignee_id else None
    steps, _ = build_ladder(assignee, snapshot, policy, now, declined, ladder)
    for step in steps:
        again = step.kind is RungKind.REMIND
        if past is not None and (again or step.person_id == past):
            continue
        if step.number > reached and (str(step.place) in asked) is again:
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


@dataclass(frozen=True, slots=True)
class Found:
    """The route that assigns, those that only copy, and those passed over with the reason."""

    route: Route
    copies: tuple[Route, ...]
    passed: tuple[str, ...]


def assign(case: Case) -> tuple[Found, Search]:
    """The route of a case, and the person whom it assigns, if any."""
    found = find_route(case)
    to = found.route.to
    search = find_assignee(to, case.signal, case.snapshot, case.where, case.policy, case.now)
    return found, search


def find_route(case: Case) -> Found:
    """The first route that holds and assigns. The policy's last one always does."""
    copies: list[Route] = []
    passed: list[str] = []
    for route in case.policy.routes:
        why = failing(route.when, case)
        if why:
            passed.append(f"{route.name}: {why}")
        elif route.goes_on:
            copies.append(route)
        else:
            return Found(route, tuple(copies), tuple(passed))
    raise AssertionError("the policy's last route has no condition")  # held by Policy


def watchers_of(found: Found, case: Case, steps: tuple[Step, ...]) -> tuple[Watcher, ...]:
    """Who gets a copy, each place once and never the one that is told first."""
    wanted = [(name, f"a copy by the route {one.name}") for one in found.copies for name in one.to]
    wanted += [
        (name, f"a watcher of the route {found.route.name}") for name in found.route.watchers
    ]
    channel = case.policy.places.watch_channel
    wanted += [(channel, "sees a copy of every alert")] if channel else []
    taken = {steps[0].place.address}
    watchers: list[Watcher] = []
    for name, why in wanted:
        watcher = _watcher(name, why, case)
        if watcher is not None and watcher.place.address not in taken:
            taken.add(watcher.place.address)
            watchers.append(watcher)
    return tuple(watchers)


def _watcher(name: str, why: str, case: Case) -> Watcher | None:
    policy = case.policy
    places = policy.places
    channel = places.claim_channel if name == "claim_channel" else name
    # On a surface like e-mail the channels of the policy's places are addresses, without a #.
    named = (places.claim_channel, places.watch_channel)
    if channel is not None and (channel.startswith("#") or channel in named):
        place = Place(surface=policy.surface, kind="channel", address=channel)
        return Watcher(place=place, name=channel, why=why)
    search = find_assignee((name,), case.signal, case.snapshot, case.where, policy, case.now)
    if search.holder is None or not search.holder.person.email:
        return None
    person = search.holder.person
    place = Place(surface=policy.surface, kind="person", address=person.email)
    said = f"{why}, as {search.holder.because}"
    return Watcher(place=place, name=person.name, why=said, person_id=person.id)


def _turn(search: Search) -> str:
    role = search.holder.role if search.holder else ""
    return (
        role if role.startswith("queue:") else role.removeprefix("pool:") * role.startswith("pool:")
    )


def _notes(
    said: tuple[str, ...], where: Standing, search: Search, snapshot: Snapshot
) -> tuple[str, ...]:
    match = snapshot.match
    matched = (
        (f"the account was found as {match.why} (confidence {match.confidence:.2f})",)
        if match is not None
        else ()
    )
    stage = f"{where.stage_class.value}: {where.why}"
    return (*said, stage, *matched, *search.tried)


def interruption(
    signal_class: SignalClass, first: Step, snapshot: Snapshot, policy: Policy
) -> tuple[Interruption, str]:
    """The wish of the rep who is told, within the policy; for others the policy."""
    rep = first.person_id if first.kind in (RungKind.ASSIGNEE, RungKind.BACKUP) else None
    own = snapshot.preferences.get(rep) if rep else None
    if signal_class in policy.rep_choice.always_real_time:
        return "real_time", f"the policy has {signal_class.value} always in real time"
    if own is not None and signal_class in own.silent:
        if signal_class in policy.rep_choice.may_silence:
            return "silent", f"{first.name} wants {signal_class.value} silent"
        return "digest", f"{first.name} wants {signal_class.value} silent, the policy has it told"
    if own is not None and own.real_time is not None:
        chosen = signal_class in own.real_time
        how = "at once" if chosen else "in the digest"
        return (
            "real_time" if chosen else "digest"
        ), f"{first.name} wants {signal_class.value} {how}"
    urgent = signal_class in policy.priority.real_time
    how = "real time" if urgent else "for the digest"
    return ("real_time" if urgent else "digest"), f"the policy has {signal_class.value} as {how}"


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
    if role.startswith(("person:", "pool:", "queue:")):
        return "rep"
    return role.upper() if len(role) <= _ACRONYM else role.replace("_", " ")


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
