"""Reads records: whole lists, what changed since, what matches, and what is associated.

Search pages by offset lose rows that are edited meanwhile, end at 10,000 and may be empty although
more follow. So we page by the stamp of the last change, and where one stamp fills a page, by
halving the range of ids: ids are compared as numbers but sorted as texts, so that order by id
cannot be paged at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.errors import TemporaryError
from connectors.hubspot.client import Client
from connectors.hubspot.values import Row, to_moment, to_ms

LIST_PAGE, SEARCH_PAGE, ASSOCIATION_INPUTS, BATCH = 100, 200, 1000, 100
HIGHEST_ID = 1 << 53
MOST_EMPTY_PAGES = 40
PRIMARY_TYPES = frozenset({1, 5, 578})
"""Association type ids: the primary company of a contact or deal; a lead's contact."""
Filter = dict[str, Any]
Filters = Sequence[Filter]
Rows = list[Row]


def stamp_name(kind: str) -> str:
    """The property that holds the moment of the last change."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def stamp(kind: str, row: Row) -> int:
    """When the record was changed last, in epoch ms."""
    found = to_moment(str((row.get("properties") or {}).get(stamp_name(kind)) or ""))
    if found is None:
        raise TemporaryError(f"{kind} {row.get('id')} came without the stamp of its last change")
    return to_ms(found)


def where(name: str, operator: str, value: object = None, **more: object) -> Filter:
    """One search filter."""
    given = {} if value is None else {"value": str(value)}
    return {"propertyName": name, "operator": operator, **given, **more}


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search."""

    rows: Rows
    total: int
    after: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """An associated record, whether it is the primary one, and the label of the association."""

    id: str
    primary: bool
    label: str


