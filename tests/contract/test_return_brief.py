"""Return briefs: one message in the first working hour back, about what went past somebody."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.sandbox.slack.blockkit import check_blocks
from routing.nouns import OutOfOffice
from routing.receipt import Place
from tests.contract.flow_kit import (
    MakeOffice,
    Office,
    csv_policy,
    make_office,
    only_alert,
    rows,
    shared_office,
    wiped,
)
from tests.contract.test_flow_races import at_once
from worker.audit import audit
from worker.brief import make_briefs
from worker.manual import set_away, set_back
from worker.press import handle_press
from worker.run import Worker
from worker.store.alerts import add_message, get_alert
from worker.store.facts import person_by_email
from worker.store.mirror import Read, tombstone, upsert
from worker.store.tables import ALERT, DELIVERY, RETURN_BRIEF, ROUTED_PAST

__all__ = ["make_office"]
MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 11, day, 15, 0, tzinfo=UTC) for day in (23, 24, 25))
NINE = WEDNESDAY.replace(hour=14)
"""09:00 in New York."""
MIDNIGHT = WEDNESDAY.replace(hour=5)
HOURS = {"time_zone": "America/New_York", "start": "09:00", "end": "18:00"}
POLICY = csv_policy() | {"working_hours": HOURS}
SLOW: dict[str, Any] = {"clock": {"brief_seconds": 3600}}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Worker]]:
    with shared_office(tmp_path_factory, policy=POLICY) as office:
        yield office, office.worker(**SLOW)


@pytest.fixture
def desk(shared: tuple[Office, Worker]) -> Desk:
    office, worker = shared
    wiped(worker)
    made = Desk(office, worker)
    made.go(MONDAY)
    made.forget()
    return made


class Desk:
    """An office at which Ann comes and goes."""

    def __init__(self, office: Office, worker: Worker) -> None:
        self.office = office
        self.worker = worker
        with worker.store.read() as conn:
            found = {
                key: person_by_email(conn, f"{key}@team.example") for key in ("ann", "ben", "cid")
            }
        self.ids = {key: one.id for key, one in found.items() if one is not None}
        self._before = len(office.texts("ann"))

    def forget(self) -> None:
        """Nobody is away, as of now."""
        known = [f"{name}:{key}" for name in ("manual", "calendar", "crm") for key in self.ids]
        with self.worker.store.write() as tx:
            for name in ("manual", "calendar", "crm"):
                tombstone(tx, OutOfOffice, name, known, Read(99, MONDAY), self.now)

    @property
    def now(self) -> datetime:
        return self.office.clock.now()

    def go(self, moment: datetime) -> None:
        """Also back in time, for the next test."""
        self.office.clock.forward(moment - self.now)

    def away(self, until: datetime, *, who: str = "ann", source: str = "manual") -> None:
        """One row for each source, which a second call changes."""
        row = OutOfOffice(
            id=f"{source}:{who}",
            person_id=self.ids[who],
            starts_at=MONDAY - timedelta(hours=1),
            ends_at=until,
            source=source,
        )
        with self.worker.store.write() as tx:
            upsert(tx, OutOfOffice, source, [row], Read(100, MONDAY), self.now)

    def fire(self, email: str = "dana@acme.example", **more: Any) -> dict[str, Any]:
        self.office.post(self.worker, self.office.body(email, **more))
        assert self.worker.settle()
        return next(row for row in rows(self.worker) if row["prospect_email"] == email)

    def tick(self) -> list[dict[str, Any]]:
        """The clock's job; all messages that Ann has had in this test."""
        make_briefs(self.worker.ctx)
        assert self.worker.settle()
        return self.messages()

    def messages(self) -> list[dict[str, Any]]:
        return self.office.slack.messages("ann@team.example")[self._before :]

    def brief(self) -> str:
        (message,) = self.messages()
        return json.dumps(message["blocks"], ensure_ascii=False)


def test_whoever_is_back_reads_what_went_to_whom_who_answered_and_what_is_open(desk: Desk) -> None:
    desk.away(MIDNIGHT)
    desk.fire(thread={"id": "t1", "url": "https://mail.example/dana"})
    answered = desk.fire("p0@acme.example")
    desk.fire("cora@contoso.example")
    desk.go(MONDAY + timedelta(minutes=12))
    call = desk.office.body("p0@acme.example", type="rep_call", time=desk.now.isoformat())
    desk.office.post(desk.worker, call | {"sending_rep": "ben@team.example"})
    assert desk.worker.settle()
    assert desk.tick() == []
    desk.go(NINE - timedelta(minutes=1))
    assert desk.tick() == []
    desk.go(NINE + timedelta(seconds=30))
    assert len(desk.tick()) == 1
    text = desk.brief()
    assert "Welcome back: 2 alerts went past you" in text
    assert "Since Mon 23 Nov 10:00 EST" in text
    assert "1 waiting, 1 answered" in text
    assert "*Acme*" in text
    assert "Contoso" not in text, "that one is Cid's"
    assert "Mon 23 Nov 10:00 to Ben (your backup)" in text
    assert "Answered by" in text
    assert "after 12 minutes (call), Mon 10:12 EST" in text
    assert "<https://mail.example/dana|Open thread>" in text
    assert text.index("Dana Reed") < text.index("P 0"), "what is open comes first"
    with desk.worker.store.read() as conn:
        row = get_alert(conn, answered["id"])
    assert row is not None
    assert abs(row["latency_minutes"] - 12) < 1, "a brief is no part of any latency"
    found = audit(desk.worker.ctx)
    assert (found.ok, found.alerts, found.received) == (True, 3, 4)


