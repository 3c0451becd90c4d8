"""A team's own sentences about its policy, each held against every account that it is about.

“A customer never reaches a BDR” is a stage, a word and a role. Accounts that no rule can tell
apart are asked about once, as for the proof of coverage.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from routing.conditions import Emails, FieldRef, Texts
from routing.coverage import AccountFacts, Asked, Group, Recipient, signal_of
from routing.holds import on_list
from routing.nouns import Account, OutOfOffice
from routing.policy import Policy, SignalClass, StageClass
from routing.roles import find_assignee, named_account
from routing.snapshot import Snapshot
from routing.stages import standing
from routing.terms import SOME, Channel, Email, Strict, Whole, listed

_SOME_DAYS = 92
Signals = Annotated[tuple[SignalClass, ...], BeforeValidator(listed), *SOME]
Stages = Annotated[tuple[StageClass, ...], BeforeValidator(listed), *SOME]


class MadeUp(Strict):
    """An account that is invented for one sentence. Values that are e-mails stand for people."""

    name: str = "An invented account"
    domain: str = ""
    owner: Email | None = None
    kind: str = ""
    fields: dict[str, str] = Field(default_factory=dict)


class Given(Strict):
    """What a sentence is about: each condition that is written must hold."""

    stage: Stages | Literal["any"] | None = Field(
        None, description="As if accounts were in it; left out: the stage that each is in now."
    )
    present: bool = Field(False, description="Only accounts that are in the stage now.")
    signal: Signals | Literal["any"] = "any"
    account: Texts | None = Field(None, description="Names, domains or ids of accounts.")
    account_list: Texts | None = None
    account_kind: Texts | None = None
    field: dict[FieldRef, Texts] | None = Field(None, description="Account fields: account.NAME.")
    named_account: bool | None = None
    made_up: MadeUp | None = Field(None, description="An invented account, and none of the mirror.")
    away: Annotated[tuple[Email, ...], BeforeValidator(listed)] = ()
    day: date | None = Field(None, description="Today, when left out.")
    days: Whole = Field(1, ge=1, le=_SOME_DAYS, description="So many days from then.")

    @model_validator(mode="after")
    def _of_accounts(self) -> Self:
        other = next((one for one in self.field or {} if not one.startswith("account.")), None)
        if other is not None:
            raise ValueError(f"field: {other} is no account's; write account.NAME")
        if self.present and self.stage is None:
            raise ValueError("present: no stage is named; name one, or leave present out")
        return self


class Reach(Strict):
    """Whom a sentence names; several are alternatives."""

    role: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    person: Annotated[tuple[Email, ...], BeforeValidator(listed)] = ()
    channel: Annotated[tuple[Channel, ...], BeforeValidator(listed)] = ()
    or_backup: bool = Field(False, description="Or whoever covers for them.")
    rung: Literal["first", "any"] = Field("first", description="Told first, or on any rung.")

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not (self.role or self.person or self.channel):
            raise ValueError("role: nobody is named; name a role, person or channel")
        return self


class Sentence(Strict):
    """One test: what is said, of what, and whom it never or always reaches."""

    say: str = Field(min_length=1)
    given: Given = Given()
    never: Reach | None = None
    always: Reach | None = None

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        if (self.never is None) is (self.always is None):
            raise ValueError("never: write never or always, and not both")
        return self

    @property
    def reach(self) -> Reach:
        """Whom it is about."""
        found = self.always or self.never
        assert found is not None  # noqa: S101 - held by the validator
        return found


class Sentences(Strict):
    """The file."""

    tests: Annotated[tuple[Sentence, ...], *SOME]


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
        self._plain = Asked(team, policy, noons(None, 1))
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
                facts = AccountFacts(account=_invented(made_up, self._team))
                self._judge(number, verdict, facts, ("made up", number))

    def _judge(self, number: int, verdict: Verdict, facts: AccountFacts, key: Hashable) -> None:
        if not _is_about(verdict.sentence.given, facts.account, self._policy):
            return
        known, moments = self._answers(verdict.sentence.given, facts, key)
        if (key, number) not in self._found:
            cases = self._cases(verdict.sentence, known, moments)
            wrong = (case for case in cases if not self._holds(verdict.sentence, case[2], known))
            self._found[(key, number)] = next((_told(facts, *case) for case in wrong), None)
        stages = _stages(verdict.sentence.given, known.group)
        verdict.accounts += bool(stages)
        found = self._found[(key, number)]
        if found is not None:
            verdict.failing += 1
            if verdict.counterexample is None:
                verdict.counterexample = replace(
                    found, account=facts.account.name, account_id=facts.account.id
                )

    def _answers(
        self, given: Given, facts: AccountFacts, key: Hashable
    ) -> tuple[_Known, Sequence[datetime]]:
        world = (given.away, given.day, given.days)
        if world not in self._asked:
            moments = self._noons(given.day, given.days)
            team = _without(given.away, self._team, self._policy, moments)
            self._asked[world] = (Asked(team, self._policy, moments), moments)
        asked, moments = self._asked[world]
        if (world, key) not in self._known:
            self._known[(world, key)] = _Known(asked.group(facts), self._holders(asked, facts))
        return self._known[(world, key)], moments

    def _holders(self, asked: Asked, facts: AccountFacts) -> dict[str, str]:
        snapshot, policy, now = asked.snapshot(facts), self._policy, self._noons(None, 1)[0]
        where, signal = standing(snapshot, policy), signal_of(SignalClass.OPEN, now)
        found = {}
        for role in self._roles:
            holder = find_assignee((role,), signal, snapshot, where, policy, now).holder
            if holder is not None:
                found[role] = holder.person.email
        return found

    def _cases(
        self, sentence: Sentence, known: _Known, moments: Sequence[datetime]
    ) -> Iterator[tuple[StageClass, SignalClass, Recipient | None, date]]:
        stages = _stages(sentence.given, known.group)
        signals = set(SignalClass) if sentence.given.signal == "any" else set(sentence.given.signal)
        for (stage, signal), told in known.group.told.items():
            if stage in stages and signal in signals:
                for moment, recipient in zip(moments, told, strict=True):
                    yield stage, signal, recipient, moment.date()

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
            people |= {one for person in tuple(people) for one in self._backups(person)}
        return people | set(reach.channel)

    def _backups(self, email: str) -> Iterator[str]:
        """Whoever may cover for a person: their backup, and that one's, as the ladder has it."""
        seen = {email}
        waiting = [email]
        while waiting:
            one = waiting.pop()
            person = self._team.by_email(one)
            written = self._policy.backups.get(one)
            mirrored = self._team.people.get(person.backup_id or "") if person else None
            named = [row.backup for row in self._policy.named_accounts if row.rep == one]
            for other in (written, mirrored.email if mirrored and not written else None, *named):
                if other and other not in seen:
                    seen.add(other)
                    waiting.append(other)
                    yield other


