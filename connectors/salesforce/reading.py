"""Reads objects page by page: whole ones through, the others from where the last read ended.

Each page of an incremental read is a query of its own, behind the last (SystemModstamp, Id) seen.
That holds when rows change meanwhile, and when one bulk edit gave thousands the same stamp.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from connectors.base import Page
from connectors.errors import PermanentError, TemporaryError
from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingObjectError
from connectors.salesforce.objects import Source
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.values import Row, moment, soql_text, soql_time
from routing.nouns import MirrorRecord


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far an object was read, and with which fields: new fields mean reading it anew."""

    until: datetime
    fields: str

    def write(self) -> str:
        """The text that the worker keeps."""
        return json.dumps({"until": soql_time(self.until), "fields": self.fields})

    @staticmethod
    def read(text: str | None, fields: str) -> Watermark | None:
        """The watermark in a kept text; None when it is from other fields or unreadable."""
        try:
            kept = json.loads(text or "null")
        except ValueError:
            return None
        if not isinstance(kept, dict) or kept.get("fields") != fields:
            return None
        until = moment(kept.get("until"))
        return Watermark(until, fields) if until else None


def fingerprint(fields: tuple[str, ...]) -> str:
    """A short name of a choice of fields."""
    return hashlib.sha256(",".join(fields).encode()).hexdigest()[:16]


def whole(client: Client, source: Source, fields: tuple[str, ...]) -> Iterator[Page]:
    """Every record of an object. The last page carries the watermark."""
    where = f" WHERE {source.where}" if source.where else ""
    soql = f"SELECT {_columns(fields)} FROM {source.sobject}{where} ORDER BY {source.order}"  # noqa: S608
    found = client.query(soql)
    while True:
        last = bool(found["done"])
        yield Page(
            records=_made(source, found["records"]),
            watermark=Watermark(client.now(), fingerprint(fields)).write() if last else None,
            total=int(found.get("totalSize") or 0),
        )
        if last:
            return
        found = client.more(str(found["nextRecordsUrl"]))


def changed(
    client: Client,
    settings: SalesforceSettings,
    source: Source,
    fields: tuple[str, ...],
    watermark: str | None,
) -> Iterator[Page]:
    """What changed, came or went since the watermark. The last page carries the next one."""
    mark = Watermark.read(watermark, fingerprint(fields))
    asked = client.now()
    low = _low(settings, source, mark, asked)
    total = _count(client, source, low, asked) if mark is None else None
    place: tuple[datetime, str] | None = None
    answered: datetime | None = None
    next_mark = ""
    # What no longer fits the filter must be seen to go, so only a first read may leave it out.
    fitting = source.where if mark is None else ""
    while True:
        tests = (fitting, _from(source, low, asked, place))
        sent = time.monotonic()
        found = client.query(_query(source, fields, tests, settings.page_size), deleted=True)
        if answered is None:
            answered = client.now()
            looked = answered - timedelta(seconds=time.monotonic() - sent)
            # What begins is looked for until the moment asked about, whatever the org's clock says.
            until = min(asked, looked) if source.begins else looked
            until -= timedelta(seconds=settings.behind_seconds)
            next_mark = Watermark(until, fingerprint(fields)).write()
        rows: list[Row] = found["records"]
        if rows:
            place = _place(rows[-1], place)
        full = len(rows) >= settings.page_size or not found["done"]
        # What changed after the first answer comes with the next read; else a busy org has no end.
        more = full and place is not None and bool(rows) and place[0] <= answered
        came, gone = _sorted_out(source, rows, asked)
        yield Page(
            records=came,
            deleted=gone,
            watermark=None if more else next_mark,
            total=total,
            since=low if mark is None else None,
        )
        if not more:
            return


def count(client: Client, source: Source) -> int | None:
    """How many records the mirror of an object should hold; None when that is not all there are.

    Raises ConnectorError.
    """
    if source.recent or source.thinned:
        return None
    try:
        found = client.query(f"SELECT COUNT() FROM {source.sobject}{_where((source.where,))}")  # noqa: S608
    except MissingObjectError:
        if source.feature:
            return None
        raise
    return int(found.get("totalSize") or 0)


def _low(
    settings: SalesforceSettings, source: Source, mark: Watermark | None, now: datetime
) -> datetime | None:
    if mark is not None:
        return mark.until - timedelta(minutes=settings.overlap_minutes)
    return now - timedelta(days=settings.evidence_days) if source.recent else None


# Nothing from outside stands bare in these texts: names are ours or checked settings, values are
# times and quoted ids.
def _columns(fields: tuple[str, ...]) -> str:
    return ", ".join(dict.fromkeys(("Id", *fields)))


def _query(source: Source, fields: tuple[str, ...], tests: Iterable[str], page_size: int) -> str:
    where = _where(tests)
    order = f"ORDER BY SystemModstamp, Id LIMIT {page_size}"
    return f"SELECT {_columns(fields)} FROM {source.sobject}{where} {order}"  # noqa: S608


def _where(tests: Iterable[str]) -> str:
    given = [test for test in tests if test]
    return f" WHERE {' AND '.join(given)}" if given else ""


def _from(
    source: Source, low: datetime | None, asked: datetime, place: tuple[datetime, str] | None
) -> str:
    tests = []
    if low is not None and (place is None or source.begins):
        tests.append(_since(source, low, asked))
    if place is not None:
        stamp, last = soql_time(place[0]), soql_text(place[1])
        behind = f"(SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > {last}))"
        tests.append(behind)
    return " AND ".join(tests)


def _since(source: Source, low: datetime, asked: datetime) -> str:
    start = soql_time(low)
    if not source.begins:
        return f"SystemModstamp >= {start}"
    begun = f"({source.begins} >= {start} AND {source.begins} <= {soql_time(asked)})"
    return f"(SystemModstamp >= {start} OR {begun})"


def _count(client: Client, source: Source, low: datetime | None, asked: datetime) -> int | None:
    where = _where((source.where, _from(source, low, asked, None)))
    try:
        found = client.query(f"SELECT COUNT() FROM {source.sobject}{where}")  # noqa: S608
    except TemporaryError:
        # A count of millions may time out where pages do not, and is for the progress bar only.
        return None
    return int(found.get("totalSize") or 0)


def _place(row: Row, before: tuple[datetime, str] | None) -> tuple[datetime, str]:
    stamp = moment(row.get("SystemModstamp"))
    record_id = row.get("Id")
    if stamp is None or not isinstance(record_id, str):
        raise PermanentError("Salesforce sent a record without an id or a stamp")
    if before == (stamp, record_id):
        raise TemporaryError("Salesforce sent the same page twice")
    return stamp, record_id


def _sorted_out(
    source: Source, rows: list[Row], now: datetime
) -> tuple[list[MirrorRecord], list[str]]:
    """The records in these rows, and the ids of the rows that are none (any more, or yet)."""
    came: list[MirrorRecord] = []
    gone: list[str] = []
    for row in rows:
        begins = moment(row.get(source.begins)) if source.begins else None
        later = begins is not None and begins > now
        record = None if row.get("IsDeleted") or later else source.make(row)
        if record is None:
            gone.append(str(row["Id"]))
        else:
            came.append(record)
    return came, gone


def _made(source: Source, rows: list[Row]) -> list[MirrorRecord]:
    return [record for record in map(source.make, rows) if record is not None]
