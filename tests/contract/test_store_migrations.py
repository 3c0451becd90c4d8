"""The migrations, and the uniqueness that they put into the schema, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Table, inspect, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from tests.waiting import PATIENCE
from worker.store.engine import Store, StoreError
from worker.store.migrate import migrate
from worker.store.tables import ACTIVITY, ALERT, DELIVERY, SIGNAL

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


@pytest.fixture
def empty_store(empty_store_url: str) -> Iterator[Store]:
    """A store that nobody has migrated yet."""
    opened = Store(empty_store_url)
    yield opened
    opened.close()


def test_a_migration_makes_every_table_and_a_second_one_changes_nothing(empty_store: Store) -> None:
    migrate(empty_store)
    migrate(empty_store)
    with empty_store.read() as conn:
        found = set(inspect(conn).get_table_names())
    assert found == {*SQLModel.metadata.tables, "alembic_version"}


def test_workers_that_start_at_once_migrate_once(empty_store_url: str) -> None:
    stores = [Store(empty_store_url) for _ in range(3)]
    failures: list[Exception] = []

    def start(store: Store) -> None:
        try:
            migrate(store)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=start, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    for store in stores:
        store.close()
    assert not failures


def test_the_migrated_tables_are_those_of_the_models(store: Store) -> None:
    with store.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []


def test_the_partial_indexes_are_partial_on_both_databases(store: Store) -> None:
    """The comparison with the models looks at columns only, so the conditions are read here."""
    with store.read() as conn:
        found = {
            (table, index["name"]): index["dialect_options"].get(f"{conn.dialect.name}_where")
            for table in SQLModel.metadata.tables
            for index in inspect(conn).get_indexes(table)
        }
    wanted = {
        (table.name, index.name)
        for table in SQLModel.metadata.tables.values()
        for index in table.indexes
        if index.dialect_options["sqlite"]["where"] is not None
    }
    assert wanted
    assert [key for key in sorted(wanted) if found[key] is None] == []


def test_a_store_of_a_newer_hotlead_is_refused_with_the_mend(store: Store) -> None:
    with store.write() as tx:
        tx.conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"made by a newer Hotlead .* upgrade this installation"):
        migrate(store)


def _signal(**changes: Any) -> dict[str, Any]:
    row = {"source": "tracker", "event_id": "e1", "kind": "open", "prospect_email": "a@example.com"}
    return {**_defaults(SIGNAL), **row, "occurred_at": NOW, "received_at": NOW, **changes}


def _alert(**changes: Any) -> dict[str, Any]:
    row = {"id": "A1", "dedup_key": "thread-1", "open": True, "week": {}, "fired_at": NOW}
    return {**_defaults(ALERT), **row, **changes}


def _delivery(**changes: Any) -> dict[str, Any]:
    row = {"id": "D1", "alert_id": "A1", "place": "slack:C1", "rung": 0, "round": 0}
    return {**_defaults(DELIVERY), **row, "next_attempt_at": NOW, "created_at": NOW, **changes}


def _activity(**changes: Any) -> dict[str, Any]:
    row = {"key": "K1", "alert_id": "A1", "next_attempt_at": NOW}
    return {**_defaults(ACTIVITY), **row, **changes}


def _defaults(table: Table) -> dict[str, Any]:
    """'', 0 or [] for every column that must not be NULL."""
    empty = {"VARCHAR": "", "INTEGER": 0, "BOOLEAN": False, "JSON": []}
    return {
        column.name: empty.get(str(column.type))
        for column in table.columns
        if not column.nullable and not (column.primary_key and column.autoincrement is True)
        if str(column.type) in empty
        if not (column.primary_key and str(column.type) == "INTEGER")
    }


@pytest.mark.parametrize(
    ("table", "first", "same"),
    [
        (SIGNAL, _signal(), _signal(kind="reply")),
        (ALERT, _alert(), _alert(id="A2")),
        (ALERT, _alert(open=False), _alert(dedup_key="thread-2")),
        (DELIVERY, _delivery(), _delivery(id="D2")),
        (ACTIVITY, _activity(), _activity(alert_id="A2")),
        (ACTIVITY, _activity(), _activity(key="K2")),
    ],
    ids=[
        "a signal by source and id",
        "an open alert by its key",
        "an alert by its id",
        "a delivery by alert, rung, round and place",
        "an activity by its key",
        "an activity by its alert",
    ],
)
def test_the_schema_refuses_a_second(
    store: Store, table: Table, first: dict[str, Any], same: dict[str, Any]
) -> None:
    with store.write() as tx:
        tx.conn.execute(table.insert().values(first))
    with pytest.raises(IntegrityError), store.write() as tx:
        tx.conn.execute(table.insert().values(same))


@pytest.mark.parametrize(
    ("table", "first", "another"),
    [
        (SIGNAL, _signal(), _signal(source="crm")),
        (SIGNAL, _signal(), _signal(event_id="e2")),
        (ALERT, _alert(open=False), _alert(id="A2", open=False)),
        (ALERT, _alert(open=False), _alert(id="A2")),
        (ALERT, _alert(), _alert(id="A2", dedup_key="thread-2")),
        (DELIVERY, _delivery(), _delivery(id="D2", rung=1)),
        (DELIVERY, _delivery(), _delivery(id="D2", round=1)),
        (DELIVERY, _delivery(), _delivery(id="D2", place="slack:C2")),
        (DELIVERY, _delivery(), _delivery(id="D2", alert_id="A2")),
        (ACTIVITY, _activity(), _activity(key="K2", alert_id="A2")),
    ],
)
def test_the_schema_admits_what_differs(
    store: Store, table: Table, first: dict[str, Any], another: dict[str, Any]
) -> None:
    with store.write() as tx:
        tx.conn.execute(table.insert().values(first))
        tx.conn.execute(table.insert().values(another))
