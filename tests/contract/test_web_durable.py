"""202 means stored: whatever happens to the worker or the store."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.contract.flow_kit import Office, make_office, office, rows, worker
from worker.run import Worker
from worker.store.tables import ALERT, SIGNAL

__all__ = ["make_office", "office", "worker"]


def test_a_store_that_cannot_be_written_is_503_and_the_same_signal_is_taken_later(
    office: Office, worker: Worker
) -> None:
    body = office.body()
    with worker.store.write() as tx:
        tx.conn.exec_driver_sql("ALTER TABLE signal RENAME TO elsewhere")
    answer = office.post(worker, body)
    assert answer.status_code == 503
    assert "again" in answer.json()["mend"]
    with worker.store.write() as tx:
        tx.conn.exec_driver_sql("ALTER TABLE elsewhere RENAME TO signal")
    assert office.post(worker, body).json()["accepted"] == 1


def test_a_decision_that_fails_keeps_the_signal_and_is_made_later(
    office: Office, worker: Worker
) -> None:
    with worker.store.write() as tx:
        tx.conn.exec_driver_sql("ALTER TABLE receipt RENAME TO elsewhere")
    assert office.post(worker, office.body()).status_code == 202
    assert [row["outcome"] for row in rows(worker, SIGNAL)] == [""]
    assert rows(worker, ALERT) == []
    with worker.store.write() as tx:
        tx.conn.exec_driver_sql("ALTER TABLE elsewhere RENAME TO receipt")
    assert worker.settle()
    assert [row["outcome"] for row in rows(worker, SIGNAL)] == ["alert"]
    assert len(office.texts("ann")) == 1


def test_every_202_of_many_senders_is_in_the_store(office: Office, worker: Worker) -> None:
    bodies = [
        office.body(f"p{number % 3}@acme.example", id=str(number // 2)) for number in range(80)
    ]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda body: office.post(worker, body), bodies))
    assert {answer.status_code for answer in answers} == {202}
    assert sum(answer.json()["accepted"] for answer in answers) == 40
    assert sorted(int(row["event_id"]) for row in rows(worker, SIGNAL)) == list(range(40))


def test_a_worker_that_ends_answers_what_it_took_and_takes_no_more(
    office: Office, worker: Worker
) -> None:
    bodies = [office.body(f"p{number % 3}@acme.example") for number in range(40)]

    def send(body: object) -> int:
        try:
            return office.post(worker, body).status_code
        except OSError:
            return 0

    with ThreadPoolExecutor(8) as pool:
        statuses = pool.map(send, bodies)
        first = next(statuses)
        worker.stop()
        codes = [first, *statuses]
    again = office.made()
    assert len(rows(again, SIGNAL)) >= codes.count(202)
    assert set(codes) <= {202, 503, 0}
