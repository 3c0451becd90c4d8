"""Calendars that are published as feeds: an address a person, in a file of its own."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from connectors.base import Check
from connectors.calendar.events import NoCalendarError, absences
from connectors.calendar.fetch import Feeds
from connectors.calendar.reader import CalendarReader, Team
from connectors.calendar.settings import CalendarSettings
from connectors.errors import ConfigError
from routing.nouns import OutOfOffice, Person

OBJECT = "calendar"
_LOOSE = stat.S_IRWXG | stat.S_IRWXO
_MOST_BYTES = 5_000_000


class FeedCalendars(CalendarReader):
    """The reader of feeds."""

    one_host = False

    def __init__(self, settings: CalendarSettings, team: Team) -> None:
        super().__init__(OBJECT, team)
        self._settings = settings
        self._feeds = Feeds(settings, self.counter)
        self._addresses: dict[str, str] = {}

    def asked(self) -> Sequence[Person]:
        """Everybody whom the file names. Raises ConfigError about the file."""
        self._addresses = self._read_file()
        return [one for one in self._team.people() if one.email.lower() in self._addresses]

    def absences(self, person: Person, now: datetime) -> list[OutOfOffice]:
        """As the base says."""
        text = self._feeds.get(self._addresses[person.email.lower()])
        zone, settings = self._team.zone_of(person), self._settings
        try:
            return absences(text, person, zone, settings.away_pattern, now, settings.days)
        except NoCalendarError as error:
            mend = "copy the address that ends in .ics, not that of the page"
            raise ConfigError(str(error), mend=mend) from error

    def strangers(self) -> Iterator[Check]:
        """As the base says."""
        known = {one.email.lower() for one in self._team.people()}
        unknown = sorted(self._addresses.keys() - known)
        if unknown:
            text = f"the CRM knows nobody with the e-mail {', '.join(unknown)}"
            mend = f"correct or remove these lines of {self._settings.file}"
            yield Check(name=f"{self._title} people", state="warn", text=text, mend=mend)

    def close(self) -> None:
        """Give back connections."""
        self._feeds.close()

    def _read_file(self) -> dict[str, str]:
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
