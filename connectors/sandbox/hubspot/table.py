"""The records of one object type: living, archived, merged, and what the search index knows."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.sandbox.hubspot.schema import (
    ObjectType,
    Property,
    singular,
    standard_properties,
)
from connectors.sandbox.hubspot.stamps import iso

Props = dict[str, str]


@dataclass(slots=True)
class Record:
    """One record. ``past`` holds what the search index may still show: (until, how it was)."""

    id: int
    props: Props
    created: int
    modified: int
    archived: int | None = None
    past: list[tuple[int, Props | None, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seen:
    """A record as the search index shows it."""

    record: Record
    props: Props
    modified: int


class Table:
    """Records of one type, in order of id and of their last change. Times are epoch ms."""

    def __init__(self, kind: ObjectType) -> None:
        self.kind = kind
        self.properties: dict[str, Property] = standard_properties(kind.name)
        self.groups: dict[str, str] = {f"{singular(kind.name)}information": kind.name}
        self.dropped: dict[str, Property] = {}
        """Archived properties; records keep their values, and show them no longer."""
        self.keeps_unique = True
        self.live: dict[int, Record] = {}
        self.archived: dict[int, Record] = {}
        self.merged_into: dict[int, int] = {}
        self.order: list[int] = []
        self._by_change: list[tuple[int, int]] = []
        self._unique: dict[str, dict[str, int]] = {
            name: {} for name, one in self.properties.items() if one.unique
        }
        self._behind: set[int] = set()
        self._next = kind.first_id

    def new_id(self) -> int:
        """The next free id."""
        self._next += 1
        return self._next

    def add(self, record: Record) -> None:
        """Take a new record in; ids only grow."""
        self.live[record.id] = record
        self.order.append(record.id)
        bisect.insort(self._by_change, (record.modified, record.id))
        self._learn(record)

    def change(self, record: Record, props: Props, at: int, *, lagging: bool) -> None:
        """Give a record new values; an empty one takes the property away."""
        before = dict(record.props) if lagging else None
        was = record.modified
        self._forget(record)
        for name, value in props.items():
            if value == "":
                record.props.pop(name, None)
            else:
                record.props[name] = value
        self._learn(record)
        self._move(record, at)
        if lagging:
            self.lag(record, at, before, was)

    def lag(self, record: Record, at: int, before: Props | None, was: int) -> None:
        """Let the search index show the record as it was before the change at ``at``."""
        record.past.append((at, before, was))
        self._behind.add(record.id)

    def _move(self, record: Record, at: int) -> None:
        place = bisect.bisect_left(self._by_change, (record.modified, record.id))
        del self._by_change[place]
        record.modified = at
        bisect.insort(self._by_change, (at, record.id))

    def archive(self, record: Record, at: int) -> None:
        """Move to the archive. The stamp of the last change stays as it was."""
        del self.live[record.id]
        del self.order[bisect.bisect_left(self.order, record.id)]
        place = bisect.bisect_left(self._by_change, (record.modified, record.id))
        del self._by_change[place]
        self._forget(record)
        self._behind.discard(record.id)
        record.archived = at
        self.archived[record.id] = record

    def restore(self, record: Record) -> None:
        """Move back from the archive, as it was."""
        del self.archived[record.id]
        record.archived = None
        record.past = []
        self.live[record.id] = record
        bisect.insort(self.order, record.id)
        bisect.insort(self._by_change, (record.modified, record.id))
        self._learn(record)

    def define(self, definition: Property) -> None:
        """Add a property."""
        self.properties[definition.name] = definition
        if definition.unique:
            self._unique[definition.name] = {}

    def drop(self, name: str, at: int) -> None:
        """Archive a property."""
        one = self.properties.pop(name)
        one.archived = at
        self.dropped[name] = one
        self._unique.pop(name, None)

    def recalculate(self, record: Record, props: Props) -> None:
        """Give a record values that HubSpot worked out: no stamp moves."""
        record.props |= props

    def find_unique(self, name: str, value: str) -> Record | None:
        """The living record with this value of a unique property."""
        found = self._unique.get(name, {}).get(value.lower())
        return None if found is None else self.live.get(found)

    @property
    def unique_names(self) -> tuple[str, ...]:
        """The properties whose values are given once only."""
        return tuple(self._unique)

    def _learn(self, record: Record) -> None:
        for name, values in self._unique.items():
            if value := record.props.get(name):
                values[value.lower()] = record.id

    def _forget(self, record: Record) -> None:
        for name, values in self._unique.items():
            if value := record.props.get(name):
                values.pop(value.lower(), None)

    def after(self, after: int, limit: int, *, archived: bool) -> tuple[list[Record], int | None]:
        """A page of the list in order of id, and the id that the next one starts behind."""
        rows = self.archived if archived else self.live
        order = sorted(self.archived) if archived else self.order
        start = bisect.bisect_right(order, after)
        ids = order[start : start + limit]
        more = start + limit < len(order)
        return [rows[one] for one in ids], ids[-1] if more else None

    def changed_between(
        self, span: tuple[int, int], ids: tuple[int, int], ready: int
    ) -> list[tuple[int, int]]:
        """(change, id) of what the index shows as changed in this span, in that order.

        Both ends count. ``ready`` is the moment up to which the index has caught up. ``ids`` is
        a hint: rows beyond it may be left out.
        """
        self._catch_up(ready)
        low, high = span
        first, last = ids if low == high else (-1, -1)
        start = bisect.bisect_left(self._by_change, (low, first))
        end = bisect.bisect_left(self._by_change, (high, last + 1) if low == high else (high + 1,))
        pairs = self._by_change[start:end]
        if not self._behind:
            return pairs
        older = [
            (one.modified, one.record.id)
            for one in map(self.seen, self._behind)
            if one is not None and low <= one.modified <= high
        ]
        return sorted([pair for pair in pairs if pair[1] not in self._behind] + older)

    def seen(self, record_id: int) -> Seen | None:
        """A living record as the index shows it; None when it is too new for that."""
        record = self.live[record_id]
        if record_id not in self._behind:
            return Seen(record, record.props, record.modified)
        _, props, modified = record.past[0]
        return None if props is None else Seen(record, props, modified)

    def _catch_up(self, ready: int) -> None:
        for record_id in list(self._behind):
            record = self.live[record_id]
            record.past = [entry for entry in record.past if entry[0] > ready]
            if not record.past:
                self._behind.discard(record_id)

    def shown(self, seen: Seen, names: Sequence[str]) -> dict[str, str | None]:
        """The properties of an answer: those asked for and those that always come."""
        kind, record = self.kind, seen.record
        answer: dict[str, str | None] = {
            kind.created: iso(record.created),
            "hs_object_id": str(record.id),
            kind.modified: iso(seen.modified),
        }
        for name in names or kind.defaults:
            if name in self.properties and name not in answer:
                answer[name] = seen.props.get(name)
        return answer
