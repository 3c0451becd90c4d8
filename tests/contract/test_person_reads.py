"""When each person's calendar was read, and what a source that was never read is worth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from routing.availability import State, availability
from routing.nouns import OutOfOffice, Person, Signal, SignalKind
from routing.policy import Policy
from routing.snapshot import Snapshot
from tests.contract.flow_kit import csv_policy
from worker.store.engine import Store
from worker.store.facts import snapshot_as_of, snapshot_for
from worker.store.history import begin_history, note_read, purge_history
from worker.store.mirror import Read, upsert
from worker.store.person_reads import EVERYBODY, end_people, note_people, note_unread, own_reads
from worker.store.receipts import snapshot_from, to_json
from worker.store.tables import PERSON_READ, WATERMARK

START = datetime(2026, 11, 23, 15, tzinfo=UTC)
POLICY = Policy.model_validate(csv_policy())
ANN, BEN = "u-ann", "u-ben"
EVERY = 300.0


def later(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.fixture
def team(store: Store) -> Store:
    people = [
        Person(id=ANN, email="ann@team.example", name="Ann", backup_id=BEN),
        Person(id=BEN, email="ben@team.example", name="Ben"),
    ]
    with store.write() as tx:
        begin_history(tx, START)
        upsert(tx, Person, "users", people, Read(1, START), START)
        for name in ("users", "slack_status", "calendar"):
            row = {"object": name, "crm": "x", "since": START, "next_at": START, "records": 0}
            tx.conn.execute(WATERMARK.insert().values(error="", reads=0, lease_of=0, **row))
    return store


Note = Callable[[float, dict[str, bool]], None]


@pytest.fixture
def note(team: Store) -> Note:
    def done(minutes: float, people: dict[str, bool]) -> None:
        with team.write() as tx:
            note_people(tx, "calendar", people, later(minutes), EVERY)
            note_read(tx, "slack_status", later(minutes), EVERY)
            note_read(tx, "calendar", later(minutes), EVERY)
            its = WATERMARK.update().where(WATERMARK.c.object.in_(("calendar", "slack_status")))
            tx.conn.execute(its.values(finished_at=later(minutes)))

    return done


def facts(store: Store, minutes: float, *, as_of: bool = False) -> Snapshot:
    now = later(minutes)
    signal = Signal(
        source="t",
        event_id="1",
        kind=SignalKind.OPEN,
        prospect_email="x@y.example",
        occurred_at=now,
        received_at=now,
        sending_rep="ann@team.example",
    )
    with store.read() as conn:
        if as_of:
            return snapshot_as_of(conn, signal, POLICY, now)
        return snapshot_for(conn, signal, POLICY, now)


def stands(snapshot: Snapshot, who: str, minutes: float) -> tuple[State, tuple[str, ...]]:
    found = availability(snapshot.people[who], snapshot, POLICY, later(minutes))
    return found.state, found.notes


def test_a_source_that_is_set_up_and_was_never_read_makes_nobody_available(team: Store) -> None:
    snapshot = facts(team, 1)
    assert snapshot.sources == {"slack": None, "calendar": None}
    state, notes = stands(snapshot, ANN, 1)
    assert state is State.UNKNOWN
    assert set(notes) == {"slack was not read yet", "calendar was not read yet"}
    assert facts(team, 1, as_of=True).sources == snapshot.sources


def test_one_persons_unread_calendar_is_theirs_alone(team: Store, note: Note) -> None:
    note(0, {ANN: False, BEN: True})
    note(5, {ANN: False, BEN: True})
    for as_of in (False, True):
        snapshot = facts(team, 6, as_of=as_of)
        assert stands(snapshot, ANN, 6) == (State.UNKNOWN, ("calendar was not read yet",))
        assert stands(snapshot, BEN, 6)[0] is State.AVAILABLE
    note(10, {ANN: True, BEN: False})
    snapshot = facts(team, 41)
    assert stands(snapshot, ANN, 40)[0] is State.AVAILABLE
    said = "calendar was not read since 2026-11-23 15:05 UTC"
    assert said in stands(facts(team, 40), BEN, 40)[1]
    assert "calendar" not in snapshot.sources


def test_what_a_receipt_keeps_is_read_back_and_an_older_one_still_is(
    team: Store, note: Note
) -> None:
    note(0, {ANN: False, BEN: True})
    kept = to_json(facts(team, 1))
    assert snapshot_from(kept).own_sources == {ANN: {"calendar": None}, BEN: {"calendar": START}}
    del kept["own_sources"]
    assert snapshot_from(kept).own_sources == {}


def test_who_ought_to_have_a_calendar_and_was_not_tried_is_not_surely_there(
    team: Store, note: Note
) -> None:
    note(0, {EVERYBODY: False, BEN: True})
    snapshot = facts(team, 1)
    assert stands(snapshot, ANN, 1)[0] is State.UNKNOWN
    assert stands(snapshot, BEN, 1)[0] is State.AVAILABLE


def test_who_has_no_calendar_any_more_is_not_waited_for(team: Store, note: Note) -> None:
    note(0, {ANN: False, BEN: True})
    note(5, {BEN: True})
    assert stands(facts(team, 6), ANN, 6)[0] is State.AVAILABLE
    assert stands(facts(team, 4, as_of=True), ANN, 4)[0] is State.UNKNOWN
    with team.write() as tx:
        end_people(tx, "calendar", later(7))
    assert facts(team, 8).own_sources == {}


def test_a_read_that_broke_off_says_who_was_never_read_and_ends_nobody(
    team: Store, note: Note
) -> None:
    note(0, {BEN: True})
    with team.write() as tx:
        note_unread(tx, "calendar", [ANN, BEN], later(5))
        note_unread(tx, "calendar", [ANN], later(6))
    with team.read() as conn:
        assert own_reads(conn, (), None) == {"calendar": {ANN: None, BEN: START}}


def test_an_absence_is_as_old_as_its_own_calendar(team: Store, note: Note) -> None:
    rows = [
        OutOfOffice(
            id=f"calendar:{who}",
            person_id=who,
            starts_at=START,
            ends_at=later(600),
            source="calendar:ics",
        )
        for who in (ANN, BEN)
    ]
    with team.write() as tx:
        upsert(tx, OutOfOffice, "calendar", rows, Read(1, START), START)
    note(0, {ANN: True, BEN: True})
    note(5, {ANN: True, BEN: False})
    seen = {row.person_id: row.seen_at for row in facts(team, 6).out_of_office}
    assert seen == {ANN: later(5), BEN: START}


def test_reads_that_follow_each_other_are_one_row_and_old_ones_are_forgotten(
    team: Store, note: Note
) -> None:
    for minutes in (0, 5, 10, 60, 65):
        note(minutes, {ANN: True})
    with team.read() as conn:
        rows = conn.execute(select(PERSON_READ).order_by(PERSON_READ.c.first_at)).mappings().all()
    spans = [(row["first_at"], row["last_at"], row["longest"]) for row in rows]
    assert spans == [(START, later(10), EVERY), (later(60), later(65), EVERY)]
    assert rows[0]["until"] == later(60)
    assert facts(team, 7, as_of=True).own_sources[ANN]["calendar"] == later(2)
    assert sum(purge_history(team, later(61))) == 3
    assert facts(team, 66).own_sources[ANN]["calendar"] == later(65)
