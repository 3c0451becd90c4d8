"""What the calendars of people have in common, however they are read.

Each person's calendar is read by itself. One that cannot be read now keeps what it told last, and
that person alone is not surely available; the notes say why and since when.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from connectors.base import Check, MirrorObject, Page
from connectors.checking import probe
from connectors.errors import AuthError, ConnectorError, LimitError, TemporaryError
from connectors.http import CallCounter
from routing.nouns import OutOfOffice, Person

EVERYBODY = "*"
"""Stands for whoever is not named, as ``Page.people`` has it."""
_AT_ONCE = 4
"""Calendars that are read at the same time."""
_EVERY = 300
_IN_VAIN = 3 * _AT_ONCE
"""Calendars of one host that do not answer one after the other, or are refused while none is
read, before the rest is left for the next read."""
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """What a reader asks of the worker. ``held`` gives the rows of an object in the mirror."""

    people: Callable[[], Sequence[Person]]
    held: Callable[[str], Sequence[OutOfOffice]]
    zone_of: Callable[[Person], ZoneInfo]
    now: Callable[[], datetime]


class CalendarReader(ABC):
    """An absence reader of one kind of calendars; its one object is named like the reader."""

    everybody = False
    """Whether everybody ought to have such a calendar."""
    one_host = True
    """Whether all calendars are at one host, so that its refusals concern them all."""

    def __init__(self, name: str, team: Team) -> None:
        self.name = name
        self.objects: Sequence[MirrorObject] = (
            MirrorObject(name=name, noun=OutOfOffice, full=True, every=_EVERY, by_person=True),
        )
        self.notes: list[str] = []
        self.counter = CallCounter()
        self._team = team
        self._good: dict[str, datetime] = {}
        self._tried: dict[str, datetime] = {}
        self._barred: LimitError | None = None
        self._barred_until = _LONG_AGO

    @property
    def calls_here(self) -> int:
        """HTTP requests made so far by the calling thread."""
        return self.counter.here

    @abstractmethod
    def asked(self) -> Sequence[Person]:
        """Those whose calendars are to be read. Raises ConnectorError."""

    @abstractmethod
    def absences(self, person: Person, now: datetime) -> list[OutOfOffice]:
        """The absences of one of them. Raises ConnectorError, and AuthError or LimitError for
        what concerns the calendars of all."""

    def exempt(self) -> Sequence[Person]:
        """Those who have no such calendar, where everybody else has; there is nothing to read."""
        return ()

    @abstractmethod
    def strangers(self) -> Iterator[Check]:
        """A check of whom the settings name and the CRM does not know."""

    @abstractmethod
    def close(self) -> None:
        """Give back connections."""

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:  # noqa: ARG002
        """The absences of everybody asked. Raises ConnectorError when no calendar was read."""
        now = self._team.now()
        if self.everybody:
            without = {one.id: True for one in self.exempt()}
            yield Page(people={EVERYBODY: False, **without})
        # Those who waited the longest come first, as a limit may end this read, too.
        asked = sorted(self.asked(), key=lambda one: self._tried.get(one.id, _LONG_AGO))
        held: dict[str, list[OutOfOffice]] | None = None
        failures: list[tuple[Person, ConnectorError]] = []
        for person, found in self._each(asked, now):
            if isinstance(found, ConnectorError):
                failures.append((person, found))
                held = self._held(name, now) if held is None else held
                yield Page(records=held.get(person.id, ()), people={person.id: False})
            else:
                self._good[person.id] = now
                yield Page(records=found, people={person.id: True})
        self.notes[:] = self._told(failures)
        if failures and len(failures) == len(asked):
            raise _as_a_whole(failures[0][1], self.notes[0])
        yield Page(watermark=now.isoformat())

    def checks(self) -> Iterator[Check]:
        """How many calendars are read, and one of each that cannot be."""
        return probe(self._title, self._look)

    @property
    def _title(self) -> str:
        return f"absences {self.name.replace('_', ' ')}"

    def _look(self) -> Iterator[Check]:
        asked = self.asked()
        good = 0
        for person, found in self._each(asked, self._team.now()):
            if isinstance(found, AuthError | LimitError) and self.one_host:
                yield Check(name=self._title, state="fail", text=str(found), mend=found.mend)
                return
            if isinstance(found, ConnectorError):
                name = f"{self._title} {person.email}"
                text = f"the calendar of {person.email} cannot be read: {found}"
                yield Check(name=name, state="warn", text=text, mend=found.mend)
            else:
                good += 1
        yield from self.strangers()
        text = f"{good} of {len(asked)} calendars are read"
        yield Check(name=self._title, state="ok", text=text)

    def _each(
        self, asked: Sequence[Person], now: datetime
    ) -> Iterator[tuple[Person, list[OutOfOffice] | ConnectorError]]:
        """Each person's absences, or why they cannot be had."""
        ended: ConnectorError | None = None
        good = in_vain = 0

        def one(person: Person) -> list[OutOfOffice] | ConnectorError:
            try:
                return self.absences(person, now)
            except ConnectorError as error:
                return error

        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix=self.name) as pool:
            for start in range(0, len(asked), _AT_ONCE):
                some = asked[start : start + _AT_ONCE]
                ended = ended or self._bar(now)
                if ended is not None:
                    yield from ((person, ended) for person in some)
                    continue
                for person, found in zip(some, pool.map(one, some), strict=True):
                    if not isinstance(found, LimitError):
                        self._tried[person.id] = now
                    failed = isinstance(found, ConnectorError)
                    good += not failed
                    in_vain = in_vain + 1 if failed else 0
                    hopeless = in_vain >= _IN_VAIN and (
                        not good or isinstance(found, TemporaryError)
                    )
                    ended = ended or self._end(found, now, hopeless=hopeless)
                    yield person, found

    def _bar(self, now: datetime) -> LimitError | None:
        """The limit that is not over yet."""
        return self._barred if now < self._barred_until else None

    def _end(self, found: object, now: datetime, *, hopeless: bool) -> ConnectorError | None:
        """What shows that it is no use to ask for the others now."""
        if not self.one_host or not isinstance(found, ConnectorError):
            return None
        if isinstance(found, LimitError):
            self._barred = found
            self._barred_until = now + timedelta(seconds=found.retry_after or 0)
        return found if hopeless or isinstance(found, AuthError | LimitError) else None

    def _held(self, name: str, now: datetime) -> dict[str, list[OutOfOffice]]:
        found: dict[str, list[OutOfOffice]] = {}
        for row in self._team.held(name):
            if row.ends_at > now:
                found.setdefault(row.person_id, []).append(row)
        return found

    def _told(self, failures: Sequence[tuple[Person, ConnectorError]]) -> list[str]:
        notes = []
        for person, error in failures:
            good = self._good.get(person.id)
            since = f"what it said at {good:%Y-%m-%d %H:%M} UTC" if good else "what it said before"
            notes.append(f"the calendar of {person.email} cannot be read, {since} counts: {error}")
        return notes


def _as_a_whole(error: ConnectorError, note: str) -> ConnectorError:
    """That no calendar can be read; of the kind of the first refusal, where that concerns all."""
    text = f"no calendar can be read; {note}"
    if isinstance(error, LimitError):
        return LimitError(text, retry_after=error.retry_after, mend=error.mend)
    kind = AuthError if isinstance(error, AuthError) else TemporaryError
    return kind(text, mend=error.mend)
