"""A team's own sentences about its policy, each held against every account that it is about.

“A customer never reaches a BDR” is a stage, a word and a role. Accounts that no rule can tell
apart are asked about once, as for the proof of coverage.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from routing.conditions import When
from routing.coverage import AccountFacts, Asked, Group, Recipient
from routing.holds import Case, failing, on_list
from routing.made_up import invented, without
from routing.policy import NamedAccount, Policy, SignalClass, StageClass
from routing.roles import find_assignee, named_account
from routing.sentence_parts import Given, Reach, Sentence
from routing.sentence_parts import Sentences as Sentences
from routing.snapshot import Snapshot
from routing.stages import standing
from routing.supposing import Supposed, signal_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A case in which a sentence does not hold."""

    account: str
    account_id: str
    stage: StageClass
    signal: SignalClass
    day: date
    recipient: str
    why: str
    supposing: str = ""
    """What was supposed of the signal and its prospect, in words."""


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What became of one sentence. ``accounts`` were looked at, ``failing`` of them fail."""

    sentence: Sentence
    accounts: int = 0
    failing: int = 0
    counterexample: Counterexample | None = None

    @property
    def ok(self) -> bool:
        """Whether it holds; one that is about nothing proves nothing."""
        return self.accounts > 0 and self.failing == 0


@dataclass(frozen=True, slots=True)
class _Known:
    """What was worked out for accounts that no rule can tell apart."""

    group: Group
    holders: dict[str, str]
    """By role, the address of whoever holds it."""
    named: NamedAccount | None


class Court:
    """Holds sentences against accounts. ``noons`` gives the moments of so many days from one."""

    def __init__(
        self,
        sentences: Sentences,
        team: Snapshot,
        policy: Policy,
        noons: Callable[[date | None, int], Sequence[datetime]],
    ) -> None:
        self._team = team
        self._policy = policy
        self._noons = noons
        self._roles = {role for one in sentences.tests for role in one.reach.role}
        self._asked: dict[Hashable, tuple[Asked, Sequence[datetime]]] = {}
        self._known: dict[tuple[Hashable, Hashable], _Known] = {}
        self._found: dict[tuple[Hashable, int], Counterexample | None] = {}
        self._now = noons(None, 1)[0]
        self._plain = Asked(team, policy, [self._now])
        self._present: dict[Hashable, StageClass] = {}
        self._choosing = [one.given.choosing for one in sentences.tests]
        self.verdicts = [Verdict(sentence=one) for one in sentences.tests]

    def hear(self, accounts: Iterable[AccountFacts], progress: Callable[[int], None]) -> None:
        """Hold every sentence against these accounts, and those that it makes up itself."""
        mirrored = [
            (number, one)
            for number, one in enumerate(self.verdicts)
            if one.sentence.given.made_up is None
        ]
        for count, facts in enumerate(accounts, start=1):
            key = self._plain.signature(facts)
            for number, verdict in mirrored:
                self._judge(number, verdict, facts, key)
            progress(count)
        for number, verdict in enumerate(self.verdicts):
            made_up = verdict.sentence.given.made_up
            if made_up is not None:
                facts = invented(made_up, self._team)
                self._judge(number, verdict, facts, ("made up", number))

    def _judge(self, number: int, verdict: Verdict, facts: AccountFacts, key: Hashable) -> None:
        given = verdict.sentence.given
        if not self._is_about(given, self._choosing[number], facts):
            return
        if (key, number) not in self._found:
            wrong = self._wrong(verdict.sentence, facts, key)
            self._found[(key, number)] = next(wrong, None)
        stages = _stages(given, self._stage(facts, key))
        verdict.accounts += bool(stages)
        found = self._found[(key, number)]
        if found is not None:
            verdict.failing += 1
            if verdict.counterexample is None:
                verdict.counterexample = replace(
                    found, account=facts.account.name, account_id=facts.account.id
                )

    def _is_about(self, given: Given, when: When, facts: AccountFacts) -> bool:
        if given.account is not None and not on_list(facts.account, given.account):
            return False
        if when.always:
            return True
        snapshot, now = self._plain.snapshot(facts), self._now
        where = standing(snapshot, self._policy)
        signal = signal_of(SignalClass.OPEN, now)
        case = Case(signal, SignalClass.OPEN, snapshot, where, self._policy, now)
        return not failing(when, case)

    def _wrong(
        self, sentence: Sentence, facts: AccountFacts, key: Hashable
    ) -> Iterator[Counterexample]:
        """The cases in which the sentence does not hold of such an account."""
        for supposed in sentence.given.supposed():
            known, moments = self._answers(sentence.given, supposed, facts, key)
            for case in self._cases(sentence, known, moments):
                if not self._holds(sentence, case[2], known):
                    yield self._counterexample(sentence.given, supposed, facts, *case)

    def _counterexample(
        self,
        given: Given,
        supposed: Supposed,
        facts: AccountFacts,
        stage: StageClass,
        signal: SignalClass,
        told: Recipient | None,
        moment: datetime,
    ) -> Counterexample:
        name = f"{told.name} ({told.address})" if told and told.name != told.address else ""
        local = moment.astimezone(ZoneInfo(self._policy.working_hours.time_zone))
        at = [f"at {local:%H:%M}"] if given.time is not None else []
        return Counterexample(
            account=facts.account.name,
            account_id=facts.account.id,
            stage=stage,
            signal=signal,
            day=local.date(),
            recipient=name or (told.address if told else "nobody"),
            why=f"route “{told.route}”: {told.why or 'no reason is given'}" if told else "",
            supposing=", ".join([*([str(supposed)] if str(supposed) else []), *at]),
        )

    def _stage(self, facts: AccountFacts, key: Hashable) -> StageClass:
        """The stage class that such an account is in now."""
        if key not in self._present:
            self._present[key] = standing(self._plain.snapshot(facts), self._policy).stage_class
        return self._present[key]

    def _answers(
        self, given: Given, supposed: Supposed, facts: AccountFacts, key: Hashable
    ) -> tuple[_Known, Sequence[datetime]]:
        world = (given.away, given.day, given.days, given.time, supposed)
        if world not in self._asked:
            moments = self._moments(given)
            team = without(given.away, self._team, self._policy, moments)
            self._asked[world] = (Asked(team, self._policy, moments, supposed), moments)
        asked, moments = self._asked[world]
        if (world, key) not in self._known:
            holders = self._holders(asked, supposed, facts)
            named = named_account(asked.snapshot(facts), self._policy)
            self._known[(world, key)] = _Known(asked.group(facts), holders, named)
        return self._known[(world, key)], moments

    def _moments(self, given: Given) -> Sequence[datetime]:
        """Noon of each day, or the times of day that are given."""
        noons = self._noons(given.day, given.days)
        if given.time is None:
            return noons
        zone = ZoneInfo(self._policy.working_hours.time_zone)
        days = [noon.astimezone(zone).date() for noon in noons]
        local = [datetime.combine(day, time, zone) for day in days for time in given.time]
        return [moment.astimezone(UTC) for moment in local]

    def _holders(self, asked: Asked, supposed: Supposed, facts: AccountFacts) -> dict[str, str]:
        snapshot, policy, now = asked.snapshot(facts), self._policy, self._now
        where = standing(snapshot, policy)
        signal = replace(signal_of(SignalClass.OPEN, now), sending_rep=supposed.sending_rep)
        found = {}
        for role in self._roles:
            holder = find_assignee((role,), signal, snapshot, where, policy, now).holder
            if holder is not None:
                found[role] = holder.person.email
        return found

    def _cases(
        self, sentence: Sentence, known: _Known, moments: Sequence[datetime]
    ) -> Iterator[tuple[StageClass, SignalClass, Recipient | None, datetime]]:
        stages = _stages(sentence.given, known.group.stage)
        signals = set(SignalClass) if sentence.given.signal == "any" else set(sentence.given.signal)
        for (stage, signal), told in known.group.told.items():
            if stage in stages and signal in signals:
                for moment, recipient in zip(moments, told, strict=True):
                    yield stage, signal, recipient, moment

    def _holds(self, sentence: Sentence, told: Recipient | None, known: _Known) -> bool:
        if told is None:  # suppressed: nobody is reached, and nobody was to be
            return True
        reached = {told.address, *(told.behind if sentence.reach.rung == "any" else ())}
        hit = bool(reached & self._meant(sentence.reach, told, known))
        return hit if sentence.always is not None else not hit

    def _meant(self, reach: Reach, told: Recipient, known: _Known) -> set[str]:
        """The addresses that the sentence names, in this case."""
        people = {*reach.person}
        people |= {known.holders[role] for role in reach.role if role in known.holders}
        assignee = self._team.people.get(told.assignee_id or "")
        if told.role in reach.role and assignee is not None:
            people.add(assignee.email)
        if reach.or_backup:
            people |= {one for person in tuple(people) for one in self._backups(person, known)}
        return people | set(reach.channel)

    def _backups(self, email: str, known: _Known) -> Iterator[str]:
        """Whoever may cover for a person: their backup, and that one's, as the ladder has it."""
        seen = {email}
        waiting = [email]
        while waiting:
            one = waiting.pop()
            person = self._team.by_email(one)
            written = self._policy.backups.get(one)
            mirrored = self._team.people.get(person.backup_id or "") if person else None
            named = known.named.backup if known.named and known.named.rep == one else None
            for other in (written, mirrored.email if mirrored and not written else None, named):
                if other and other not in seen:
                    seen.add(other)
                    waiting.append(other)
                    yield other


def _stages(given: Given, present: StageClass | None) -> set[StageClass]:
    wanted = set(StageClass) if given.stage in (None, "any") else set(given.stage or ())
    if given.stage is None or given.present:
        wanted &= {present} if present is not None else set()
    return {one for one in wanted if isinstance(one, StageClass)}
