"""Hints may be lost, doubled, late, out of order or false: the mirror ends the same, and no object
is read more often than the gap allows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import select

from connectors.base import Hint, HookRefusedError
from connectors.hubspot.webhooks import Webhooks
from routing.nouns import Account, Person
from tests.contract.hint_office import GAP, Desk, HandClock
from worker.store.engine import Store
from worker.store.mirror import table_of

_NAMES = ("people", "accounts", "contacts", "out_of_office", "yachts", "")
_hints = st.builds(
    lambda names, settle: ("hint", names, settle),
    st.lists(st.sampled_from(_NAMES), max_size=3),
    st.sampled_from((0.0, 4.0)),
)
_steps = st.lists(
    st.one_of(
        _hints,
        st.tuples(st.just("wait"), st.sampled_from((0.2, 1.0, 3.0, 7.0, 31.0))),
        st.tuples(st.just("edit"), st.integers(0, 5)),
        st.tuples(st.just("back"), st.sampled_from((2.0, 40.0))),
    ),
    max_size=14,
)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path) -> Iterator[list[Desk]]:
    """Two workers over one folder: the first hears hints, the second polls alone."""
    folder = tmp_path_factory.mktemp("harm")
    clock = HandClock()
    made = []
    for name in ("hinted", "polling"):
        copyfile(_migrated_file, folder / f"{name}.db")
        store = Store(f"sqlite:///{folder / name}.db")
        made.append(Desk(store, folder / "crm", clock=clock))
        made[-1].mirror()
    yield made
    for one in made:
        one.store.close()


def held(desk: Desk) -> list[set[tuple[str, str]]]:
    """What the mirror says, without when it was seen."""
    found = []
    with desk.store.read() as conn:
        for noun in (Person, Account):
            table = table_of(noun)
            rows = conn.execute(
                select(table.c.id, table.c.name).where(table.c.deleted_at.is_(None))
            )
            found.append({(str(one), str(name)) for one, name in rows})
    return found


def edit(desk: Desk, number: int) -> None:
    """Somebody changes the CRM."""
    path = desk.folder / "people.csv"
    lines = path.read_text().splitlines()
    parts = lines[1 + number % (len(lines) - 1)].split(",")
    parts[0] = f"Name {number} {desk.clock.now():%H%M%S}"
    lines[1 + number % (len(lines) - 1)] = ",".join(parts)
    path.write_text("\n".join(lines) + "\n")


@settings(max_examples=10, deadline=None)
@given(steps=_steps)
def test_the_mirror_ends_the_same_with_hints_and_without(
    pair: list[Desk], steps: list[tuple[object, ...]]
) -> None:
    hinted, polling = pair
    for desk in pair:
        desk.crm.reads.clear()
    begun = hinted.clock.now()
    passed = 0.0
    for kind, what, *more in steps:
        if kind == "hint":
            assert isinstance(what, list)
            hinted.hints.tell("fuzz", float(str(more[0])), Hint(objects=what, records=("x",)))
        elif kind == "edit":
            edit(hinted, int(str(what)))
        elif kind == "back":
            hinted.clock.forward(seconds=-float(str(what)))
        else:
            passed += float(str(what))
            both(pair, float(str(what)))
    at = max(begun, hinted.clock.now())
    hinted.clock.at = at
    for seconds in (31, 31):
        passed += seconds
        both(pair, seconds)
    assert held(hinted) == held(polling)
    for name in set(_NAMES[:4]):
        most = polling.crm.reads.count(name) + passed / GAP.total_seconds() + 2
        assert hinted.crm.reads.count(name) <= most + sum(one[0] == "back" for one in steps)


def both(pair: list[Desk], seconds: float) -> None:
    """Time passes for both."""
    pair[0].tick(seconds)
    pair[1].tick(0)


@settings(max_examples=30, deadline=None)
@given(
    body=st.binary(max_size=60),
    stamp=st.one_of(st.text(max_size=20), st.integers(0, 2**70).map(str)),
    signed=st.text(max_size=60),
    url=st.text(max_size=40),
)
def test_no_forged_call_is_ever_taken(body: bytes, stamp: str, signed: str, url: str) -> None:
    hook = Webhooks(SecretStr("secret"), 10)
    headers = {"x-hubspot-signature-v3": signed, "x-hubspot-request-timestamp": stamp}
    with pytest.raises(HookRefusedError):
        hook.take("POST", url, headers, body, datetime(2026, 11, 27, tzinfo=UTC))
