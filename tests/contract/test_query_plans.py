"""No statement of a decision, and none that the clock asks each second, looks at a whole table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Connection, event

from routing.nouns import Person
from worker.board import board
from worker.brief import make_briefs
from worker.context import Context
from worker.outbox import anything_due, next_due, sweep
from worker.store import fact_queries as query
from worker.store.engine import Store
from worker.store.migrate import migrate
from worker.store.mirror import table_of
from worker.store.reviews import ANY_OPEN
from worker.store.statements import add_unless_there

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TEXTS = ("email", "prospect_id", "account_id", "name", "key", "alert_id")
LISTS = ("ids", "emails", "deal_ids", "domains", "names", "people", "turns", "objects")
TIMES = ("now", "after", "before", "moment", "since", "a_day_ago")
GIVEN: dict[str, Any] = {
    **dict.fromkeys(TEXTS, "x"),
    **{name: ["x", "y"] for name in LISTS},
    **dict.fromkeys(TIMES, NOW),
}
SMALL = ("watermark", "read_span", "person")
"""Tables that do not grow with contacts, signals or alerts; people by name of their queue."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = Store(f"sqlite:///{tmp_path_factory.mktemp('plans') / 'hotlead.db'}")
    migrate(store)
    return store


def scans(store: Store, act: Callable[[Connection], object]) -> list[str]:
    """The whole tables that SQLite looks at for what ``act`` asks; an index's few rows are none."""
    asked: list[tuple[str, Any]] = []

    def heard(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        asked.append((statement, parameters))

    with store.read() as conn:
        event.listen(conn.engine, "before_cursor_execute", heard)
        try:
            act(conn)
        finally:
            event.remove(conn.engine, "before_cursor_execute", heard)
        cursor = conn.connection.cursor()
        plans = [
            row[3]
            for statement, parameters in asked
            if statement.startswith("SELECT")
            for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall()
        ]
    assert plans
    whole = (one.removeprefix("SCAN ") for one in plans if one.startswith("SCAN "))
    return [one for one in whole if one.partition(" ")[0] not in (*SMALL, "anon_1")]


def facts_asked() -> dict[str, query.Query]:
    found: dict[str, query.Query] = {}
    for view in (query.NOW, query.AS_OF):
        which = "now" if view is query.NOW else "as of"
        for name in view.__dataclass_fields__:
            asked = getattr(view, name)
            several = asked if isinstance(asked, dict) else {None: asked}
            for noun, one in several.items():
                found[f"{which}: {name} {noun.__name__ if noun else ''}"] = one
    names = ("LAST_READS", "READS_AS_OF", "PERSON_OF_EMAIL", "OPEN_ALERT", "ALERT_AS_OF")
    found |= {name: getattr(query, name) for name in (*names, "LOADS", "TURNS", "TO_BE_READ")}
    for name in ("PERSON_READS", "PERSON_READS_AS_OF"):
        found[name] = getattr(query, name).where(query.READ_OF_THESE)
    return found


@pytest.mark.parametrize("name", facts_asked())
def test_a_fact_is_found_by_an_index(made: Store, name: str) -> None:
    asked = facts_asked()[name]
    found = scans(made, lambda conn: conn.execute(asked, GIVEN).all())
    assert [one for one in found if not one.startswith("person_history")] == []


def test_a_change_of_the_mirror_looks_at_open_alerts_alone(made: Store) -> None:
    found = scans(made, lambda conn: conn.execute(ANY_OPEN).all())
    assert [one for one in found if "USING" not in one] == []


def test_what_is_due_is_found_by_an_index(made: Store) -> None:
    clock = SimpleNamespace(now=lambda: NOW)
    ctx = cast(Context, SimpleNamespace(store=made, clock=clock))
    scanned: list[str] = []
    for act in (sweep, anything_due, make_briefs, partial(next_due, before=NOW)):
        scanned += scans(made, lambda _, act=act: act(ctx))  # type: ignore[misc]
    assert [one for one in scanned if "USING" not in one] == []


@pytest.mark.parametrize("asked", [{}, {"rep": "ann@team.example"}, {"team": "ann@team.example"}])
def test_the_board_looks_at_what_is_open_and_what_came_lately_alone(
    made: Store, asked: dict[str, str]
) -> None:
    person = {"id": "u1", "email": "ann@team.example", "name": "Ann", "object": "users"}
    with made.write() as tx:
        add_unless_there(
            tx, table_of(Person), person | {"seen_at": NOW, "seen_in": "", "fields": {}}, "id"
        )
    clock, policy = SimpleNamespace(now=lambda: NOW), SimpleNamespace(hash="")
    known = {"store": made, "clock": clock, "policy": policy, "surfaces": {"slack": None}}
    ctx = cast(Context, SimpleNamespace(**known))
    found = set(scans(made, lambda _: board(ctx, **asked)))
    assert found <= {
        f"alert USING INDEX {name}" for name in ("one_open_alert_per_key", "alert_due")
    }
