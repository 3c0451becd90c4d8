"""The rows of one object, in the order (SystemModstamp, Id), so that a page needs no sorting."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.salesforce.schema import Sobject

Row = dict[str, Any]
"""A record in the API's own form, by field name; an empty field is absent."""
Place = tuple[str, str]
"""(SystemModstamp, Id)."""

FIRST: Place = ("", "")
LAST: Place = ("~", "~")


@dataclass(slots=True)
class Table:
    """Rows by id. A row is never changed in place: ``put`` a new one."""

    sobject: Sobject
    rows: dict[str, Row] = field(default_factory=dict)
    order: list[Place] = field(default_factory=list)
    keys: dict[str, dict[str, str]] = field(default_factory=dict)
    """For each external id field: its values, and the record that has each."""
    keeps_unique: bool = True
    """Whether a value of a unique field is refused a second time, as it should be."""
    gone: list[Place] = field(default_factory=list)
    """When which record was deleted."""

    def put(self, row: Row) -> None:
        """Add or replace a row."""
        old = self.rows.get(row["Id"])
        if old is not None:
            self._forget(old)
        self.rows[row["Id"]] = row
        insort(self.order, (row["SystemModstamp"], row["Id"]))
        for column in self.sobject.columns.values():
            if column.external_id and column.name in row and not row.get("IsDeleted"):
                self.keys.setdefault(column.name, {})[row[column.name]] = row["Id"]

    def remove(self, record_id: str) -> None:
        """Take a row out for good."""
        self._forget(self.rows.pop(record_id))

    def holder(self, column: str, value: str) -> str | None:
        """The living record that has this external id."""
        return self.keys.get(column, {}).get(value)

    def between(self, low: Place, high: Place, *, down: bool = False) -> Iterator[Row]:
        """The rows from ``low`` to ``high``, both included, in order."""
        start = bisect_left(self.order, low)
        stop = bisect_left(self.order, (high[0], high[1] + "\x00"))
        places = range(stop - 1, start - 1, -1) if down else range(start, stop)
        for place in places:
            yield self.rows[self.order[place][1]]

    def _forget(self, row: Row) -> None:
        del self.order[bisect_left(self.order, (row["SystemModstamp"], row["Id"]))]
        for name, values in self.keys.items():
            if values.get(row.get(name, "")) == row["Id"]:
                del values[row[name]]
