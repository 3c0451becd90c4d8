"""The mirror as it is or as it was: rows of the fact queries as nouns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, MappingResult

from routing.nouns import MirrorRecord
from worker.store import fact_queries as query
from worker.store.fact_queries import FactQueries
from worker.store.mirror import columns_of

Noun = TypeVar("Noun", bound=MirrorRecord)
Seen = Mapping[str, datetime | None]
"""When each object that is mirrored was last read to its end; None: never."""
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class View:
    """The mirror as it is, or as it was at ``moment``."""

    conn: Connection
    seen: Seen
    moment: datetime | None = None
    own_seen: Mapping[str, Mapping[str, datetime | None]] = field(default_factory=dict)
    """By object, by person: the same of objects that are read person by person."""

    @property
    def queries(self) -> FactQueries:
        """The statements for it."""
        return query.NOW if self.moment is None else query.AS_OF

    def rows(self, statement: query.Query, given: Given) -> MappingResult:
        """The rows of a statement."""
        at = {} if self.moment is None else {"moment": self.moment}
        return self.conn.execute(statement, {**given, **at}).mappings()

    def nouns(self, noun: type[Noun], statement: query.Query, given: Given) -> list[Noun]:
        """The rows of a statement as nouns, each with the time at which it was known."""
        return [self._noun(noun, row) for row in self.rows(statement, given)]

    def by_ids(self, noun: type[Noun], ids: Iterable[str]) -> list[Noun]:
        """The records of these ids that there are, in the order of their ids."""
        wanted = sorted(set(ids))
        return self.nouns(noun, self.queries.by_ids[noun], {"ids": wanted}) if wanted else []

    def one(self, noun: type[Noun], record_id: str | None) -> Noun | None:
        """The record of this id."""
        found = self.by_ids(noun, [record_id] if record_id else [])
        return found[0] if found else None

    def _noun(self, noun: type[Noun], row: Any) -> Noun:
        values = {name: row[name] for name in columns_of(noun)}
        known = row["seen_at"]
        if self.moment is not None and known > self.moment:
            known = row["held_from"]
        own = self.own_seen.get(row["object"])
        last = self.seen.get(row["object"]) if own is None else own.get(row["person_id"])
        values["seen_at"] = max(last, known) if last else known
        return noun(**values)
