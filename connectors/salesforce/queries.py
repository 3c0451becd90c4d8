"""Writes the queries of the mirror, and asks one in parts when its address would be too long.

Nothing from outside stands bare in these texts: names are ours or checked settings, values are
times and quoted ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from connectors.errors import PermanentError, TemporaryError
from connectors.salesforce.client import Client
from connectors.salesforce.source import Source
from connectors.salesforce.values import Row, moment, soql_text, soql_time

LONGEST = 12_000
"""Characters of the query in an address, as they are sent; the org takes 16,384 of the whole."""
Place = tuple[datetime, str]
"""Where a read is: (SystemModstamp, Id) of the last row."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A page as the org sent it, and whether more may be behind it."""

    rows: list[Row]
    full: bool


def columns(source: Source, fields: Iterable[str]) -> str:
    """What is selected: the id first, and what is nested last."""
    nested = (source.nested,) if source.nested else ()
    return ", ".join(dict.fromkeys(("Id", *fields, *nested)))


def where(tests: Iterable[str]) -> str:
    """The tests as a clause; '' for none."""
    given = [test for test in tests if test]
    return f" WHERE {' AND '.join(given)}" if given else ""


def behind(place: Place) -> str:
    """The rows behind a place."""
    stamp, last = soql_time(place[0]), soql_text(place[1])
    return f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > {last}))"


def since(source: Source, low: datetime, asked: datetime) -> str:
    """The rows that changed, or began, from then on."""
    start = soql_time(low)
    if not source.begins:
        return f"SystemModstamp >= {start}"
    begun = f"({source.begins} >= {start} AND {source.begins} <= {soql_time(asked)})"
    return f"(SystemModstamp >= {start} OR {begun})"


def page(
    client: Client, source: Source, fields: Sequence[str], tests: Sequence[str], size: int
) -> Rows:
    """A page in the order of (SystemModstamp, Id), deleted rows too. Raises ConnectorError."""
    parts = _parts(source, fields, tests, size)
    first = client.query(parts[0], deleted=True, once=True)
    rows: list[Row] = first["records"]
    full = len(rows) >= size or not first["done"]
    for part in parts[1:]:
        found = client.query(part, deleted=True, once=True)["records"]
        rows, cut = _joined(rows, found)
        full = full or cut
    return Rows(rows, full)


def place_of(row: Row, before: Place | None) -> Place:
    """Where a row stands. Raises ConnectorError for one that stands nowhere."""
    stamp = moment(row.get("SystemModstamp"))
    record_id = row.get("Id")
    if stamp is None or not isinstance(record_id, str):
        raise PermanentError("Salesforce sent a record without an id or a stamp")
    if before == (stamp, record_id):
        raise TemporaryError("Salesforce sent the same page twice")
    return stamp, record_id


def _parts(source: Source, fields: Sequence[str], tests: Sequence[str], size: int) -> Sequence[str]:
    """The query, or as many as it takes, each with the stamp and some of the fields."""

    def text(some: Sequence[str]) -> str:
        ordered = f" ORDER BY SystemModstamp, Id LIMIT {size}"
        chosen = columns(source, some)
        return f"SELECT {chosen} FROM {source.sobject}{where(tests)}{ordered}"  # noqa: S608

    whole = text(fields)
    if len(quote(whole)) <= LONGEST or len(fields) < 3:
        return [whole]
    others = [one for one in fields if one != "SystemModstamp"]
    middle = len(others) // 2
    halves = (others[:middle], others[middle:])
    return [
        query for half in halves for query in _parts(source, ("SystemModstamp", *half), tests, size)
    ]


def _joined(rows: list[Row], found: list[Row]) -> tuple[list[Row], bool]:
    """The rows with the fields of both parts, up to the first that changed between the two.

    Whether any were cut off: they are asked for again, as the place stays before them.
    """
    others = {(row.get("Id"), row.get("SystemModstamp")): row for row in found}
    joined: list[Row] = []
    for row in rows:
        other = others.get((row.get("Id"), row.get("SystemModstamp")))
        if other is None:
            if not joined:
                raise TemporaryError("the records changed while their fields were read")
            return joined, True
        joined.append(row | other)
    return joined, False
