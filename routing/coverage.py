"""Proves ahead of time who would be told: every account, stage, signal class and day.

The same functions that decide are asked here, with the facts as they are and the absences that are
known. Accounts that no rule can tell apart are asked about once, and so are the rungs of one
assignee on one day, so that a hundred thousand accounts are a matter of seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from routing.coverage_nouns import AccountFacts as AccountFacts
from routing.coverage_nouns import Coverage as Coverage
from routing.coverage_nouns import Group as Group
from routing.coverage_nouns import Recipient as Recipient
from routing.decide import assign, interruption
from routing.holds import Case, failing, on_list
from routing.ladder import build_ladder
from routing.nouns import RESPONSE_KINDS, Deal, Person, Sentiment
from routing.policy import Policy, RungKind, SignalClass, StageClass
from routing.receipt import Step
from routing.roles import named_account
from routing.snapshot import Snapshot
from routing.stages import BY_HAND, standing
from routing.supposing import NOTHING, Supposed

_PEOPLE = (RungKind.ASSIGNEE, RungKind.BACKUP, RungKind.MANAGER)
_CHANNELS = (RungKind.CLAIM_CHANNEL, RungKind.COVERAGE_CHANNEL)
Progress = Callable[[int], None]
Known = dict[Hashable, tuple["Recipient | None", ...]]


def cover(
    accounts: Iterable[AccountFacts],
    team: Snapshot,
    policy: Policy,
    moments: Sequence[datetime],
    progress: Progress = lambda _: None,
) -> Coverage:
    """Who is told of every account at each of ``moments``, one a day.

    ``team`` holds everybody and all absences, but no account. ``progress`` is told how many
    accounts were looked at.
    """
    asked = Asked(team, policy, moments)
    groups: dict[Hashable, Group] = {}
    for number, facts in enumerate(accounts, start=1):
        key = asked.signature(facts)
        group = groups.get(key)
        if group is None:
            group = groups[key] = asked.group(facts)
        group.accounts.append(facts.account.id)
        progress(number)
    days = tuple(moment.date() for moment in moments)
    return Coverage(days=days, groups=tuple(groups.values()), policy_hash=policy.hash)


@dataclass(frozen=True, slots=True)
class _Assigned:
    """Whom a rule assigns, by which route, and which ladder follows."""

    person_id: str | None
    route: str
    ladder: str
    why: str
    role: str


class Asked:
    """What was asked already, so that nothing is asked twice. ``supposed`` is of each signal."""

    def __init__(
        self,
        team: Snapshot,
        policy: Policy,
        moments: Sequence[datetime],
        supposed: Supposed = NOTHING,
    ) -> None:
        self._team = team
        self._policy = policy
        self._moments = moments
        self._supposed = supposed
        rules = [*(one.when for one in policy.routes), *(one.when for one in policy.suppress)]
        self._bounds = [one.amount for one in rules if one.amount is not None]
        self._depends_on_time = _depends_on_time(policy)
        self._silences = any(one.silent for one in team.preferences.values())
        self._circles: dict[tuple[str, Hashable], Snapshot] = {}
        self._rungs: dict[Hashable, tuple[Step, ...]] = {}
        self._of_group: dict[str, list[Any]] = defaultdict(list)
        for row in team.group_members:
            self._of_group[row.group_id].append(row)
        self._queues = {one.id for one in team.people.values() if one.queue}

    def signature(self, facts: AccountFacts) -> Hashable:
        """Equal for two accounts only if no rule can tell them apart."""
        account, policy = facts.account, self._policy
        named = named_account(Snapshot(account=account), policy)
        lists = tuple(name for name, one in policy.account_lists.items() if on_list(account, one))
        return (
            account.owner_id,
            account.kind,
            tuple(sorted(account.fields.items())),
            named.account if named is not None else None,
            lists,
            facts.territories,
            tuple(sorted((row.role, row.person_id) for row in facts.holdings if row.account_id)),
            tuple(self._deal(deal, facts) for deal in facts.deals),
        )

    def _deal(self, deal: Deal, facts: AccountFacts) -> Hashable:
        team = sorted((one.role, one.person_id) for one in facts.holdings if one.deal_id == deal.id)
        return (
            deal.owner_id,
            deal.stage_id,
            deal.pipeline_id,
            deal.is_closed,
            deal.is_won,
            tuple(sorted(deal.fields.items())),
            tuple(one.holds(deal.amount) for one in self._bounds),
            tuple(team),
        )

    def group(self, facts: AccountFacts) -> Group:
        """A new group, with everything answered by its first account."""
        snapshot = self.snapshot(facts)
        made = Group(sample=facts.account.name, stage=standing(snapshot, self._policy).stage_class)
        known: Known = {}
        for stage in StageClass:
            account = replace(facts.account, fields={**facts.account.fields, BY_HAND: stage.value})
            as_if = replace(snapshot, account=account)
            for signal_class in self.classes():
                made.told[(stage, signal_class)] = self._days(as_if, signal_class, known)
        return made

    def classes(self) -> list[SignalClass]:
        """The signal classes that there are under what is supposed."""
        rule = self._policy.priority.multi_open
        moment = self._moments[0]
        return [one for one in SignalClass if self._supposed.signal(one, moment, rule) is not None]

    def snapshot(self, facts: AccountFacts) -> Snapshot:
        """The facts of a decision about somebody of this account."""
        mine = set(facts.territories)
        groups = [*mine, *self._queues]
        found = replace(
            self._team,
            account=facts.account,
            deals=facts.deals,
            holdings=facts.holdings,
            territories=tuple(one for one in self._team.territories if one.id in mine),
            group_members=tuple(row for one in groups for row in self._of_group.get(one, ())),
        )
        return self._supposed.within(found)

    def _days(
        self,
        snapshot: Snapshot,
        signal_class: SignalClass,
        known: Known,
    ) -> tuple[Recipient | None, ...]:
        """One recipient a day. ``known`` keeps the answers of this group, which share rules."""
        if self._depends_on_time:
            assigned = [self._assigned(snapshot, signal_class, one) for one in self._moments]
            return tuple(
                self._told(snapshot, one, signal_class, moment)
                for one, moment in zip(assigned, self._moments, strict=True)
            )
        # The rule and the assignee are those of the first day; only who can be asked differs.
        one = self._assigned(snapshot, signal_class, self._moments[0])
        key = (one, signal_class if self._silences else None)
        if key not in known:
            known[key] = tuple(
                self._told(snapshot, one, signal_class, moment) for moment in self._moments
            )
        return known[key]

    def _assigned(
        self, snapshot: Snapshot, signal_class: SignalClass, moment: datetime
    ) -> _Assigned | None:
        """Whom the rules assign; None for a signal that disturbs nobody."""
        signal = self._supposed.signal(signal_class, moment, self._policy.priority.multi_open)
        if (
            signal is None
            or signal.sentiment is Sentiment.AUTOMATIC
            or signal.kind in RESPONSE_KINDS
        ):
            return None
        where = standing(snapshot, self._policy)
        case = Case(signal, signal_class, snapshot, where, self._policy, moment)
        if any(not failing(rule.when, case) for rule in self._policy.suppress):
            return None
        found, search = assign(case)
        holder = search.holder
        return _Assigned(
            person_id=holder.person.id if holder else None,
            route=found.route.name,
            ladder=self._policy.ladder_name(found.route, signal_class),
            why=holder.because if holder else "; ".join(search.tried),
            role=holder.role if holder else "",
        )

    def _told(
        self,
        snapshot: Snapshot,
        assigned: _Assigned | None,
        signal_class: SignalClass,
        moment: datetime,
    ) -> Recipient | None:
        """Who is told; None where nobody is: by suppression, or by the rep's own choice."""
        if assigned is None:
            return None
        person = snapshot.people.get(assigned.person_id) if assigned.person_id else None
        steps = self._steps(snapshot, person, assigned.ladder, moment)
        if self._silences:
            wish, _ = interruption(signal_class, steps[0], snapshot, self._policy)
            if wish == "silent":
                return None
        recipient = _recipient(steps, person, assigned)
        return recipient if person is None else self._with_backup(recipient, person, snapshot)

    def _with_backup(self, told: Recipient, person: Person, snapshot: Snapshot) -> Recipient:
        row = named_account(snapshot, self._policy)
        theirs = row if row is not None and row.rep == person.email else None
        own = theirs.backup if theirs is not None else None
        covered = bool(own or person.email in self._policy.backups or person.backup_id)
        known = self._policy.named_by_key
        named = known[theirs.account.lower()][0] if theirs is not None else None
        return replace(told, covered=covered, named=named)

    def _steps(
        self, snapshot: Snapshot, person: Person | None, ladder: str, moment: datetime
    ) -> tuple[Step, ...]:
        named = named_account(snapshot, self._policy)
        row = (named.rep, named.backup) if named is not None else None
        key = (person.id if person else None, row, ladder, moment)
        if key not in self._rungs:
            circle = self._circle(person, row, snapshot)
            self._rungs[key] = build_ladder(person, circle, self._policy, moment, ladder=ladder)[0]
        return self._rungs[key]

    def _circle(
        self, person: Person | None, row: tuple[str, str | None] | None, snapshot: Snapshot
    ) -> Snapshot:
        """The facts about those alone whom the rungs of this assignee can reach."""
        key = (person.id if person else "", row)
        if key not in self._circles:
            people = _reachable(person, row, self._team, self._policy)
            self._circles[key] = replace(
                self._team,
                account=snapshot.account,
                people=people,
                out_of_office=tuple(
                    one for one in self._team.out_of_office if one.person_id in people
                ),
                group_members=(),
                territories=(),
            )
        return self._circles[key]


