"""Reads again what changes without a word: formulas, and names that stand in other records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from connectors.base import Page
from connectors.salesforce import bulk, queries
from connectors.salesforce.fields import Choice
from connectors.salesforce.source import Source
from connectors.salesforce.values import Row, further, soql_time, text

if TYPE_CHECKING:
    from connectors.salesforce.reading import Reading

_AT_ONCE = 100
"""Formulas of one query."""


def due(source: Source, choice: Choice) -> bool:
    """Whether an object has any of it. Evidence does not change by who its people are."""
    return bool(choice.formulas or choice.parents) and not source.recent


def pages(reading: Reading, last: datetime) -> Iterator[Page]:
    """The records under changed names, and the formulas of all that are worth it.

    Raises ConnectorError.
    """
    choice, source = reading.choice, reading.source
    since = last - timedelta(minutes=reading.settings.overlap_minutes)
    if choice.parents:
        changed = (f"{one}.LastModifiedDate >= {soql_time(since)}" for one in choice.parents)
        yield from _records(reading, f"({' OR '.join(changed)})")
    ours = {name.lower() for name in source.further}
    if any(name.lower() not in ours for name in choice.formulas):
        yield from _records(reading, "")  # who holds a role, or is away, is worked out
        return
    for start in range(0, len(choice.formulas), _AT_ONCE):
        yield from _formulas(reading, choice.formulas[start : start + _AT_ONCE])


def _records(reading: Reading, test: str) -> Iterator[Page]:
    size = reading.settings.page_size
    place: queries.Place | None = None
    while True:
        tests = (test, queries.behind(place) if place else "")
        found = queries.page(reading.client, reading.source, reading.choice.fields, tests, size)
        came, gone = reading.sorted_out(found.rows)
        if came or gone:
            yield Page(records=came, deleted=gone)
        if not found.full or not found.rows:
            return
        place = queries.place_of(found.rows[-1], place)


def _formulas(reading: Reading, names: tuple[str, ...]) -> Iterator[Page]:
    client, source, settings = reading.client, reading.source, reading.settings
    tests = queries.where((source.concerned,))
    found = client.query(f"SELECT Id, {', '.join(names)} FROM {source.sobject}{tests}")  # noqa: S608
    if int(found.get("totalSize") or 0) > settings.bulk_above:
        try:
            job = bulk.start(client, settings, source, reading.choice, (source.concerned,), names)
        except bulk.NotOfferedError:
            pass
        else:
            for rows in job.pages(reading.tidy):
                yield Page(fields=_values(rows, names), refreshed=names)
            return
    while True:
        rows = [reading.tidy.row(row) for row in found["records"]]
        if rows:
            yield Page(fields=_values(rows, names), refreshed=names)
        if found["done"]:
            return
        found = client.more(str(found["nextRecordsUrl"]))


def _values(rows: Sequence[Row], names: tuple[str, ...]) -> Mapping[str, Mapping[str, str]]:
    return {text(row["Id"]): further(row, names) for row in rows}
