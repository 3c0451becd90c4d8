"""Presses and timers that meet: one wins, and nothing happens twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.flow_kit import Office, make_office, office, only_alert, rows, worker
from tests.waiting import until
from worker.escalate import escalate
from worker.press import handle_press
from worker.run import Worker
from worker.store.tables import ALERT, ALERT_EVENT, DELIVERY, PRESS

__all__ = ["make_office", "office", "worker"]
STRANGER = "stranger@nowhere.example"


def at_once(*actions: Callable[[], object]) -> None:
    """Run all of them at the same moment and wait for them."""
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], object]) -> None:
        gate.wait()
        action()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


def events(worker: Worker, kind: str) -> list[str]:
    return [row["text"] for row in rows(worker, ALERT_EVENT) if row["kind"] == kind]


def fire(office: Office, worker: Worker, email: str = "dana@acme.example") -> str:
    assert office.post(worker, office.body(email)).status_code == 202
    assert worker.settle()
    return next(str(row["id"]) for row in rows(worker) if row["prospect_email"] == email)


def claim_race(office: Office, first: Worker, second: Worker) -> None:
    alert_id = fire(office, first, STRANGER)
    (message,) = office.slack.messages("hot-leads")
    presses = [office.press(who, alert_id, "claim", message=message) for who in ("ann", "ben")]
    at_once(
        lambda: handle_press(first.ctx, presses[0]), lambda: handle_press(second.ctx, presses[1])
    )
    alert = only_alert(first)
    assert alert["state"] == "acknowledged"
    (told,) = office.slack.ephemerals
    assert f"{alert['holder_name']} was faster" in told["text"]
    loser = {"Ann": "ben", "Ben": "ann"}[alert["holder_name"].split()[0]]
    assert told["user"] == office.slack.user_id(f"{loser}@team.example")
    assert len(events(first, "acknowledged")) == 1
    assert first.settle()
    assert f"{alert['holder_name']} is on it" in office.texts("#hot-leads")[0]


def test_of_two_claims_at_once_one_wins_and_the_other_is_told(
    office: Office, worker: Worker
) -> None:
    claim_race(office, worker, worker)


@pytest.mark.postgres
def test_of_two_claims_heard_by_two_workers_one_wins(tmp_path: Path, postgres_url: str) -> None:
    with Office(tmp_path, postgres_url) as office:
        claim_race(office, office.worker(), office.worker())


def test_a_press_that_is_heard_twice_is_acted_upon_once(office: Office, worker: Worker) -> None:
    press = office.press("ann", fire(office, worker), "snooze")
    at_once(*[lambda: handle_press(worker.ctx, press)] * 4)
    handle_press(worker.ctx, press)
    assert len(rows(worker, PRESS)) == 1
    assert len(events(worker, "snoozed")) == 1


def test_the_link_button_changes_nothing_and_says_nothing(office: Office, worker: Worker) -> None:
    fire(office, worker)
    (message,) = office.slack.messages("ann@team.example")
    for action in ("open_thread", "acknowledge"):
        office.slack.press("ann@team.example", message["channel"], message["ts"], action)
    until(lambda: only_alert(worker)["state"] == "acknowledged", "the second press")
    until(lambda: len(rows(worker, PRESS)) == 2, "both presses")
    assert office.slack.ephemerals == []
    assert only_alert(worker)["state"] == "acknowledged"


def test_an_escalation_before_its_time_does_nothing(office: Office, worker: Worker) -> None:
    alert_id = fire(office, worker)
    before = only_alert(worker)
    escalate(worker.ctx, alert_id)
    escalate(worker.ctx, "no such alert")
    assert only_alert(worker) == before


def test_an_escalation_of_what_was_answered_meanwhile_does_nothing(
    office: Office, worker: Worker
) -> None:
    alert_id = fire(office, worker)
    office.post(worker, office.body(type="rep_call", time=office.clock.now().isoformat()))
    office.clock.forward(timedelta(hours=1))
    escalate(worker.ctx, alert_id)
    assert worker.settle()
    assert only_alert(worker)["state"] == "responded"
    assert events(worker, "escalated") == []


def test_escalations_at_once_climb_one_rung(office: Office, worker: Worker) -> None:
    alert_id = fire(office, worker)
    office.clock.forward(timedelta(minutes=16))
    at_once(*[lambda: escalate(worker.ctx, alert_id)] * 6)
    assert worker.settle()
    assert only_alert(worker)["rung"] == 1
    assert len(events(worker, "escalated")) == 1
    assert len(office.texts("ben")) == 1


def test_a_press_and_an_escalation_at_once_leave_one_story(office: Office, worker: Worker) -> None:
    alert_id = fire(office, worker)
    office.clock.forward(timedelta(minutes=16))
    press = office.press("ann", alert_id, "acknowledge")
    at_once(lambda: handle_press(worker.ctx, press), lambda: escalate(worker.ctx, alert_id))
    assert worker.settle()
    alert = only_alert(worker)
    assert alert["state"] == "acknowledged"
    assert alert["rung"] == len(events(worker, "escalated")) == len(office.texts("ben"))


@pytest.mark.postgres
def test_two_workers_share_deliveries_and_escalations_without_doubling(
    tmp_path: Path, postgres_url: str
) -> None:
    with Office(tmp_path, postgres_url) as office:
        workers = [office.worker(), office.worker()]
        batch = [office.body(f"x{number}@acme.example") for number in range(5)]
        office.post(workers[0], batch)
        for _ in range(3):
            until(lambda: _all_sent(workers[0]), "the messages of this rung")
            office.clock.forward(timedelta(minutes=62))
            assert all(one.settle() for one in workers)
        until(lambda: _all_sent(workers[0]), "the last messages")
        deliveries = rows(workers[0], DELIVERY)
        keys = [one["metadata"]["event_payload"]["key"] for one in office.slack.messages()]
        assert sorted(keys) == sorted(row["id"] for row in deliveries)
        told = {(row["alert_id"], row["rung"], row["place"]) for row in deliveries}
        assert len(told) == len(deliveries)
        assert min(row["rung"] for row in rows(workers[0], ALERT)) > 0
        escalated = events(workers[0], "escalated")
        assert len(escalated) == len([row for row in deliveries if row["kind"] == "alert"]) - 5


def _all_sent(worker: Worker) -> bool:
    """A channel is spoken to once a second only, so that the last message takes its time."""
    return {row["state"] for row in rows(worker, DELIVERY)} == {"sent"}
