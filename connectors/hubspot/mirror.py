"""The objects that are mirrored, and how each is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from connectors.base import MirrorObject, Page
from connectors.errors import AuthError, ConfigError, PermanentError
from connectors.hubspot import evidence as proof
from connectors.hubspot import holdings, people, records
from connectors.hubspot.absence_fields import noted_absence
from connectors.hubspot.client import Client
from connectors.hubspot.definitions import Definitions
from connectors.hubspot.directory import Directory
from connectors.hubspot.errors import ScopeError
from connectors.hubspot.feeds import Convert, Feed, Feeds, off
from connectors.hubspot.fields import Chosen, Fields, Odd, wanted_fields
from connectors.hubspot.live import Live
from connectors.hubspot.notes import Notes
from connectors.hubspot.pipelines import Pipelines
from connectors.hubspot.reading import Reader, Rows, where
from connectors.hubspot.records import Links
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.values import Row, reference
from routing.mapping import Mapping as Mapped
from routing.nouns import (
    Account,
    Deal,
    DealContact,
    Evidence,
    GroupMember,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Stage,
)

PROMPT = 45
"""Seconds; so that who owns what, and who is away, is known within a minute: see docs/decisions."""
OBJECTS = (
    MirrorObject(name="people", noun=Person, full=True, every=PROMPT),
    MirrorObject(name="out_of_office", noun=OutOfOffice, full=True, every=PROMPT),
    MirrorObject(name="teams", noun=GroupMember, full=True, every=600),
    MirrorObject(name="stages", noun=Stage, full=True, every=600),
    MirrorObject(name="companies", noun=Account, every=PROMPT),
    MirrorObject(name="contacts", noun=Prospect, every=PROMPT),
    MirrorObject(name="leads", noun=Prospect, every=PROMPT),
    MirrorObject(name="deals", noun=Deal, every=PROMPT),
    MirrorObject(name="deal_contacts", noun=DealContact, every=60, budget=60),
    MirrorObject(name="deal_collaborators", noun=RoleHolding, every=60),
    MirrorObject(name="emails", noun=Evidence, every=60),
    MirrorObject(name="calls", noun=Evidence, every=60),
    MirrorObject(name="meetings", noun=Evidence, every=60),
    MirrorObject(name="communications", noun=Evidence, every=60),
    MirrorObject(name="tasks", noun=Evidence, every=60),
)
DONE = "done"
"""Watermark of a whole read; nobody needs to know more."""
_OPEN = (where("hs_is_closed", "EQ", "false"),)
_COUNTED = ("companies", "contacts", "deals")
_DEAL_STAMPS = (records.MERGED, "hs_lastmodifieddate")
_NO_USERS = "no out-of-office, time zones, managers or backups from HubSpot"


def objects_of(mapping: Mapped) -> tuple[MirrorObject, ...]:
    """What is mirrored, with the custom objects of the mapping."""
    return (*OBJECTS, *holdings.mirror_objects(mapping))


class Mirror:
    """Reads the objects of one account, page by page."""

    def __init__(
        self,
        client: Client,
        settings: HubspotSettings,
        notes: Notes,
        now: Callable[[], datetime],
        mapping: Mapped,
    ) -> None:
        self._settings = settings
        self._notes = notes
        self._now = now
        self._mapping = mapping
        self._reader = Reader(client)
        self._feeds = Feeds(client, self._reader, settings, now)
        self._known = Definitions(client, now)
        self._odd = Odd(notes)
        self._chosen = Chosen(self._known, notes, self._odd, wanted_fields(settings, mapping))
        every = timedelta(minutes=settings.archive_minutes)
        self._directory = Directory(client, self._reader, now, every)
        self._pipelines = Pipelines(client, now)
        self._holdings = holdings.holding_objects(mapping)

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:
        """As ``connectors.base.Crm.read``."""
        whole = {
            "people": self._people,
            "out_of_office": self._out_of_office,
            "teams": self._teams,
            "stages": self._stages,
        }
        feeds: dict[str, Callable[[], Feed]] = {
            "companies": self._companies,
            "contacts": self._contacts,
            "deals": self._deals,
            "deal_contacts": self._deal_contacts,
            "deal_collaborators": self._deal_collaborators,
        }
        if name in whole:
            return whole[name]()
        if name in feeds:
            return self._feeds.read(feeds[name](), watermark)
        if name in proof.KINDS:
            lost = f"no responses are seen from HubSpot {name}"
            return self._optional(name, lambda: self._evidence(name), watermark, lost)
        if name == "leads":
            return self._optional(name, self._leads, watermark, "HubSpot's leads are not read")
        if name in self._holdings:
            lost = f"no roles come from {self._holdings[name].object}"
            return self._optional(name, lambda: self._holding(name), watermark, lost)
        raise ConfigError(f"HubSpot has no object {name!r} to mirror")

    def live(self) -> Live:
        """What reads single records, with the same properties as the mirror."""
        return Live(
            reader=self._reader,
            feeds={
                "companies": self._companies,
                "contacts": self._contacts,
                "leads": self._leads,
                "deals": self._deals,
                "deal_contacts": self._deal_contacts,
                "deal_collaborators": self._deal_collaborators,
            },
            people=self._people,
            absences=self._out_of_office,
            stages=self._stages,
        )

    def count(self, name: str) -> int | None:
        """How many records there are by the search index, which may lag by moments."""
        return self._reader.newest(name)[1] if name in _COUNTED else None

    def _optional(
        self, name: str, make: Callable[[], Feed], watermark: str | None, lost: str
    ) -> Iterator[Page]:
        """The pages of what an account may lack; then nothing, and a note that says why."""
        try:
            yield from self._feeds.read(make(), watermark)
        except AuthError:
            raise
        except PermanentError as error:
            self._notes.say(name, f"{lost}: {error}")
            yield off(self._now(), type(error).__name__)
            return
        self._notes.drop(name)

    # What is read whole each time.

    def _people(self) -> Iterator[Page]:
        owners = self._directory.owners()
        users = self._users(anew=False)
        fields = self._fields_of_users(users)
        found = [people.person(one, users.of(one), self._settings, fields) for one in owners]
        yield Page(records=found)
        yield Page(watermark=DONE)

    def _users(self, *, anew: bool) -> people.Users:
        """User records, or none with a note where the token may not read them."""
        more = (*self._mapping.fields.person, *self._mapping.absence.names)
        wanted = people.user_properties(self._settings, *more)
        try:
            users = self._directory.users(wanted, anew=anew)
        except ScopeError as error:
            self._notes.say("users", f"{_NO_USERS}: {error}")
            return people.Users()
        self._notes.drop("users")
        return users

    def _fields_of_users(self, users: people.Users) -> Fields:
        return self._chosen.of("users") if users.by_email else Fields("users")

    def _out_of_office(self) -> Iterator[Page]:
        users = self._users(anew=True)
        found: list[OutOfOffice] = []
        unreadable = 0
        for owner in self._directory.owners(anew=False) if users.by_email else ():
            told = self._absences(str(owner["id"]), users.of(owner))
            found += told.found
            unreadable += told.unreadable
        if unreadable:
            what = f"{unreadable} out-of-office entries of HubSpot users make no sense"
            self._notes.say("absences", what)
        else:
            self._notes.drop("absences")
        yield Page(records=found)
        yield Page(watermark=DONE)

    def _absences(self, person_id: str, user: Row) -> people.Absences:
        told = people.absences(person_id, user, self._now())
        fields = self._mapping.absence
        if not fields.names:
            return told
        noted = noted_absence(person_id, user, fields, self._now())
        return people.Absences([*told.found, *noted.found], told.unreadable + noted.unreadable)

    def _teams(self) -> Iterator[Page]:
        owners = self._directory.owners(anew=False)
        yield Page(records=[one for owner in owners for one in people.memberships(owner)])
        yield Page(watermark=DONE)

    def _stages(self) -> Iterator[Page]:
        yield Page(records=records.stages(self._pipelines.all()), watermark=DONE)

    # What is read from a watermark.

    def _companies(self) -> Feed:
        fields = self._chosen.of("companies")
        return Feed(
            name="companies",
            kind="companies",
            properties=(*records.COMPANY, *fields.names),
            convert=lambda rows: Page(records=[records.account(row, fields) for row in rows]),
            fields=fields.signature,
            calculated=bool(fields.calculated),
        )

    def _contacts(self) -> Feed:
        fields = self._chosen.of("contacts")
        return Feed(
            name="contacts",
            kind="contacts",
            properties=(*records.CONTACT, *fields.names),
            convert=lambda rows: Page(records=[records.prospect(row, fields) for row in rows]),
            fields=fields.signature,
            calculated=bool(fields.calculated),
        )

    def _leads(self) -> Feed:
        fields = self._chosen.of("leads")

        def convert(rows: Rows) -> Page:
            # HubSpot fills in the primary contact by itself, so that this mostly asks nothing.
            bare = [str(row["id"]) for row in rows if not reference(row, records.LEAD[1])]
            contacts = self._links("leads", bare, "contacts")
            companies = self._links("leads", bare, "companies")
            found = [records.lead(row, contacts, companies, fields) for row in rows]
            return Page(records=found)

        return Feed(
            name="leads",
            kind="leads",
            properties=(*records.LEAD, *fields.names),
            convert=convert,
            fields=fields.signature,
            asks=True,
            calculated=bool(fields.calculated),
            key=records.lead_key,
        )

    def _deals(self) -> Feed:
        fields = self._chosen.of("deals")

        def convert(rows: Rows) -> Page:
            companies = self._links("deals", [str(row["id"]) for row in rows], "companies")
            return Page(records=[records.deal(row, companies, fields) for row in rows])

        return Feed(
            name="deals",
            kind="deals",
            properties=(*records.DEAL, *fields.names),
            convert=convert,
            fields=fields.signature,
            asks=True,
            sweep=_OPEN,
            calculated=bool(fields.calculated),
        )

    def _deal_contacts(self) -> Feed:
        """A new or lost participant does not move the deal's stamp: open deals are swept."""

        def convert(rows: Rows) -> Page:
            ids = [str(row["id"]) for row in rows]
            contacts = self._links("deals", ids, "contacts")
            found = [one for row in rows for one in records.deal_contacts(row, contacts)]
            return Page(records=found, all_of_deals=[*ids, *records.merged_away(rows)])

        return _of_deals("deal_contacts", _DEAL_STAMPS, convert, asks=True)

    def _deal_collaborators(self) -> Feed:
        def convert(rows: Rows) -> Page:
            ids = [str(row["id"]) for row in rows]
            found = [one for row in rows for one in records.collaborators(row)]
            return Page(records=found, all_of_deals=[*ids, *records.merged_away(rows)])

        wanted = (*_DEAL_STAMPS, records.COLLABORATORS)
        return _of_deals("deal_collaborators", wanted, convert, asks=False)

    def _evidence(self, name: str) -> Feed:
        def convert(rows: Rows) -> Page:
            return Page(
                records=proof.evidence(name, rows, lambda ids: self._links(name, ids, "contacts"))
            )

        return Feed(
            name=name,
            kind=name,
            properties=(*proof.EVERY, *proof.KINDS[name].properties),
            convert=convert,
            asks=True,
            bin=False,
            since=self._now() - timedelta(days=self._settings.evidence_days),
        )

    def _holding(self, name: str) -> Feed:
        one = holdings.resolve(name, self._holdings[name], self._known)
        return holdings.feed(one, self._reader, self._odd)

    def _links(self, kind: str, ids: Sequence[str], to: str) -> Links:
        return self._reader.associated(kind, ids, to) if ids else {}


def _of_deals(name: str, properties: Sequence[str], convert: Convert, *, asks: bool) -> Feed:
    """What hangs on deals; that of a deal in the recycling bin leads nowhere and may stay."""
    return Feed(
        name=name,
        kind="deals",
        properties=properties,
        convert=convert,
        asks=asks,
        bin=False,
        sweep=_OPEN if asks else None,
    )
