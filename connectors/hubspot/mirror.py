"""The objects that are mirrored, and how each is read.

A watermark is a JSON text: the stamp up to which changes are known (ms), and when the recycling
bin and the open deals were last looked through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.base import MirrorObject, Page
from connectors.errors import ConfigError
from connectors.hubspot import evidence as proof
from connectors.hubspot import people, records
from connectors.hubspot.client import Client
from connectors.hubspot.errors import ScopeError
from connectors.hubspot.live import Live
from connectors.hubspot.notes import Notes
from connectors.hubspot.properties import Known
from connectors.hubspot.reading import Filter, Reader, Rows, grouped, stamp, where
from connectors.hubspot.records import Links
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.values import flag, from_ms, to_ms
from connectors.live import LivePart
from routing.nouns import (
    Account,
    Deal,
    DealContact,
    Evidence,
    MirrorRecord,
    OutOfOffice,
    Person,
    Prospect,
    Stage,
)

PROMPT = 45
"""Seconds; so that who owns what, and who is away, is known within a minute: see docs/decisions."""
OBJECTS = (
    MirrorObject(name="people", noun=Person, full=True, every=PROMPT),
    MirrorObject(name="out_of_office", noun=OutOfOffice, full=True, every=PROMPT),
    MirrorObject(name="stages", noun=Stage, full=True, every=600),
    MirrorObject(name="companies", noun=Account, every=PROMPT),
    MirrorObject(name="contacts", noun=Prospect, every=PROMPT),
    MirrorObject(name="deals", noun=Deal, every=PROMPT),
    MirrorObject(name="deal_contacts", noun=DealContact, full=True, every=300, budget=60),
    MirrorObject(name="closed_deal_contacts", noun=DealContact, every=300),
    MirrorObject(name="emails", noun=Evidence, every=60),
    MirrorObject(name="calls", noun=Evidence, every=60),
    MirrorObject(name="meetings", noun=Evidence, every=60),
    MirrorObject(name="tasks", noun=Evidence, every=60),
)
DONE = "done"
"""Watermark of a whole read; nobody needs to know more."""
_OPEN = where("hs_is_closed", "EQ", "false")
_CLOSED = where("hs_is_closed", "EQ", "true")
_COUNTED = ("companies", "contacts", "deals")
_DEAL_STAMPS = ("hs_is_closed", "hs_lastmodifieddate")
Convert = Callable[[Rows], Sequence[MirrorRecord]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A watermark. Times are epoch ms by HubSpot's clock (changes) and by ours (the others)."""

    changed: int
    archive: int
    open_deals: int = 0

    @staticmethod
    def read(text: str) -> Mark | None:
        """The watermark in a text; None when it is not one of ours."""
        try:
            found = json.loads(text)
            return Mark(int(found["changed"]), int(found["archive"]), int(found["open_deals"]))
        except (ValueError, LookupError, TypeError):
            return None

    def text(self) -> str:
        """As it is stored."""
        return json.dumps(
            {"changed": self.changed, "archive": self.archive, "open_deals": self.open_deals}
        )


