"""Live reads of an account: batch reads by id, and associations as they are now.

Nothing here asks the search index, which may lag behind by moments or minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from connectors.hubspot import people, records
from connectors.hubspot.client import Client
from connectors.hubspot.errors import ScopeError
from connectors.hubspot.reading import Reader, Rows
from connectors.hubspot.records import Links
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.values import flag
from connectors.live import LivePart, LiveQuestion, missing
from routing.nouns import DealContact, OutOfOffice, Person

Shape = Callable[[str], tuple[Sequence[str], Callable[[Rows], Sequence[object]]]]


@dataclass(frozen=True, slots=True)
class Live:
    """Live reads over one client. Every method raises ConnectorError and nothing else.

    ``shape`` gives the properties of an object type and what makes records of its rows;
    ``stages`` reads the stages.
    """

    client: Client
    settings: HubspotSettings
    now: Callable[[], datetime]
    shape: Shape
    stages: Callable[[], LivePart]
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reader", Reader(self.client))

    def read(self, question: LiveQuestion) -> list[LivePart]:
        """As ``connectors.base.Crm.read_live``."""
        parts: list[LivePart] = []
        if question.emails:
            parts.append(self._by_key("contacts", question.emails, "email"))
        if question.prospects:
            parts.append(self._by_key("contacts", question.prospects))
        if question.accounts:
            parts.append(self._by_key("companies", question.accounts))
        deals = set(question.deals)
        deals |= self._linked("companies", question.accounts)
        deals |= self._linked("contacts", question.prospects)
        if deals:
            parts += self._deals(_numbers(deals), question.deals)
        if question.people:
            parts += self._people(question.people)
        if question.stages:
            parts.append(self.stages())
        return parts

    def _by_key(self, kind: str, keys: Iterable[str], key: str | None = None) -> LivePart:
        properties, convert = self.shape(kind)
        asked = sorted(keys) if key else _numbers(keys)
        rows = self.reader.by_key(kind, properties, asked, key)
        found = list(convert(rows))
        gone = records.merged_away(rows)
        if key is None:
            gone += missing(asked, found)  # type: ignore[arg-type]
        return LivePart(name=kind, records=found, gone=gone)  # type: ignore[arg-type]

    def _linked(self, kind: str, ids: Iterable[str]) -> set[str]:
        asked = _numbers(ids)
        found = self.reader.associated(kind, asked, "deals") if asked else {}
        return {link.id for links in found.values() for link in links}

    def _deals(self, ids: list[str], asked: frozenset[str]) -> list[LivePart]:
        properties, _ = self.shape("deals")
        rows = self.reader.by_key("deals", properties, ids)
        there = [str(row["id"]) for row in rows]
        companies = self._links(there, "companies")
        found = [records.deal(row, companies) for row in rows]
        gone = [*missing(asked, found), *records.merged_away(rows)]
        contacts = self._links(there, "contacts")
        return [
            LivePart(name="deals", records=found, gone=gone),
            *(_participants(rows, contacts, closed=closed) for closed in (False, True)),
        ]

    def _links(self, ids: list[str], to: str) -> Links:
        return self.reader.associated("deals", ids, to) if ids else {}

    def _people(self, asked: frozenset[str]) -> list[LivePart]:
        """Owners and users have no read of a few that is not the search; both lists are short."""
        try:
            users = people.read_users(self.reader, self.settings)
        except ScopeError:
            users = None
        found: list[Person] = []
        away: list[OutOfOffice] = []
        for owners in people.read_owners(self.client):
            for owner in owners:
                if str(owner["id"]) not in asked:
                    continue
                user = users.of(owner) if users else {}
                found.append(people.person(owner, user, self.settings))
                away += people.absences(str(owner["id"]), user, self.now()).found
        parts = [LivePart(name="people", records=found, gone=missing(asked, found))]
        if users is not None:
            parts.append(
                LivePart(name="out_of_office", records=away, column="person_id", values=asked)
            )
        return parts


def _participants(rows: Rows, contacts: Links, *, closed: bool) -> LivePart:
    fitting = [row for row in rows if flag(row, "hs_is_closed") is closed]
    found: list[DealContact] = [
        one for row in fitting for one in records.deal_contacts(row, contacts)
    ]
    return LivePart(
        name="closed_deal_contacts" if closed else "deal_contacts",
        records=found,
        column="deal_id",
        values=[str(row["id"]) for row in rows],
    )


def _numbers(ids: Iterable[str]) -> list[str]:
    """The ids that can be HubSpot's; a batch read refuses any other."""
    return sorted(one for one in set(ids) if one.isascii() and one.isdigit())
