"""What stops the clock, what corrects it, and what is no response at all."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import Any

import pytest

from routing.nouns import Evidence
from tests.contract.flow_kit import Office, make_office, office, only_alert, rows, worker
from worker.respond import respond_to_evidence
from worker.run import Worker
from worker.store.tables import ACTIVITY, ALERT_EVENT, RESPONSE

__all__ = ["make_office", "office", "worker"]


@pytest.fixture
def fired(office: Office, worker: Worker) -> dict[str, Any]:
    """An alert of an hour ago, delivered."""
    office.post(worker, office.body())
    assert worker.settle()
    alert = only_alert(worker)
    office.clock.forward(timedelta(minutes=10))
    return alert


def see(worker: Worker, fired: dict[str, Any], minutes: float, **more: Any) -> int:
    """The CRM logs a contact so many minutes after the alert fired."""
    values: dict[str, Any] = {
        "id": f"call-{minutes}",
        "kind": "call",
        "at": fired["fired_at"] + timedelta(minutes=minutes),
        "person_id": "ann@team.example",
        "prospect_id": "dana@acme.example",
    }
    with worker.store.write() as tx:
        return respond_to_evidence(worker.ctx, tx, [Evidence(**values | more)])


def tasks(office: Office) -> list[dict[str, str]]:
    with (office.folder / "crm" / "activities.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_call_in_the_crm_stops_the_clock_and_completes_the_task(
    office: Office, worker: Worker, fired: dict[str, Any]
) -> None:
    assert see(worker, fired, 8) == 1
    assert worker.settle()
    alert = only_alert(worker)
    assert (alert["state"], alert["open"], alert["response_kind"]) == ("responded", False, "call")
    assert (alert["latency_minutes"], alert["working_latency_minutes"]) == (8, 8)
    (task,) = tasks(office)
    assert (task["latency_minutes"], task["response_source"]) == ("8.00", "call")
    assert task["completed_at"]
    assert "Answered by" in office.texts("ann")[0]


def test_an_earlier_contact_that_is_logged_late_corrects_the_latency(
    office: Office, worker: Worker, fired: dict[str, Any]
) -> None:
    assert see(worker, fired, 9) == 1
    assert worker.settle()
    assert see(worker, fired, 4, kind="email") == 1
    assert worker.settle()
    alert = only_alert(worker)
    assert (alert["latency_minutes"], alert["response_kind"]) == (4, "email")
    (task,) = tasks(office)
    assert (task["latency_minutes"], task["response_source"]) == ("4.00", "email")
    assert len(rows(worker, RESPONSE)) == 2
    assert any("corrected" in row["text"] for row in rows(worker, ALERT_EVENT))


def test_a_later_contact_changes_nothing(worker: Worker, fired: dict[str, Any]) -> None:
    see(worker, fired, 4)
    before = only_alert(worker)
    assert see(worker, fired, 9) == 0
    assert only_alert(worker) == before


def test_the_same_evidence_twice_is_one_response(worker: Worker, fired: dict[str, Any]) -> None:
    assert [see(worker, fired, 4), see(worker, fired, 4)] == [1, 0]
    assert len(rows(worker, RESPONSE)) == 1


@pytest.mark.parametrize(
    ("minutes", "more"),
    [
        (-1, {}),
        (5, {"outbound": False}),
        (5, {"automated": True}),
        (5, {"prospect_id": None}),
        (5, {"prospect_id": "cora@contoso.example"}),
    ],
    ids=["before the alert", "inbound", "automated", "nobody", "somebody else"],
)
def test_what_is_no_response_leaves_the_clock_running(
    worker: Worker, fired: dict[str, Any], minutes: float, more: dict[str, Any]
) -> None:
    assert see(worker, fired, minutes, **more) == 0
    alert = only_alert(worker)
    assert (alert["state"], alert["open"], alert["responded_at"]) == ("fired", True, None)
    assert rows(worker, RESPONSE) == []


def test_a_contact_with_somebody_whom_the_crm_learned_of_after_the_alert_counts(
    office: Office, worker: Worker
) -> None:
    office.post(worker, office.body("new@acme.example"))
    assert worker.settle()
    alert = only_alert(worker)
    assert alert["prospect_id"] is None
    with (office.folder / "crm" / "contacts.csv").open("a") as stream:
        stream.write("new@acme.example,New One,Acme\n")
    worker.sync_all()
    assert see(worker, alert, 6, prospect_id="new@acme.example") == 1
    assert only_alert(worker)["latency_minutes"] == 6


def test_a_response_after_noise_does_not_reopen_the_alert(
    office: Office, worker: Worker, fired: dict[str, Any]
) -> None:
    from worker.press import handle_press

    handle_press(worker.ctx, office.press("ann", fired["id"], "noise"))
    assert see(worker, fired, 5) == 0
    assert only_alert(worker)["state"] == "noise"


def test_a_reps_own_signal_about_another_prospect_answers_nothing(
    office: Office, worker: Worker, fired: dict[str, Any]
) -> None:
    office.post(worker, office.body("cora@contoso.example", type="rep_call"))
    assert only_alert(worker)["open"]


def test_after_a_response_the_next_signal_is_a_new_alert(
    office: Office, worker: Worker, fired: dict[str, Any]
) -> None:
    see(worker, fired, 5)
    office.post(worker, office.body())
    assert worker.settle()
    assert [row["open"] for row in sorted(rows(worker), key=lambda row: row["fired_at"])] == [
        False,
        True,
    ]
    assert len(rows(worker, ACTIVITY)) == 2
    assert len(office.texts("ann")) == 2