def test_a_brief_is_sent_once_whatever_the_clock_does(desk: Desk) -> None:
    desk.away(MIDNIGHT)
    desk.fire()
    desk.go(NINE)
    at_once(*[lambda: make_briefs(desk.worker.ctx)] * 6)
    for hours in (0, 1, 24):
        desk.go(NINE + timedelta(hours=hours))
        assert len(desk.tick()) == 1
    assert len(rows(desk.worker, RETURN_BRIEF)) == 1


def test_who_missed_nothing_is_told_nothing(desk: Desk) -> None:
    desk.away(MIDNIGHT)
    desk.fire("cora@contoso.example")
    desk.go(NINE)
    assert desk.tick() == []
    assert rows(desk.worker, ROUTED_PAST) == []


def test_an_absence_that_grows_shrinks_or_is_called_off_ends_when_it_ends(desk: Desk) -> None:
    desk.away(MIDNIGHT)
    desk.fire()
    desk.away(MIDNIGHT + timedelta(days=1))
    desk.go(NINE)
    assert desk.tick() == []
    desk.away(NINE + timedelta(hours=3))
    desk.go(NINE + timedelta(hours=2, minutes=59))
    assert desk.tick() == []
    desk.forget()
    assert len(desk.tick()) == 1


def test_absences_of_several_sources_that_follow_each_other_are_one(desk: Desk) -> None:
    desk.away(TUESDAY)
    desk.fire()
    desk.away(NINE + timedelta(hours=1), source="calendar")
    desk.go(TUESDAY + timedelta(minutes=5))
    desk.fire("p0@acme.example")
    assert desk.tick() == []
    desk.go(NINE + timedelta(hours=1))
    assert len(desk.tick()) == 1
    assert "2 alerts" in desk.brief()


def test_a_second_absence_has_a_brief_of_its_own_that_tells_of_it_alone(desk: Desk) -> None:
    desk.away(MONDAY + timedelta(hours=1))
    desk.fire()
    desk.go(MONDAY + timedelta(hours=1))
    assert len(desk.tick()) == 1
    desk.away(NINE)
    desk.fire("p0@acme.example")
    desk.go(NINE)
    first, second = desk.tick()
    assert "Dana Reed" in json.dumps(first)
    assert "P 0" in json.dumps(second)
    assert "Dana Reed" not in json.dumps(second)


def test_the_word_that_somebody_is_back_brings_the_brief(desk: Desk) -> None:
    with desk.worker.store.write() as tx:
        set_away(tx, desk.ids["ann"], desk.now, NINE, "ann", "", desk.now)
    desk.away(NINE, source="calendar")
    desk.fire()
    desk.go(TUESDAY)
    assert desk.tick() == []
    with desk.worker.store.write() as tx:
        set_back(tx, desk.ids["ann"], desk.now + timedelta(hours=9), "ann", desk.now)
    assert len(desk.tick()) == 1
    with desk.worker.store.write() as tx:
        tombstone(
            tx,
            OutOfOffice,
            "manual",
            [one["id"] for one in _manual(desk)],
            Read(99, MONDAY),
            desk.now,
        )


def _manual(desk: Desk) -> Sequence[dict[str, Any]]:
    from worker.store.mirror import table_of

    return [row for row in rows(desk.worker, table_of(OutOfOffice)) if row["object"] == "manual"]


def test_what_is_taken_in_the_brief_is_taken_and_the_brief_shows_it(desk: Desk) -> None:
    desk.away(MIDNIGHT)
    alert = desk.fire()
    desk.go(NINE)
    (message,) = desk.tick()
    buttons = [one["accessory"] for one in message["blocks"] if "accessory" in one]
    assert [(one["action_id"], one["value"]) for one in buttons] == [("acknowledge", alert["id"])]
    press = desk.office.press("ann", alert["id"], "acknowledge", message=message)
    handle_press(desk.worker.ctx, press)
    assert desk.worker.settle()
    assert only_alert(desk.worker)["holder_name"] == "Ann"
    text = desk.brief()
    assert "Ann is on it" in text
    assert "1 in hand" in text