def _stages(given: Given, group: Group) -> set[StageClass]:
    wanted = set(StageClass) if given.stage in (None, "any") else set(given.stage or ())
    if given.stage is None or given.present:
        wanted &= {group.stage} if group.stage is not None else set()
    return {one for one in wanted if isinstance(one, StageClass)}


def _is_about(given: Given, account: Account, policy: Policy) -> bool:
    if given.account is not None and not on_list(account, given.account):
        return False
    if given.account_list is not None and not any(
        on_list(account, policy.account_lists.get(name, ())) for name in given.account_list
    ):
        return False
    if given.account_kind is not None and not _fits(account.kind, given.account_kind):
        return False
    if given.named_account is not None:
        named = named_account(Snapshot(account=account), policy) is not None
        if named is not given.named_account:
            return False
    return all(
        _fits(account.fields.get(name.removeprefix("account."), ""), wanted)
        for name, wanted in (given.field or {}).items()
    )


def _fits(value: str, wanted: Sequence[str]) -> bool:
    return bool(value) and any(fnmatchcase(value.casefold(), one.casefold()) for one in wanted)


def _invented(made_up: MadeUp, team: Snapshot) -> Account:
    def person(text: str) -> str:
        found = team.by_email(text) if "@" in text else None
        return found.id if found is not None else text

    return Account(
        id="made-up",
        name=made_up.name,
        domain=made_up.domain,
        owner_id=person(made_up.owner) if made_up.owner else None,
        kind=made_up.kind,
        fields={name: person(value) for name, value in made_up.fields.items()},
    )


def _without(
    away: Emails | tuple[str, ...], team: Snapshot, policy: Policy, moments: Sequence[datetime]
) -> Snapshot:
    """The team with these people away on every one of the days."""
    source = next((one for one in policy.availability.precedence if one != "holiday"), "manual")
    people = (team.by_email(email) for email in away)
    rows = tuple(
        OutOfOffice(
            id=f"supposed-{person.id}",
            person_id=person.id,
            starts_at=min(moments) - timedelta(days=1),
            ends_at=max(moments) + timedelta(days=1),
            source=source,
        )
        for person in people
        if person is not None
    )
    gone = {row.person_id for row in rows}
    kept = (row for row in team.out_of_office if not (row.available and row.person_id in gone))
    return replace(team, out_of_office=(*kept, *rows))


def _told(
    facts: AccountFacts, stage: StageClass, signal: SignalClass, told: Recipient | None, day: date
) -> Counterexample:
    name = f"{told.name} ({told.address})" if told and told.name != told.address else ""
    return Counterexample(
        account=facts.account.name,
        account_id=facts.account.id,
        stage=stage,
        signal=signal,
        day=day,
        recipient=name or (told.address if told else "nobody"),
        why=f"route “{told.route}”: {told.why or 'no reason is given'}" if told else "suppressed",
    )
