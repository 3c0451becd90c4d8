"""Three hosts of calendars behind one face: feeds (ICS), Google Calendar, and Microsoft Graph.

What stands in a calendar is told by ``connectors.sandbox.diary``; each host says it in its words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.calendar.feeds import FeedCalendars
from connectors.calendar.google.reader import GoogleCalendars
from connectors.calendar.outlook.reader import OutlookCalendars
from connectors.calendar.reader import CalendarReader, Team
from connectors.calendar.settings import CalendarSettings
from connectors.http import HttpSettings
from connectors.sandbox.diary import Entry
from connectors.sandbox.google import GoogleSandbox
from connectors.sandbox.microsoft import MicrosoftSandbox
from connectors.sandbox.serving import Serving
from routing.nouns import OutOfOffice, Person

KINDS = ("ics", "google", "outlook")
ANN, BEN = "ann@team.example", "ben@team.example"
ZONES = {ANN: ZoneInfo("America/New_York"), BEN: ZoneInfo("Asia/Tokyo")}
NOW = datetime(2026, 10, 30, 12, 30, tzinfo=UTC)
HTTP = HttpSettings(connect_timeout=5, read_timeout=10)
OOF = "X-MICROSOFT-CDO-BUSYSTATUS:OOF"


@dataclass
class Desk:
    """One host with the calendars of Ann and Ben, and readers of it."""

    kind: str
    url: str
    folder: Path
    put: Callable[[str, Entry], None]
    break_one: Callable[[str], None]
    """Let one person's calendar answer no more."""
    host: Any
    people: list[Person] = field(
        default_factory=lambda: [Person(id=one, email=one, name=one) for one in (ANN, BEN)]
    )
    held: list[OutOfOffice] = field(default_factory=list)
    now: datetime = NOW
    readers: list[CalendarReader] = field(default_factory=list)

    def settings(self, **more: Any) -> dict[str, Any]:
        """The section ``calendars``; keyword arguments change the part of the host."""
        common = {"all_day_busy": more.pop("all_day_busy", False)} if self.kind != "ics" else {}
        if self.kind == "ics":
            path = self.folder / "feeds"
            path.touch(mode=0o600)
            path.write_text(
                "".join(f"{one.email}: {self.url}/{one.email}\n" for one in self.people)
            )
            return {"file": str(path), "allow_loopback": True, **more}
        if self.kind == "google":
            own = {"client_email": self.host.account.email, "token_url": f"{self.url}/token"}
            own |= {"api_url": f"{self.url}/calendar/v3"}
            return {"google": own | common | more}
        app = self.host.registration
        own = {"tenant": app.tenant, "client_id": app.client_id, "login_url": self.url}
        return {"outlook": own | {"api_url": f"{self.url}/v1.0"} | common | more}

    def env(self) -> dict[str, str]:
        """The secrets that a worker needs for it."""
        if self.kind == "google":
            return {"HOTLEAD_GOOGLE_PRIVATE_KEY": self.host.private_key}
        if self.kind == "outlook":
            return {"HOTLEAD_OUTLOOK_CLIENT_SECRET": self.host.registration.secret}
        return {}

    def reader(self, **more: Any) -> CalendarReader:
        """A reader of the host."""
        chosen = CalendarSettings.model_validate(self.settings(**more))
        team = Team(
            people=lambda: self.people,
            held=lambda _: self.held,
            zone_of=lambda person: ZONES.get(person.email, ZoneInfo("UTC")),
            now=lambda: self.now,
        )
        made: CalendarReader
        if chosen.google is not None:
            key = SecretStr(self.host.private_key)
            made = GoogleCalendars(chosen, chosen.google, key, HTTP, team)
        elif chosen.outlook is not None:
            secret = SecretStr(self.host.registration.secret)
            made = OutlookCalendars(chosen, chosen.outlook, secret, HTTP, team)
        else:
            made = FeedCalendars(chosen, team)
        self.readers.append(made)
        return made


