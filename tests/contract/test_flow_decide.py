"""From intake to decision, in one transaction, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from routing.nouns import Sentiment, Signal, SignalKind
from tests.contract.flow_kit import Office, make_office, office, only_alert, rows, worker
from tests.waiting import until
from worker.audit import audit
from worker.intake.accept import Intake
from worker.run import Worker
from worker.store.tables import (
    ACTIVITY,
    ALERT,
    ALERT_EVENT,
    DELIVERY,
    RECEIPT,
    SIGNAL,
)

__all__ = ["make_office", "office", "worker"]
PLACES = {"slack:person:ann@team.example", "slack:channel:#sales-leadership"}


def signal(office: Office, number: int, email: str = "dana@acme.example", **more: Any) -> Signal:
    now = office.clock.now()
    values: dict[str, Any] = {
        "source": "s",
        "event_id": str(number),
        "kind": SignalKind.OPEN,
        "prospect_email": email,
        "occurred_at": now,
        "received_at": now,
        "tier": 1,
        "thread_id": "t",
    }
    return Signal(**values | more)


def test_one_commit_holds_signal_alert_messages_task_and_receipt(office: Office) -> None:
    worker = office.made()
    worker.sync_all()
    intake = Intake(worker.ctx)
    intake.accept([signal(office, 1, count=2)]).result(30)
    intake.stop()
    alert = only_alert(worker)
    assert [row["outcome"] for row in rows(worker, SIGNAL)] == ["alert"]
    assert {row["place"] for row in rows(worker, DELIVERY)} == PLACES
    assert {row["sent_at"] for row in rows(worker, DELIVERY)} == {None}
    assert [row["key"] for row in rows(worker, ACTIVITY)] == [f"task:{alert['id']}"]
    assert [row["alert_id"] for row in rows(worker, RECEIPT)] == [alert["id"]]
    assert [row["kind"] for row in rows(worker, ALERT_EVENT)] == ["fired"]


def test_a_bad_signal_does_not_take_its_neighbours_with_it(office: Office) -> None:
    worker = office.made()
    worker.sync_all()
    release = threading.Event()
    intake = Intake(worker.ctx)
    with worker.store.write() if worker.store.is_sqlite else _nothing():
        futures = [intake.accept([signal(office, number)]) for number in range(3)]
        futures.append(intake.accept([signal(office, 9, kind=None)]))
        futures += [intake.accept([signal(office, number)]) for number in range(3, 6)]
    release.set()
    kept = [future.exception(30) is None for future in futures]
    intake.stop()
    assert kept == [True, True, True, False, True, True, True]
    assert len(rows(worker, SIGNAL)) == 6


class _nothing:
    def __enter__(self) -> None:
        """Nothing is held."""

    def __exit__(self, *_: object) -> None:
        """Nothing is let go."""


def test_an_intake_that_is_closed_says_so(office: Office) -> None:
    worker = office.made()
    intake = Intake(worker.ctx)
    intake.stop()
    assert intake.accept([signal(office, 1)]).exception(30) is not None


def test_signals_of_one_prospect_from_many_threads_make_one_alert(
    office: Office, worker: Worker
) -> None:
    bodies = [office.body() for _ in range(40)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda body: office.post(worker, body), bodies))
    assert {answer.status_code for answer in answers} == {202}
    assert worker.settle()
    assert len(rows(worker, ALERT)) == 1
    outcomes = sorted(row["outcome"] for row in rows(worker, SIGNAL))
    assert outcomes == ["alert", *["join"] * 39]
    assert (len(office.texts("ann")), len(office.texts("#sales-leadership"))) == (1, 1)


@pytest.mark.postgres
def test_two_workers_at_once_make_one_alert_a_prospect_and_one_message_a_place(
    tmp_path: Path, postgres_url: str
) -> None:
    with Office(tmp_path, postgres_url) as office:
        workers = [office.worker(), office.worker()]
        prospects = ["dana@acme.example", "cora@contoso.example", "p0@acme.example"]
        jobs = [(workers[n % 2], office.body(prospects[n % 3])) for n in range(60)]
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda job: office.post(*job), jobs))
        assert {answer.status_code for answer in answers} == {202}
        assert all(one.settle() for one in workers)
        assert len(rows(workers[0], ALERT)) == 3
        assert {row["outcome"] for row in rows(workers[0], SIGNAL)} == {"alert", "join"}
        keys = [one["metadata"]["event_payload"]["key"] for one in office.slack.messages()]
        assert sorted(keys) == sorted(row["id"] for row in rows(workers[0], DELIVERY))


@pytest.mark.postgres
def test_two_opens_that_reach_two_workers_at_once_are_one_multi_open(
    tmp_path: Path, postgres_url: str
) -> None:
    with Office(tmp_path, postgres_url) as office:
        workers = [office.made(), office.made()]
        workers[0].sync_all()
        intakes = [Intake(one.ctx) for one in workers]
        for number in range(20):
            email = f"x{number}@acme.example"
            pair = [
                intake.accept([signal(office, 2 * number + side, email)])
                for side, intake in enumerate(intakes)
            ]
            for future in pair:
                future.result(30)
        for intake in intakes:
            intake.stop()
        assert len(rows(workers[0], ALERT)) == 20


@pytest.mark.postgres
def test_batches_over_the_same_prospects_in_any_order_lock_nobody_out(
    tmp_path: Path, postgres_url: str
) -> None:
    with Office(tmp_path, postgres_url) as office:
        workers = [office.worker(), office.worker()]
        emails = [f"x{number}@acme.example" for number in range(8)]
        batches = [
            [office.body(email) for email in (emails if turn % 2 else reversed(emails))]
            for turn in range(12)
        ]
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda job: office.post(workers[job[0] % 2], job[1]), enumerate(batches))
            )
        assert [answer.status_code for answer in answers] == [202] * 12
        assert all(one.settle() for one in workers)
        assert len(rows(workers[0], ALERT)) == 8
        assert "" not in {row["outcome"] for row in rows(workers[0], SIGNAL)}


def test_the_audit_accounts_for_every_signal(office: Office, worker: Worker) -> None:
    office.post(worker, office.body())
    office.post(worker, office.body())
    office.post(worker, office.body("cora@contoso.example", type="open", count=1))
    office.post(worker, office.body("p1@acme.example", type="reply", sentiment="automatic"))
    office.post(worker, office.body("p2@acme.example", type="rep_call"))
    assert worker.settle()
    found = audit(worker.ctx)
    assert (found.received, found.alerts, found.joined, found.digest, found.explained) == (
        5,
        1,
        1,
        1,
        2,
    )
    assert (found.undecided, found.undelivered, found.unexplained, found.unwritten) == (0, 0, 0, 0)
    assert found.ok


def test_the_audit_misses_what_was_never_decided(office: Office) -> None:
    worker = office.made()
    with worker.store.write() as tx:
        tx.conn.exec_driver_sql("ALTER TABLE receipt RENAME TO elsewhere")
    intake = Intake(worker.ctx)
    intake.accept([signal(office, 1)]).result(30)
    intake.stop()
    office.clock.forward(timedelta(minutes=3))
    found = audit(worker.ctx, timedelta(minutes=2))
    assert (found.undecided, found.unexplained, found.ok) == (1, 1, False)


def test_what_is_due_is_found_again_when_the_wake_up_was_lost(office: Office) -> None:
    first = office.made()
    first.sync_all()
    intake = Intake(first.ctx)
    intake.accept([signal(office, 1, kind=SignalKind.REPLY, sentiment=Sentiment.POSITIVE)]).result(
        30
    )
    intake.stop()
    office.worker()
    until(lambda: len(office.texts("ann")) == 1, "the message of a worker that is gone")
