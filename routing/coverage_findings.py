"""Reads a proof of coverage: the holes, the thin spots, and the policy line that mends each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from routing.coverage import Coverage, Group, Recipient
from routing.nouns import Person
from routing.policy import Policy, RungKind, SignalClass, StageClass
from routing.snapshot import Snapshot

_SAMPLES = 5
_FEW = 2
Cell = tuple[StageClass, SignalClass]
Told = tuple[Recipient | None, ...]


class FindingKind(StrEnum):
    """What is found. A ``hole`` is a signal that would reach nobody but an admin."""

    HOLE = "hole"
    UNREACHABLE = "unreachable"
    AWAY_TOGETHER = "away_together"
    ROLE_AWAY = "role_away"
    ALONE = "alone"
    NO_BACKUP = "no_backup"


@dataclass(slots=True, kw_only=True)
class Finding:
    """One thing to mend. ``path`` is where in the policy; ``accounts`` counts each once."""

    kind: FindingKind
    text: str
    mend: str
    path: tuple[str | int, ...]
    accounts: int = 0
    samples: list[str] = field(default_factory=list)
    stages: set[StageClass] = field(default_factory=set)
    signals: set[SignalClass] = field(default_factory=set)
    days: set[date] = field(default_factory=set)

    @property
    def is_hole(self) -> bool:
        """Whether a signal could be lost on an admin."""
        return self.kind is FindingKind.HOLE


def findings(
    coverage: Coverage,
    team: Snapshot,
    policy: Policy,
    unreachable: Iterable[str] = (),
    *,
    present_only: bool = False,
) -> list[Finding]:
    """Every finding, holes first, then by how many accounts it is about.

    ``unreachable`` are e-mails that the surface knows nobody by. ``present_only`` looks at the
    stage alone that each account is in now.
    """
    made = _Findings(coverage, team, policy, frozenset(one.lower() for one in unreachable))
    for group in coverage.groups:
        made.look_at(group, present_only=present_only)
    found = [*made.found.values(), *made.roles_away()]
    order = list(FindingKind)
    return sorted(found, key=lambda one: (order.index(one.kind), -one.accounts, one.text))


class _Findings:
    def __init__(
        self, coverage: Coverage, team: Snapshot, policy: Policy, unreachable: frozenset[str]
    ) -> None:
        self._days = coverage.days
        self._team = team
        self._policy = policy
        self._unreachable = unreachable
        self.found: dict[tuple[FindingKind, str], Finding] = {}
        self._counted: dict[tuple[FindingKind, str], int] = {}
        self._routes: dict[str, dict[date, dict[str, bool]]] = defaultdict(
            lambda: defaultdict(dict)
        )

    def look_at(self, group: Group, *, present_only: bool) -> None:
        """Take one group of accounts into account."""
        # Stages and signals of one rule share their answer, which is looked at once.
        alike: dict[int, tuple[Told, list[Cell]]] = {}
        for cell, told in group.told.items():
            if not present_only or cell[0] is group.stage:
                alike.setdefault(id(told), (told, []))[1].append(cell)
        for told, cells in alike.values():
            for day, recipient in zip(self._days, told, strict=True):
                if recipient is not None:
                    self._note_route(recipient, day)
                    for finding in self._about(recipient):
                        self._add(finding, group, cells, day)

    def roles_away(self) -> Iterator[Finding]:
        """Days on which everybody whom a route assigns is passed over."""
        for route, days in sorted(self._routes.items()):
            gone = {day for day, who in days.items() if len(who) >= _FEW and not any(who.values())}
            if gone:
                yield Finding(
                    kind=FindingKind.ROLE_AWAY,
                    text=f"everybody whom the route “{route}” assigns is away at once",
                    mend="name a role or pool behind it in the route's to",
                    path=("routes",),
                    days=gone,
                )

    def _note_route(self, recipient: Recipient, day: date) -> None:
        if recipient.assignee_id is not None:
            who = self._routes[recipient.route][day]
            there = recipient.person_id == recipient.assignee_id
            who[recipient.assignee_id] = who.get(recipient.assignee_id, False) or there

    def _about(self, told: Recipient) -> Iterator[Finding]:
        if told.kind is RungKind.ADMIN:
            yield self._hole(told)
            return
        if told.address.lower() in self._unreachable:
            yield Finding(
                kind=FindingKind.UNREACHABLE,
                text=f"{told.name} cannot be told, as nobody there has the e-mail {told.address}",
                mend=f"invite them, or give the CRM user the e-mail used there ({told.address})",
                path=("surface",),
            )
        yield from self._thin(told)

    def _hole(self, told: Recipient) -> Finding:
        if told.assignee_id is None:
            text = f"the route “{told.route}” finds nobody, and no channel is there to claim in"
            mend = "let the route end in claim_channel, or name somebody behind the role"
            return Finding(kind=FindingKind.HOLE, text=text, mend=mend, path=("routes",))
        text = f"{told.assignee} is away and nobody covers, so that only {told.name} is told"
        return Finding(
            kind=FindingKind.HOLE, text=text, mend=self._backup_line(told), path=("backups",)
        )

    def _thin(self, told: Recipient) -> Iterator[Finding]:
        person = self._team.people.get(told.assignee_id or "")
        if person is None:
            return
        rungs = {rung.to for rung in self._policy.ladder}
        if told.person_id != person.id and told.kind is not RungKind.BACKUP:
            if RungKind.BACKUP in rungs and told.covered:
                text = f"{person.name} and everybody who covers for them are away together"
                mend = self._backup_line(told)
                yield Finding(
                    kind=FindingKind.AWAY_TOGETHER, text=text, mend=mend, path=("backups",)
                )
        elif told.person_id == person.id and told.others == 0:
            text = f"{person.name} is alone: when they are silent, only an admin is told"
            mend = f"{self._backup_line(told)}, or add a channel to the ladder"
            yield Finding(kind=FindingKind.ALONE, text=text, mend=mend, path=("ladder",))
        if RungKind.BACKUP in rungs and not told.covered:
            yield self._no_backup(told, person)

    def _no_backup(self, told: Recipient, person: Person) -> Finding:
        if told.named is None:
            text, mend = f"{person.name} has no backup", self._backup_line(told)
            return Finding(kind=FindingKind.NO_BACKUP, text=text, mend=mend, path=("backups",))
        account = self._policy.named_accounts[told.named].account
        return Finding(
            kind=FindingKind.NO_BACKUP,
            text=f"{person.name} has no backup for the named account {account}",
            mend="write “backup: SOMEBODY” into its line",
            path=("named_accounts", told.named),
        )

    def _backup_line(self, told: Recipient) -> str:
        person = self._team.people.get(told.assignee_id or "")
        email = person.email if person is not None else "REP"
        return f"write “{email}: SOMEBODY” into backups"

    def _add(self, finding: Finding, group: Group, cells: Sequence[Cell], day: date) -> None:
        key = (finding.kind, finding.text)
        kept = self.found.setdefault(key, finding)
        kept.stages.update(stage for stage, _ in cells)
        kept.signals.update(signal for _, signal in cells)
        kept.days.add(day)
        if self._counted.get(key) != id(group):
            self._counted[key] = id(group)
            kept.accounts += len(group.accounts)
            if len(kept.samples) < _SAMPLES:
                kept.samples.append(group.sample)


def heat(coverage: Coverage) -> Mapping[Cell, tuple[Mapping[RungKind, int], ...]]:
    """For the heat map: by stage and signal, how many accounts end on which rung, day by day."""
    counts: dict[Cell, tuple[Counter[RungKind], ...]] = {}
    for group in coverage.groups:
        for cell, told in group.told.items():
            row = counts.setdefault(cell, tuple(Counter() for _ in coverage.days))
            for day, recipient in zip(row, told, strict=True):
                if recipient is not None:
                    day[recipient.kind] += len(group.accounts)
    return counts