def rows(reader: CalendarReader) -> list[OutOfOffice]:
    """What one whole read tells."""
    pages = list(reader.read(reader.name, None))
    assert pages[-1].watermark
    return [one for page in pages for one in page.records if isinstance(one, OutOfOffice)]


def people(reader: CalendarReader) -> dict[str, bool]:
    """Whose calendars a read tells to have been read, and whose not; it may break off."""
    from connectors.errors import ConnectorError

    found: dict[str, bool] = {}
    try:
        for page in reader.read(reader.name, None):
            found |= page.people
    except ConnectorError:
        pass
    return found


@contextmanager
def desk_of(kind: str, folder: Path) -> Iterator[Desk]:
    """A host of this kind that serves."""
    with ExitStack() as stack:
        made = {"ics": _feeds, "google": _google, "outlook": _outlook}[kind](folder, stack)
        yield made
        for one in made.readers:
            one.close()


def _google(folder: Path, stack: ExitStack) -> Desk:
    sandbox = GoogleSandbox()
    url = stack.enter_context(Serving(sandbox.app)).url
    for who in (ANN, BEN):
        sandbox.add_user(who, ZONES[who].key)

    def break_one(who: str) -> None:
        sandbox.users[who].calendar = False

    return Desk("google", url, folder, sandbox.put, break_one, sandbox)


def _outlook(folder: Path, stack: ExitStack) -> Desk:
    sandbox = MicrosoftSandbox()
    url = stack.enter_context(Serving(sandbox.app)).url
    for who in (ANN, BEN):
        sandbox.add_user(who, ZONES[who].key)

    def break_one(who: str) -> None:
        sandbox.boxes[who].enabled = False

    return Desk("outlook", url, folder, sandbox.put, break_one, sandbox)


def _feeds(folder: Path, stack: ExitStack) -> Desk:
    entries: dict[str, list[Entry]] = {ANN: [], BEN: []}
    broken: set[str] = set()

    async def serve(request: Request) -> Response:
        who = request.path_params["who"]
        if who in broken or who not in entries:
            return Response(status_code=404)
        return Response(_feed(entries[who], who), media_type="text/calendar")

    url = stack.enter_context(Serving(Starlette(routes=[Route("/{who}", serve)]))).url

    def put(who: str, entry: Entry) -> None:
        entries[who].append(entry)

    return Desk("ics", url, folder, put, broken.add, entries)


def _feed(entries: list[Entry], who: str) -> str:
    head = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//EN"]
    lines = [line for one in entries for line in _event(one, who)]
    return "\r\n".join([*head, *lines, "END:VCALENDAR", ""])


def _event(entry: Entry, who: str, of: Entry | None = None, at: Any = None) -> Iterator[str]:
    """An event as a feed has it, with the exceptions of a series behind it."""
    yield from ("BEGIN:VEVENT", f"UID:{(of or entry).id}", "DTSTAMP:20261001T000000Z")
    yield from (f"SUMMARY:{entry.title}", _when("DTSTART", entry.start, entry.zone))
    yield _when("DTEND", entry.end, entry.zone)
    if entry.shown == "oof":
        yield OOF
    if entry.shown == "free":
        yield "TRANSP:TRANSPARENT"
    if entry.private:
        yield "CLASS:PRIVATE"
    if entry.cancelled:
        yield "STATUS:CANCELLED"
    if entry.answer:
        told = {"none": "NEEDS-ACTION"}.get(entry.answer, entry.answer.upper())
        yield f"ATTENDEE;PARTSTAT={told}:mailto:{who}"
    if entry.weekly:
        yield f"RRULE:FREQ=WEEKLY;COUNT={entry.weekly}"
        yield from (_when("EXDATE", one, entry.zone) for one in entry.without)
    if of is not None:
        yield _when("RECURRENCE-ID", at, of.zone)
    yield "END:VEVENT"
    for begins, moved in entry.moved:
        yield from _event(moved, who, entry, begins)


def _when(name: str, value: date | datetime, zone: str) -> str:
    if isinstance(value, datetime):
        return f"{name};TZID={zone}:{value:%Y%m%dT%H%M%S}"
    return f"{name};VALUE=DATE:{value:%Y%m%d}"