def test_an_alert_that_went_on_to_another_assignee_is_told_of_as_such(desk: Desk) -> None:
    desk.away(MIDNIGHT)
    alert = desk.fire()
    path = desk.office.folder / "crm" / "accounts.csv"
    before = path.read_text()
    path.write_text(before.replace("ann@team.example", "cid@team.example"))
    desk.worker.sync_all()
    desk.go(MONDAY + timedelta(minutes=2))
    assert desk.worker.settle()
    path.write_text(before)
    with desk.worker.store.read() as conn:
        row = get_alert(conn, alert["id"])
    assert row is not None
    assert row["assignee_name"] == "Cid"
    desk.go(NINE)
    desk.tick()
    assert "➡️ Handed on to Cid" in desk.brief()
    desk.worker.sync_all()


def test_an_alert_told_to_them_before_they_left_counts_once_it_climbs_past_them(
    desk: Desk,
) -> None:
    desk.fire()
    assert len(desk.messages()) == 1
    desk.away(MIDNIGHT)
    desk.go(MONDAY + timedelta(minutes=16))
    assert desk.worker.settle()
    assert only_alert(desk.worker)["rung_name"] == "Ben"
    desk.go(NINE)
    _, brief = desk.tick()
    text = json.dumps(brief["blocks"], ensure_ascii=False)
    assert "Mon 23 Nov 10:16 to Ben (your backup)" in text
    assert "|Open alert>" in text, "their own message of it"


def test_the_brief_is_no_longer_than_a_message_may_be(desk: Desk) -> None:
    desk.away(MIDNIGHT)
    alert = desk.fire()
    with desk.worker.store.write() as tx:
        values = {name: value for name, value in alert.items() if name != "id"}
        for number in range(250):
            one = values | {
                "id": f"made{number}",
                "dedup_key": f"made{number}",
                "account_name": f"Account {number % 120}",
                "state": "responded" if number % 2 else "noise",
                "open": False,
                "due_at": None,
                "responded_at": alert["fired_at"],
            }
            tx.conn.execute(ALERT.insert().values(**one))
            past = {"person_id": desk.ids["ann"], "alert_id": one["id"], "at": alert["fired_at"]}
            cover = {"cover_name": "#hot-leads", "cover_kind": "coverage_channel"}
            tx.conn.execute(ROUTED_PAST.insert().values(**past, **cover))
    desk.go(NINE)
    (message,) = desk.tick()
    check_blocks(message["blocks"])
    text = desk.brief()
    assert "251 alerts" in text
    shown = text.count("•")
    assert f"… and {251 - shown} more" in text
    assert text.index("Dana Reed") < text.index("*Account ")


def test_two_workers_make_one_brief_and_one_that_was_perhaps_sent_is_looked_for(
    make_office: MakeOffice,
) -> None:
    office = make_office(policy=POLICY)
    workers = [office.worker(**SLOW), office.made(**SLOW)]
    desk = Desk(office, workers[0])
    desk.away(MIDNIGHT)
    desk.fire()
    desk.go(NINE)
    at_once(*[lambda one=one: make_briefs(one.ctx) for one in workers for _ in range(4)])
    assert workers[0].settle()
    assert len(rows(workers[1], RETURN_BRIEF)) == len(desk.messages()) == 1
    (sent,) = [row for row in rows(workers[0], DELIVERY) if row["kind"] == "brief"]
    lost = {"state": "sending", "remote_id": "", "sent_at": None, "lease_until": desk.now}
    with workers[0].store.write() as tx:  # as after a kill between the call and its outcome
        mine = DELIVERY.c.id == sent["id"]
        tx.conn.execute(DELIVERY.update().where(mine).values(**lost))
    desk.go(NINE + timedelta(minutes=3))
    make_briefs(workers[1].ctx)
    assert workers[0].settle()
    assert len(desk.messages()) == 1
    (row,) = [row for row in rows(workers[0], DELIVERY) if row["kind"] == "brief"]
    assert (row["state"], row["remote_id"]) == ("sent", sent["remote_id"])


def test_the_policy_may_have_no_briefs(desk: Desk) -> None:
    desk.away(MIDNIGHT)
    desk.fire()
    desk.go(NINE)
    off = desk.worker.ctx.policy.model_copy(update={"return_brief": "off"})
    make_briefs(replace(desk.worker.ctx, policy=off))
    assert desk.tick() == []
    assert rows(desk.worker, ROUTED_PAST) == [], "nothing old is told when they are on again"


def test_a_brief_that_cannot_be_delivered_is_given_up_and_climbs_nowhere(desk: Desk) -> None:
    place = Place(surface="slack", kind="person", address="nobody@team.example")
    with desk.worker.store.write() as tx:
        brief = {"id": "brief:x", "person_id": "x", "place": str(place)}
        tx.conn.execute(RETURN_BRIEF.insert().values(**brief, since=MONDAY, made_at=MONDAY))
        add_message(tx, kind="brief", place=place, person_id="x", now=desk.now, brief_id="brief:x")
    assert desk.worker.settle()
    (row,) = rows(desk.worker, DELIVERY)
    assert row["state"] == "failed"
    assert "knows nobody" in row["error"]
