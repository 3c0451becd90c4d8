"""One org: its objects, its rows, who is logged in, and what may be switched off."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from connectors.sandbox.salesforce import tables
from connectors.sandbox.salesforce.errors import Refusal
from connectors.sandbox.salesforce.ids import make_id
from connectors.sandbox.salesforce.metadata import Metadata
from connectors.sandbox.salesforce.objects import objects
from connectors.sandbox.salesforce.schema import Column, Sobject, columns, one_column
from connectors.sandbox.salesforce.table import Row, Table
from connectors.sandbox.salesforce.times import stamp

Watcher = Callable[[Sobject, Row | None, Row | None], None]
"""Told of each change: the object, the row before and the row after; None where there is none."""
FEATURES = frozenset({"account_teams", "bulk", "opportunity_teams", "out_of_office", "territories"})


class Org:
    """The state behind the API. Take ``lock`` around anything that reads or writes it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.lock = threading.RLock()
        self.features: set[str] = set(FEATURES)
        self.page_size = 2000
        self.daily_limit = 100_000
        self.calls = 0
        self.longest_list = 600_000
        """Ids that getUpdated and getDeleted list at most."""
        self.bulk_polls = 1
        """Looks at a bulk job until it is complete."""
        self.objects: dict[str, Sobject] = objects()
        self.tables = {name: Table(one) for name, one in self.objects.items()}
        self.metadata = Metadata()
        self._numbers = itertools.count(1)
        self.user_id = ""
        """The user that API clients run as."""
        self.org_id = ""
        self.is_sandbox = False
        """Whether this is a Salesforce sandbox, whose people log in at test.salesforce.com."""
        self.watchers: list[Watcher] = []

    def tell(self, sobject: Sobject, before: Row | None, after: Row | None) -> None:
        """Let those who watch know of a change."""
        for watcher in self.watchers:
            watcher(sobject, before, after)

    def zone(self) -> ZoneInfo:
        """The time zone of the user that API clients run as."""
        user = self.tables["user"].rows.get(self.user_id, {})
        return ZoneInfo(user.get("TimeZoneSidKey", "UTC"))

    def add_object(self, name: str, prefix: str, plural: str, table: str) -> None:
        """An admin makes a custom object; ``table`` as in ``tables``."""
        made = Sobject(
            name=name,
            prefix=prefix,
            plural=plural,
            columns=columns(
                f"{tables.ID}{tables.DELETED}OwnerId reference(User) cud\n"
                f"Name string(80) cunN\n{table}\n{tables.AUDIT}"
            ),
        )
        self.objects[name.lower()] = made
        self.tables[name.lower()] = Table(made)

    def add_field(
        self, sobject: str, line: str, formula: Callable[[Mapping[str, Any]], Any] | None = None
    ) -> None:
        """An admin makes a field; ``line`` as in ``tables``. A formula works out its value."""
        made: Column = replace(one_column(line), formula=formula)
        self.objects[sobject.lower()].columns[made.name.lower()] = made
        if made.type == "boolean" and formula is None:
            for row in self.tables[sobject.lower()].rows.values():
                row.setdefault(made.name, False)

    def sobject(self, name: str) -> Sobject | None:
        """The object of this name, in any case of letters, if the org has it."""
        found = self.objects.get(name.lower())
        if found is not None and found.feature and found.feature not in self.features:
            return None
        return found

    def table(self, name: str) -> Table:
        """The rows of an object; a refusal when the org has no such object."""
        found = self.sobject(name)
        if found is None:
            raise Refusal(404, "NOT_FOUND", "The requested resource does not exist")
        return self.tables[found.name.lower()]

    def find(self, record_id: str) -> tuple[Table, Row] | None:
        """The record with this id, whatever it is."""
        table = self.by_prefix(record_id)
        row = table.rows.get(record_id) if table else None
        return (table, row) if table and row else None

    def by_prefix(self, record_id: str) -> Table | None:
        """The table whose records' ids begin like this one."""
        found = (one for one in self.tables.values() if one.sobject.prefix == record_id[:3])
        return next(found, None)

    def new_id(self, prefix: str) -> str:
        """The id of the next record."""
        return make_id(prefix, next(self._numbers))

    def stamp(self) -> str:
        """The present moment as the API writes it."""
        return stamp(self.now())
