"""The calendars of people as the worker sees them.

A feed that cannot be read now keeps what it told last; the notes say since when.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.base import Check, MirrorObject, Page
from connectors.calendar.events import NoCalendarError, absences
from connectors.calendar.fetch import Feeds
from connectors.calendar.settings import CalendarSettings
from connectors.checking import probe
from connectors.errors import ConfigError, ConnectorError, TemporaryError
from routing.nouns import OutOfOffice, Person

OBJECT = "calendar"
_LOOSE = stat.S_IRWXG | stat.S_IRWXO
_MOST_BYTES = 5_000_000


class Calendars:
    """The reader. ``held`` gives the rows of this object that the mirror has."""

    name = "calendar"
    objects: Sequence[MirrorObject] = (
        MirrorObject(name=OBJECT, noun=OutOfOffice, full=True, every=300),
    )

    def __init__(
        self,
        settings: CalendarSettings,
        people: Callable[[], Sequence[Person]],
        held: Callable[[], Sequence[OutOfOffice]],
        zone_of: Callable[[Person], ZoneInfo],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._people = people
        self._held = held
        self._zone_of = zone_of
        self._now = now
        self._feeds = Feeds(settings)
        self._good: dict[str, datetime] = {}
        self.notes: list[str] = []

    @property
    def calls_here(self) -> int:
        """HTTP requests made so far by the calling thread."""
        return self._feeds.counter.here

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:  # noqa: ARG002
        """The absences of everybody who has a feed. Raises ConnectorError when no feed answers."""
        addresses = self._addresses()
        now = self._now()
        held: list[OutOfOffice] | None = None
        notes: list[str] = []
        asked = [one for one in self._people() if one.email.lower() in addresses]
        for person in asked:
            try:
                rows = self._absences(person, addresses, now)
                self._good[person.email] = now
            except ConnectorError as error:
                notes.append(self._note(person, error))
                held = list(self._held()) if held is None else held
                rows = [one for one in held if one.person_id == person.id and one.ends_at > now]
            yield Page(records=rows)
        self.notes[:] = notes
        if notes and len(notes) == len(asked):
            raise TemporaryError(f"no calendar can be read; {notes[0]}")
        yield Page(watermark=now.isoformat())

    def checks(self) -> Iterator[Check]:
        """A check of the file, and one of each feed that cannot be read."""
        return probe("absences calendar", self._look)

    def close(self) -> None:
        """Give back connections."""
        self._feeds.close()

    def _look(self) -> Iterator[Check]:
        addresses, name = self._addresses(), "absences calendar"
        people = self._people()
        strangers = sorted(addresses.keys() - {one.email.lower() for one in people})
        good = 0
        for person in people:
            if person.email.lower() not in addresses:
                continue
            try:
                self._absences(person, addresses, self._now())
                good += 1
            except ConnectorError as error:
                text = f"the calendar of {person.email} cannot be read: {error}"
                yield Check(name=f"{name} {person.email}", state="warn", text=text, mend=error.mend)
        if strangers:
            text = f"the CRM knows nobody with the e-mail {', '.join(strangers)}"
            mend = f"correct or remove these lines of {self._settings.file}"
            yield Check(name=f"{name} people", state="warn", text=text, mend=mend)
        yield Check(name=name, state="ok", text=f"{good} of {len(addresses)} calendars are read")

    def _absences(
        self, person: Person, addresses: Mapping[str, str], now: datetime
    ) -> list[OutOfOffice]:
        text = self._feeds.get(addresses[person.email.lower()])
        zone, settings = self._zone_of(person), self._settings
        try:
            return absences(text, person.id, zone, settings.away_pattern, now, settings.days)
        except NoCalendarError as error:
            mend = "copy the address that ends in .ics, not that of the page"
            raise ConfigError(str(error), mend=mend) from error

    def _note(self, person: Person, error: ConnectorError) -> str:
        good = self._good.get(person.email)
        since = f"what it said at {good:%Y-%m-%d %H:%M} UTC" if good else "what it said before"
        return f"the calendar of {person.email} cannot be read, {since} counts: {error}"

    def _addresses(self) -> dict[str, str]:
        """E-mail in lower case → address. Raises ConfigError, which names lines and no address."""
        path = self._settings.file
        if path is None:
            return {}
        try:
            return _parsed(path)
        except OSError as error:
            what = f"{path} cannot be read: {error.strerror}"
            raise ConfigError(what, mend="correct calendars.file, or its permissions") from error


def _parsed(path: Path) -> dict[str, str]:
    if path.stat().st_mode & _LOOSE:
        raise ConfigError(f"{path} may be read by others", mend=f"chmod 600 {path}")
    with path.open("rb") as stream:
        lines = stream.read(_MOST_BYTES).decode("utf-8", "replace").splitlines()
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        email, colon, address = text.partition(":")
        email, address = email.strip(" \"'").lower(), address.strip().strip("\"'")
        if not colon or "@" not in email or "://" not in address:
            mend = "write ann@example.com: https://…"
            raise ConfigError(f"{path}:{number} is no line E-MAIL: ADDRESS", mend=mend)
        if email in found:
            raise ConfigError(f"{path}:{number} names {email} again", mend="remove one line")
        found[email] = address
    return found
