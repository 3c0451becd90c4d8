"""When each source of absences was last read: for everybody, and for single people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from worker.store.person_reads import EVERYBODY, OwnReads, is_noted, own_reads
from worker.store.view import Seen, View

_WHOLE = {"out_of_office": "crm", "slack_status": "slack"}
"""The source of absences that each mirrored object is, of those that are read for all at once."""
_OWN = {"calendar": "calendar", "google_calendar": "calendar", "outlook_calendar": "calendar"}
"""The same, of those that are read person by person."""


_NEVER_ASKED = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReads:
    """``sources`` and ``own_sources`` as the snapshot has them.

    ``seen`` tells when rows of one person, of an object that is read person by person, were last
    known to be so.
    """

    sources: Mapping[str, datetime | None]
    own_sources: Mapping[str, Mapping[str, datetime | None]] = field(default_factory=dict)
    seen: OwnReads = field(default_factory=dict)


def source_reads(view: View, people: Collection[str] | None) -> SourceReads:
    """Of these people, or of all. A source that is set up and was never read is there as None."""
    sources = {source: view.seen[name] for name, source in _WHOLE.items() if name in view.seen}
    if view.moment is None and not any(name in view.seen for name in _OWN):
        return SourceReads(sources=sources)
    found = own_reads(view.conn, _OWN, people, view.moment)
    noted = {person_id for reads in found.values() for person_id in reads} - {EVERYBODY}
    own: dict[str, dict[str, datetime | None]] = {}
    for name, source in _OWN.items():
        reads = found.get(name, {})
        of_all = EVERYBODY in reads or _is_unknown(view, name, view.seen)
        if of_all:
            sources[source] = None
        for person_id in noted if of_all else reads.keys():
            mine = own.setdefault(person_id, {})
            mine[source] = _older(mine.get(source, _NEVER_ASKED), reads.get(person_id))
    return SourceReads(sources=sources, own_sources=own, seen=found)


def _older(one: datetime | None, other: datetime | None) -> datetime | None:
    """Of two calendars of a person the one that was read longer ago counts; None: never."""
    return None if one is None or other is None else min(one, other)


def _is_unknown(view: View, name: str, seen: Seen) -> bool:
    """Whether not even that is known, of whom the object tells: it may be anybody."""
    return name in seen and seen[name] is None and not is_noted(view.conn, name, view.moment)