class Mirror:
    """Reads the objects of one account, page by page."""

    def __init__(
        self,
        client: Client,
        settings: HubspotSettings,
        notes: Notes,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._settings = settings
        self._notes = notes
        self._now = now
        self._reader = Reader(client)
        self._known = Known(client, now)

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:
        """As ``connectors.base.Crm.read``."""
        mark = Mark.read(watermark) if watermark else None
        if name in proof.KINDS:
            return self._evidence(name, mark)
        whole = {
            "people": self._people,
            "out_of_office": self._out_of_office,
            "stages": self._stages,
            "deal_contacts": self._open_deal_contacts,
        }
        if name in whole:
            return whole[name]()
        if name == "closed_deal_contacts":
            return self._closed_deal_contacts(mark)
        return self._changing(name, mark)

    def live(self) -> Live:
        """What reads single records, with the same properties as the mirror."""

        def stages() -> LivePart:
            found = [one for page in self._stages() for one in page.records]
            return LivePart(name="stages", records=found)

        return Live(self._client, self._settings, self._now, self._shape, stages)

    def count(self, name: str) -> int | None:
        """How many records there are by the search index, which may lag by moments."""
        return self._reader.newest(name)[1] if name in _COUNTED else None

    def _ms(self) -> int:
        return to_ms(self._now())

    def _people(self) -> Iterator[Page]:
        users = self._users()
        for owners in people.read_owners(self._client):
            found = [people.person(one, users.of(one), self._settings) for one in owners]
            yield Page(records=found)
        yield Page(watermark=DONE)

    def _users(self) -> people.Users:
        """User records, or none with a note where the token may not read them."""
        topic = "users"
        try:
            users = people.read_users(self._reader, self._settings)
        except ScopeError as error:
            self._notes.say(
                topic, f"no out-of-office, time zones, managers or backups from HubSpot: {error}"
            )
            return people.Users()
        self._notes.drop(topic)
        return users

    def _out_of_office(self) -> Iterator[Page]:
        users = self._users()
        unreadable = 0
        for owners in people.read_owners(self._client) if users.by_email else ():
            found: list[OutOfOffice] = []
            for owner in owners:
                told = people.absences(str(owner["id"]), users.of(owner), self._now())
                found += told.found
                unreadable += told.unreadable
            yield Page(records=found)
        if unreadable:
            what = f"{unreadable} out-of-office entries of HubSpot users make no sense"
            self._notes.say("absences", what)
        else:
            self._notes.drop("absences")
        yield Page(watermark=DONE)

    def _stages(self) -> Iterator[Page]:
        api = self._client.reading.crm.pipelines.pipelines_api
        found = self._client.get("reading the deal pipelines", api.get_all, "deals")
        yield Page(records=records.stages(found.get("results") or []), watermark=DONE)

    def _changing(self, kind: str, mark: Mark | None) -> Iterator[Page]:
        properties, convert = self._shape(kind)
        fresh = mark is None
        now = self._ms()
        if mark is None:
            newest, total = self._reader.newest(kind)
            mark = Mark(self._held_back(newest or 0), archive=now, open_deals=now)
            for rows in self._reader.listing(kind, properties):
                yield self._page(rows, convert, total)
        else:
            start = mark.changed
            for rows in self._since(kind, properties, start):
                mark = self._moved(mark, kind, rows)
                yield self._page(rows, convert)
        if kind == "deals" and not fresh and self._due(mark.open_deals, now, self._open_every):
            for rows in self._reader.found_by(kind, properties, [_OPEN]):
                yield self._page(rows, convert)
            mark = replace(mark, open_deals=now)
        if fresh or self._due(mark.archive, now, self._settings.archive_minutes):
            yield from self._recycling_bin(kind)
            mark = replace(mark, archive=now)
        yield Page(watermark=mark.text())

    @property
    def _open_every(self) -> float:
        return self._settings.open_deal_minutes

    def _due(self, last: int, now: int, minutes: float) -> bool:
        return abs(now - last) >= minutes * 60_000

    def _page(self, rows: Rows, convert: Convert, total: int | None = None) -> Page:
        return Page(records=convert(rows), deleted=records.merged_away(rows), total=total)

    def _held_back(self, newest: int) -> int:
        return max(0, newest - round(self._settings.behind_seconds * 1000))

    def _moved(self, mark: Mark, kind: str, rows: Rows) -> Mark:
        newest = max((stamp(kind, row) for row in rows), default=0)
        return replace(mark, changed=max(mark.changed, self._held_back(newest)))

    def _since(
        self, kind: str, properties: Sequence[str], changed: int, *filters: Filter
    ) -> Iterator[Rows]:
        start = max(0, changed - round(self._settings.overlap_minutes * 60_000))
        return self._reader.changed(kind, properties, start, filters)

    def _recycling_bin(self, kind: str) -> Iterator[Page]:
        """Archiving does not move the stamp of a record, so changes do not tell of it.

        Nor of what was merged into a record that was archived before it was read again.
        """
        for rows in self._reader.listing(kind, (records.MERGED,), archived=True):
            gone = [str(row["id"]) for row in rows]
            yield Page(deleted=[*gone, *records.merged_away(rows)])

    def _shape(self, kind: str) -> tuple[Sequence[str], Convert]:
        if kind == "companies":
            fields = self._account_fields()
            return (
                [*records.COMPANY, *fields],
                lambda rows: [records.account(row, fields) for row in rows],
            )
        if kind == "contacts":
            return records.CONTACT, lambda rows: [records.prospect(row) for row in rows]
        if kind == "deals":
            return records.DEAL, self._deals
        raise ConfigError(f"HubSpot has no object {kind!r} to mirror")

    def _account_fields(self) -> list[str]:
        """The configured fields that exist; a note names the others."""
        wanted = self._settings.account_fields
        known = self._known.names("companies") if wanted else frozenset()
        missing = [name for name in wanted if name not in known]
        if missing:
            named = ", ".join(missing)
            self._notes.say("companies", f"companies have no property {named}: roles stay empty")
        else:
            self._notes.drop("companies")
        return [name for name in wanted if name in known]

    def _deals(self, rows: Rows) -> Sequence[Deal]:
        companies = self._links("deals", "companies")([str(row["id"]) for row in rows])
        return [records.deal(row, companies) for row in rows]

    def _links(self, kind: str, to: str) -> Callable[[list[str]], Links]:
        return lambda ids: self._reader.associated(kind, ids, to) if ids else {}

    def _participants(self, rows: Rows) -> list[DealContact]:
        contacts = self._links("deals", "contacts")([str(row["id"]) for row in rows])
        return [one for row in rows for one in records.deal_contacts(row, contacts)]

    def _open_deal_contacts(self) -> Iterator[Page]:
        """Whole each time: a new or lost participant does not move the deal's stamp."""
        for rows in grouped(self._reader.found_by("deals", _DEAL_STAMPS, [_OPEN])):
            yield Page(records=self._participants(rows))
        yield Page(watermark=DONE)

    def _closed_deal_contacts(self, mark: Mark | None) -> Iterator[Page]:
        if mark is None:
            newest, _ = self._reader.newest("deals", [_CLOSED])
            mark = Mark(self._held_back(newest or 0), archive=0)
            for rows in grouped(self._reader.listing("deals", _DEAL_STAMPS)):
                closed = [row for row in rows if flag(row, "hs_is_closed")]
                yield Page(records=self._participants(closed))
        else:
            for rows in self._since("deals", _DEAL_STAMPS, mark.changed, _CLOSED):
                mark = self._moved(mark, "deals", rows)
                yield Page(records=self._participants(rows))
        yield Page(watermark=mark.text())

    def _evidence(self, name: str, mark: Mark | None) -> Iterator[Page]:
        properties = (*proof.EVERY, *proof.KINDS[name].properties)
        earliest = to_ms(self._now() - timedelta(days=self._settings.evidence_days))
        since = from_ms(earliest) if mark is None else None
        mark = mark or Mark(max(0, earliest), archive=0)
        try:
            for rows in self._since(name, properties, mark.changed):
                mark = self._moved(mark, name, rows)
                found = proof.evidence(name, rows, self._links(name, "contacts"))
                yield Page(records=found)
        except ScopeError as error:
            self._notes.say(name, f"no responses are seen from HubSpot {name}: {error}")
            yield Page(watermark=mark.text(), since=self._now())
            return
        self._notes.drop(name)
        yield Page(watermark=mark.text(), since=since)