class Reader:
    """Reads any object type. Every method raises ConnectorError and nothing else."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def listing(
        self, kind: str, properties: Sequence[str], *, archived: bool = False
    ) -> Iterator[Rows]:
        """Every record, in pages of 100; the archived ones on demand."""
        after: str | None = None
        api = self._client.reading.crm.objects.basic_api
        while True:
            more: dict[str, Any] = {"after": after} if after else {}
            page = self._client.get(
                f"reading {'archived ' if archived else ''}{kind}",
                api.get_page,
                kind,
                limit=LIST_PAGE,
                properties=list(properties),
                archived=archived,
                **more,
            )
            after = _after(page)
            yield page.get("results") or []
            if after is None:
                return

    def newest(self, kind: str, filters: Filters = ()) -> tuple[int | None, int]:
        """The stamp of the latest change in the index, and how many records there are."""
        name = stamp_name(kind)
        found = self._first(kind, [name], filters, descending=True, limit=1)
        return (stamp(kind, found.rows[0]) if found.rows else None), found.total

    def changed(
        self, kind: str, properties: Sequence[str], since: int, filters: Filters = ()
    ) -> Iterator[Rows]:
        """Records changed at or after ``since`` (ms), oldest change first, each stamp whole.

        Up to 200 a page; pages may be empty.
        """
        at = since
        known: set[str] = set()
        while True:
            found = self._first(kind, properties, [where(stamp_name(kind), "GTE", at), *filters])
            fresh = [row for row in found.rows if row["id"] not in known]
            last = max((stamp(kind, row) for row in found.rows), default=at)
            if found.after is None:
                yield fresh
                return
            if last > at:
                yield fresh
                known = {row["id"] for row in found.rows if stamp(kind, row) == last}
                at = last
            else:
                for rows in self._flood(kind, properties, at, filters):
                    yield [row for row in rows if row["id"] not in known]
                at, known = at + 1, set()

    def _flood(
        self, kind: str, properties: Sequence[str], at: int, filters: Filters
    ) -> Iterator[Rows]:
        """All records of one stamp, by halving the range of ids until a page holds the rest."""
        ranges = [(0, HIGHEST_ID)]
        while ranges:
            low, high = ranges.pop()
            bounds = [
                where(stamp_name(kind), "EQ", at),
                where("hs_object_id", "BETWEEN", low, highValue=str(high)),
                *filters,
            ]
            rows: Rows = []
            for found in self._pages(kind, properties, bounds):
                if found.total > SEARCH_PAGE and low < high:
                    middle = _middle(found.rows, low, high)
                    ranges += [(middle + 1, high), (low, middle)]
                    break
                rows += found.rows
            else:
                yield rows

    def _first(self, kind: str, properties: Sequence[str], filters: Filters, **more: Any) -> Found:
        """The first page that has rows, or the last one."""
        for found in self._pages(kind, properties, filters, **more):
            if found.rows or found.after is None:
                return found
        raise AssertionError("a search has at least one page")

    def _pages(
        self, kind: str, properties: Sequence[str], filters: Filters, **more: Any
    ) -> Iterator[Found]:
        """The pages of one search by offset. Some may be empty, but not one after the other."""
        after: str | None = None
        empty = 0
        while True:
            found = self._search(kind, properties, filters, after=after, **more)
            yield found
            empty = 0 if found.rows else empty + 1
            if empty > MOST_EMPTY_PAGES:
                raise TemporaryError(f"searching {kind}: page after page came without a row")
            if found.after is None:
                return
            after = found.after

    def _search(
        self,
        kind: str,
        properties: Sequence[str],
        filters: Filters,
        *,
        after: str | None = None,
        descending: bool = False,
        limit: int = SEARCH_PAGE,
    ) -> Found:
        body: dict[str, Any] = {
            "filterGroups": [{"filters": list(filters)}] if filters else [],
            "properties": list(properties),
            "sorts": [
                {
                    "propertyName": stamp_name(kind),
                    "direction": "DESCENDING" if descending else "ASCENDING",
                }
            ],
            "limit": limit,
        }
        if after is not None:
            body["after"] = after
        api = self._client.reading.crm.objects.search_api
        page = self._client.get(f"searching {kind}", api.do_search, kind, body, search=True)
        return Found(page.get("results") or [], int(page.get("total") or 0), _after(page))

    def found_by(self, kind: str, properties: Sequence[str], filters: Filters) -> Iterator[Rows]:
        """Every record that matches, in pages; as complete as the index is."""
        yield from self.changed(kind, properties, 0, filters)

    def associated(self, kind: str, ids: Sequence[str], to: str) -> dict[str, list[Link]]:
        """For each id the associated records of type ``to``, in HubSpot's order."""
        links: dict[str, list[Link]] = {one: [] for one in ids}
        waiting: list[dict[str, str]] = [{"id": one} for one in links]
        api = self._client.reading.crm.associations.v4.batch_api
        while waiting:
            inputs, waiting = waiting[:ASSOCIATION_INPUTS], waiting[ASSOCIATION_INPUTS:]
            page = self._client.get(
                f"reading {to} of {kind}", api.get_page, kind, to, {"inputs": inputs}
            )
            for result in page.get("results") or []:
                own = str(result["from"]["id"])
                links.setdefault(own, []).extend(_link(one) for one in result.get("to") or [])
                if after := _after(result):
                    waiting.append({"id": own, "after": after})
        return links

    def by_key(
        self, kind: str, properties: Sequence[str], ids: Sequence[str], key: str | None = None
    ) -> Rows:
        """The records with these ids (or values of the unique property ``key``) that exist."""
        rows: Rows = []
        api = self._client.reading.crm.objects.batch_api
        for start in range(0, len(ids), BATCH):
            body: dict[str, Any] = {
                "inputs": [{"id": one} for one in ids[start : start + BATCH]],
                "properties": list(properties),
                "propertiesWithHistory": [],
            }
            if key is not None:
                body["idProperty"] = key
            rows += self._client.get(f"reading {kind}", api.read, kind, body).get("results") or []
        return rows


def grouped(pages: Iterator[Rows], size: int = ASSOCIATION_INPUTS) -> Iterator[Rows]:
    """The same rows in groups of up to ``size``, as many as one question about them may hold."""
    held: Rows = []
    for rows in pages:
        if len(held) + len(rows) > size:
            yield held
            held = []
        held += rows
    yield held


def _after(page: Row) -> str | None:
    found = ((page.get("paging") or {}).get("next") or {}).get("after")
    return None if found is None else str(found)


def _middle(rows: Rows, low: int, high: int) -> int:
    """Where to cut: at the middle of the ids in sight, so that sparse ranges cost few calls."""
    ids = sorted(int(row["id"]) for row in rows)
    return min(max(ids[len(ids) // 2], low), high - 1) if ids else (low + high) // 2


def _link(one: Row) -> Link:
    types = one.get("associationTypes") or []
    labels = [str(kind["label"]) for kind in types if kind.get("label")]
    named = next((label for label in labels if label != "Primary"), "")
    return Link(str(one["toObjectId"]), _is_primary(types), named)


def _is_primary(types: Sequence[Row]) -> bool:
    """By the label, or by the ids that HubSpot has for the first company, contact of a lead."""
    return any(
        kind.get("label") == "Primary"
        or (kind.get("category") == "HUBSPOT_DEFINED" and int(kind["typeId"]) in PRIMARY_TYPES)
        for kind in types
    )
