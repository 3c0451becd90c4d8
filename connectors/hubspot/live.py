"""Live reads of an account: batch reads by id, and associations as they are now.

Nothing here asks the search index, which may lag behind by moments or minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from connectors.base import Page
from connectors.hubspot import records
from connectors.hubspot.feeds import Feed
from connectors.hubspot.reading import Reader
from connectors.live import LivePart, LiveQuestion, missing
from routing.nouns import MirrorRecord


@dataclass(frozen=True, slots=True)
class Live:
    """Live reads over one account. Every method raises ConnectorError and nothing else.

    ``feeds`` say how rows of each object are read; the others read their object whole.
    """

    reader: Reader
    feeds: Mapping[str, Callable[[], Feed]]
    people: Callable[[], Iterator[Page]]
    absences: Callable[[], Iterator[Page]]
    stages: Callable[[], Iterator[Page]]

    def read(self, question: LiveQuestion) -> list[LivePart]:
        """As ``connectors.base.Crm.read_live``."""
        parts: list[LivePart] = []
        leads = {one for one in question.prospects if one.startswith(records.LEAD_PREFIX)}
        contacts = question.prospects - leads
        if question.emails:
            parts.append(self._by_key("contacts", question.emails, "email"))
        if contacts:
            parts.append(self._by_key("contacts", contacts))
        if leads:
            parts.append(self._by_key("leads", leads))
        if question.accounts:
            parts.append(self._by_key("companies", question.accounts))
        deals = set(question.deals)
        deals |= self._linked("companies", question.accounts)
        deals |= self._linked("contacts", contacts)
        if deals:
            parts += self._deals(_numbers(deals), question.deals)
        if question.people:
            parts += self._people(question.people)
        if question.stages:
            parts.append(LivePart(name="stages", records=_records(self.stages())))
        return parts

    def _by_key(self, name: str, keys: Iterable[str], key: str | None = None) -> LivePart:
        feed = self.feeds[name]()
        plain = [one.removeprefix(records.LEAD_PREFIX) for one in keys]
        asked = sorted(plain) if key else _numbers(plain)
        rows = self.reader.by_key(feed.kind, feed.properties, asked, key)
        found = feed.convert(rows).records
        gone = [feed.key(one) for one in records.merged_away(rows)]
        if key is None:
            gone += missing([feed.key(one) for one in asked], found)
        return LivePart(name=name, records=found, gone=gone)

    def _linked(self, kind: str, ids: Iterable[str]) -> set[str]:
        asked = _numbers(ids)
        found = self.reader.associated(kind, asked, "deals") if asked else {}
        return {link.id for links in found.values() for link in links}

    def _deals(self, ids: list[str], asked: frozenset[str]) -> list[LivePart]:
        feed = self.feeds["deals"]()
        wanted = (*feed.properties, records.COLLABORATORS)
        rows = self.reader.by_key("deals", wanted, ids)
        found = feed.convert(rows).records
        gone = [*missing(asked, found), *records.merged_away(rows)]
        there = [str(row["id"]) for row in rows]
        return [
            LivePart(name="deals", records=found, gone=gone),
            *(
                LivePart(
                    name=name,
                    records=self.feeds[name]().convert(rows).records,
                    column="deal_id",
                    values=there,
                )
                for name in ("deal_contacts", "deal_collaborators")
            ),
        ]

    def _people(self, asked: frozenset[str]) -> list[LivePart]:
        """Owners and users have no read of a few that is not the search; both lists are short."""
        away = [one for one in _records(self.absences()) if _person(one) in asked]
        found = [one for one in _records(self.people()) if one.id in asked]
        return [
            LivePart(name="people", records=found, gone=missing(asked, found)),
            LivePart(name="out_of_office", records=away, column="person_id", values=asked),
        ]


def _records(pages: Iterator[Page]) -> list[MirrorRecord]:
    return [one for page in pages for one in page.records]


def _person(one: MirrorRecord) -> str | None:
    return getattr(one, "person_id", None)


def _numbers(ids: Iterable[str]) -> list[str]:
    """The ids that can be HubSpot's; a batch read refuses any other."""
    return sorted(one for one in set(ids) if one.isascii() and one.isdigit())