def _reachable(
    person: Person | None, row: tuple[str, str | None] | None, team: Snapshot, policy: Policy
) -> Mapping[str, Person]:
    found: dict[str, Person] = {}
    waiting = [person] if person is not None else []
    for email in (*policy.places.admins, *(row or (None, None))):
        admin = team.by_email(email) if email else None
        waiting += [admin] if admin is not None else []
    while waiting:
        one = waiting.pop()
        if one.id in found:
            continue
        found[one.id] = one
        email = policy.backups.get(one.email)
        backup = team.by_email(email) if email else None
        waiting += [backup] if backup is not None else []
        related = (team.people.get(key) for key in (one.manager_id, one.backup_id) if key)
        waiting += [other for other in related if other is not None]
    return found


def _depends_on_time(policy: Policy) -> bool:
    """Whether the assignee may be another on another day: by turns, or by the hour."""
    targets = [target for route in policy.routes for target in route.to]
    rules = [one.when for one in policy.routes] + [one.when for one in policy.suppress]
    by_turns = any(one.startswith(("pool:", "queue:")) for one in targets)
    return by_turns or any(when.time is not None for when in rules)


def _recipient(steps: Sequence[Step], assignee: Person | None, by: _Assigned) -> Recipient:
    first, *rest = steps
    behind = [one for one in rest if one.kind is not RungKind.REMIND]
    return Recipient(
        kind=first.kind,
        name=first.name,
        address=first.place.address,
        person_id=first.person_id,
        then=tuple(one.name for one in behind),
        others=sum(one.kind in (*_PEOPLE, *_CHANNELS) for one in behind),
        assignee_id=assignee.id if assignee else None,
        assignee=assignee.name if assignee else "",
        route=by.route,
        why=by.why,
        role=by.role,
        behind=tuple(one.place.address for one in behind),
    )
