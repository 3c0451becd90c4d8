"""Reads the list of deletions of objects whose rows leave no trace in the recycle bin.

Members of teams and accounts of territories go like that. To read such an object whole costs a
call for each 2,000 rows; this list costs one.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from connectors.base import Page
from connectors.errors import PermanentError
from connectors.salesforce.client import Client
from connectors.salesforce.errors import BeyondError, TooManyError
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.source import Source
from connectors.salesforce.values import moment
from connectors.salesforce.watermark import Watermark

_SHORTEST = timedelta(minutes=2)


def page(
    client: Client,
    settings: SalesforceSettings,
    source: Source,
    mark: Watermark,
    notes: list[str],
) -> Page:
    """What was deleted since the list was last read. Raises ConnectorError.

    Where the list does not reach back so far, the next reconcile sees what is missing.
    """
    now = client.now()
    start = (mark.deleted or mark.until) - timedelta(minutes=settings.overlap_minutes)
    start = min(start, now - _SHORTEST)
    try:
        gone, covered = _listed(client, source, start, now)
    except (BeyondError, TooManyError):
        notes.append(
            f"{source.sobject}: what was deleted before {now:%Y-%m-%d} is seen at the next "
            "reconcile, as Salesforce lists it no more"
        )
        gone, covered = [], now
    following = replace(mark, deleted=min(covered, now), turn=False)
    return Page(deleted=[f"{one}{source.suffix}" for one in gone], watermark=following.write())


def _listed(
    client: Client, source: Source, start: datetime, end: datetime
) -> tuple[list[str], datetime]:
    """The ids, and up to when the list is complete; half by half where it is too long."""
    try:
        found = client.deleted(source.sobject, start, end)
    except TooManyError:
        middle = start + (end - start) / 2
        if end - start < 2 * _SHORTEST:
            raise
        first, _ = _listed(client, source, start, middle)
        second, covered = _listed(client, source, middle, end)
        return [*first, *second], covered
    records = found.get("deletedRecords")
    until = moment(found.get("latestDateCovered"))
    if not isinstance(records, list) or until is None:
        raise PermanentError("Salesforce sent a list of deletions without its parts")
    return [str(one["id"]) for one in records], until
