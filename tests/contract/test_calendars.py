"""One suite for every kind of calendar: the same entries are the same absences, wherever kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.errors import ConnectorError
from connectors.sandbox.diary import Entry
from routing.nouns import OutOfOffice, Person
from tests.contract.calendar_kit import ANN, BEN, KINDS, NOW, Desk, desk_of, people, rows
from tests.contract.flow_kit import Office
from tests.contract.flow_kit import rows as table_rows
from tests.story.world import small_policy
from worker.doctor.absences import absence_checks
from worker.secrets import load_secrets
from worker.settings import load_settings, missing_secrets
from worker.store.mirror import table_of
from worker.store.tables import RECEIPT


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(request.param, tmp_path) as made:
        yield made


def day(first: int, last: int, month: int = 11, **more: Any) -> Entry:
    """Whole days, the last one exclusive."""
    start, end = date(2026, month, first), date(2026, month, last)
    values = {"id": f"d{month}-{first}", "title": "Leave", "shown": "oof"} | more
    return Entry(start=start, end=end, **values)


def hours(first: datetime, length: float, zone: str = "America/New_York", **more: Any) -> Entry:
    values = {"id": f"h{first:%d%H}", "title": "Dentist", "shown": "oof", "zone": zone} | more
    return Entry(start=first, end=first + timedelta(hours=length), **values)


def clock(text: str, month: int = 11) -> datetime:
    """A time on whichever clock."""
    return datetime.fromisoformat(f"2026-{month}-{text}")


def spans(desk: Desk, **more: Any) -> list[tuple[str, str]]:
    """The absences as (start, end) in UTC."""
    found = rows(desk.reader(**more))
    assert len({one.id for one in found}) == len(found)
    return sorted((f"{one.starts_at:%d %H:%M}", f"{one.ends_at:%d %H:%M}") for one in found)


def test_whole_days_are_the_owners_own_and_their_end_is_the_return(desk: Desk) -> None:
    desk.put(ANN, day(2, 4))
    desk.put(BEN, day(2, 3))
    assert spans(desk) == [("01 15:00", "02 15:00"), ("02 05:00", "04 05:00")]


def test_a_day_on_which_clocks_change_has_its_own_length(desk: Desk) -> None:
    desk.put(ANN, day(1, 2))
    assert spans(desk) == [("01 04:00", "02 05:00")]  # 25 hours


def test_a_part_of_a_day_is_on_the_clock_of_its_zone(desk: Desk) -> None:
    desk.put(ANN, hours(clock("02T13"), 4))
    desk.put(ANN, hours(clock("03T13"), 4, "Europe/Berlin"))
    assert spans(desk) == [("02 18:00", "02 22:00"), ("03 12:00", "03 16:00")]


def test_an_absence_under_way_counts_and_one_that_is_over_or_far_ahead_does_not(
    desk: Desk,
) -> None:
    desk.put(ANN, day(1, 6, month=10, id="over"))
    desk.put(ANN, day(20, 31, month=10, id="now"))
    desk.put(ANN, day(28, 30, month=12, id="far"))
    assert spans(desk) == [("20 04:00", "31 04:00")]


def test_a_series_keeps_its_hour_over_the_change_of_clocks_and_its_exceptions(desk: Desk) -> None:
    third, fifth = clock("06T13"), clock("20T13")
    moved = hours(clock("19T09"), 2, id="m")
    series = hours(clock("23T13", 10), 4, weekly=6, without=(third,))
    desk.put(ANN, replace(series, moved=((fifth, moved),)))
    assert spans(desk) == [
        ("13 18:00", "13 22:00"),
        ("19 14:00", "19 16:00"),
        ("27 18:00", "27 22:00"),
        ("30 17:00", "30 21:00"),
    ]


@pytest.mark.parametrize(
    ("changed", "away"),
    [
        ({}, True),
        ({"shown": "busy", "title": "Standup"}, False),
        ({"shown": "free", "title": "Out of office"}, False),
        ({"cancelled": True}, False),
        ({"answer": "declined"}, False),
        ({"answer": "none"}, False),
        ({"answer": "tentative"}, False),
        ({"answer": "accepted"}, True),
    ],
)
def test_what_means_away(desk: Desk, changed: dict[str, Any], *, away: bool) -> None:
    desk.put(ANN, day(2, 3, **changed))
    assert bool(spans(desk)) is away


def test_a_private_title_is_not_kept_and_another_is_and_both_name_their_source(desk: Desk) -> None:
    desk.put(ANN, day(2, 3, title="Surgery", private=True))
    desk.put(ANN, day(4, 5, title="Lisbon"))
    found = sorted(rows(desk.reader()), key=lambda one: one.starts_at)
    assert [one.note for one in found] == ["", "Lisbon"]
    assert {one.source for one in found} == {f"calendar:{desk.kind}"}
    assert {one.person_id for one in found} == {ANN}


def test_what_is_read_again_is_the_same_and_what_is_gone_is_gone(desk: Desk) -> None:
    desk.put(ANN, day(2, 3))
    reader = desk.reader()
    assert rows(reader) == rows(reader)
    desk.put(ANN, day(4, 5))
    assert len(rows(reader)) == 2


def test_a_calendar_that_fails_keeps_what_it_said_and_is_unread_alone(desk: Desk) -> None:
    desk.put(ANN, day(2, 3))
    kept = OutOfOffice(
        id="x",
        person_id=BEN,
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW + timedelta(days=1),
        source=f"calendar:{desk.kind}",
    )
    desk.held += [kept, replace(kept, id="y", ends_at=NOW - timedelta(hours=1))]
    desk.break_one(BEN)
    reader = desk.reader()
    assert sorted(one.person_id for one in rows(reader)) == [ANN, BEN]
    told = people(reader)
    assert (told[ANN], told[BEN]) == (True, False)
    (note,) = reader.notes
    assert note.startswith(f"the calendar of {BEN} cannot be read, what it said before counts")
    checks = {one.name: one for one in reader.checks()}
    title = f"absences {reader.name.replace('_', ' ')}"
    assert (checks[title].state, checks[title].text) == ("ok", "1 of 2 calendars are read")
    assert (checks[f"{title} {BEN}"].state, bool(checks[f"{title} {BEN}"].mend)) == ("warn", True)


def test_when_no_calendar_can_be_read_the_read_fails_and_names_one(desk: Desk) -> None:
    for who in (ANN, BEN):
        desk.break_one(who)
    reader = desk.reader()
    with pytest.raises(
        ConnectorError, match=f"no calendar can be read; the calendar of ({ANN}|{BEN})"
    ):
        rows(reader)
    assert {who: people(reader)[who] for who in (ANN, BEN)} == {ANN: False, BEN: False}


def test_who_is_no_person_of_ours_is_not_asked(desk: Desk) -> None:
    reader = desk.reader()
    desk.people[:] = [Person(id="x", email=BEN, name="Ben")]
    desk.put(ANN, day(2, 3))
    desk.put(BEN, day(2, 3))
    assert [one.person_id for one in rows(reader)] == ["x"]


def test_times_of_absences_are_in_utc(desk: Desk) -> None:
    desk.put(ANN, hours(clock("02T13"), 4))
    (one,) = rows(desk.reader())
    assert one.starts_at.tzinfo is UTC
    assert one.ends_at.tzinfo is UTC


def test_a_calendar_sends_the_next_alert_to_the_backup_and_doctor_names_who_has_none(
    desk: Desk, tmp_path: Path
) -> None:
    with Office(tmp_path, f"sqlite:///{tmp_path}/store.db", more_env=desk.env()) as office:
        today = office.clock.now().date()
        end = today + timedelta(days=2)
        desk.put(ANN, Entry(id="1", title="Leave", start=today, end=end, shown="oof"))
        worker = office.worker(calendars=desk.settings())
        (row,) = table_rows(worker, table_of(OutOfOffice))
        assert row["source"] == f"calendar:{desk.kind}"
        office.post(worker, office.body())
        assert worker.settle()
        assert f"calendar:{desk.kind}" in office.texts("ben")[0]
        assert office.texts("ann") == []
        (receipt,) = table_rows(worker, RECEIPT)
        own = {one: set(read) for one, read in receipt["snapshot"]["own_sources"].items()}
        assert own[ANN] == own[BEN] == {"calendar"}

        desk.break_one(BEN)
        parts = (worker.settings, load_secrets(desk.env()), worker.store, office.clock)
        told = {one.name: one for one in absence_checks(*parts, mute=("slack",))}
        title = {"ics": "absences calendar"}.get(desk.kind, f"absences {desk.kind} calendar")
        assert told[title].state == "ok"
        assert f"the calendar of {BEN} cannot be read" in told[f"{title} {BEN}"].text


def test_a_calendar_without_its_secret_is_named(desk: Desk, tmp_path: Path) -> None:
    rules = {"crm": "csv", "csv": {"folder": "crm"}, "policy": small_policy()}
    path = tmp_path / "hotlead.yaml"
    path.write_text(json.dumps(rules | {"calendars": desk.settings()}))
    missing = missing_secrets(load_settings(path), load_secrets({}))
    assert [one for one in missing if "SLACK" not in one] == list(desk.env())
