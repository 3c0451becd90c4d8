"""The health page: 200 when all is well, 503 and the reason when a person should look."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.flow_kit import Office, health_of, make_office, office, worker
from tests.waiting import until
from worker.context import Context
from worker.run import Worker

__all__ = ["make_office", "office", "worker"]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def wait_until_ill(worker: Worker) -> dict[str, Any]:
    until(lambda: health_of(worker).status_code == 503, "a worker that is ill")
    report: dict[str, Any] = health_of(worker).json()
    assert report["ok"] is False
    return report


def wait_until_well(worker: Worker) -> None:
    until(lambda: health_of(worker).status_code == 200, "a worker that is well again")


def test_a_worker_that_is_well_says_so_with_all_its_figures(office: Office, worker: Worker) -> None:
    office.post(worker, office.body())
    assert worker.settle()
    report = health_of(worker).json()
    assert report["ok"] is True
    often = {"sweep", "sync", "reconcile", "digest", "audit", "budget", "watchdog", "shadow"}
    assert set(report["clock"]) == often | {"history", "medians", "briefs", "drill", "policy"}
    assert report["policy"] == worker.ctx.policy.hash
    assert report["budget"]["state"] == "unknown"  # files have no limits
    assert report["freshness"]["budget_seconds"]["accounts"] == 300
    crm = {"people", "accounts", "contacts", "out_of_office"}
    assert set(report["mirror"]) == crm | {"slack_status"}
    assert report["outbox"]["deliveries"]["waiting"] == 0
    assert (report["audit"]["received"], report["audit"]["alerts"]) == (1, 1)
    assert report["dispatch"]["alive"] is True


def test_a_clock_job_that_fails_shows_until_it_succeeds(worker: Worker) -> None:
    broken = threading.Event()
    broken.set()

    def job(_: Context) -> None:
        if broken.is_set():
            raise RuntimeError("the disk is on fire")

    worker.schedule.add("extra", job, 0.05)
    assert "on fire" in wait_until_ill(worker)["clock"]["extra"]["error"]
    broken.clear()
    wait_until_well(worker)


@pytest.mark.pitfall("R16", "a job is stuck, and nobody sees it")
def test_a_clock_job_that_is_stuck_shows(worker: Worker, release: threading.Event) -> None:
    worker.schedule.add("extra", lambda _: _ignore(release.wait()), 0.05)
    report = wait_until_ill(worker)["clock"]["extra"]
    assert (report["running"], report["late"]) == (True, True)
    release.set()
    wait_until_well(worker)


def _ignore(_: object) -> None:
    """A clock job answers nothing."""


def test_a_mirror_that_cannot_be_read_shows_and_heals(office: Office, worker: Worker) -> None:
    people = office.folder / "crm" / "people.csv"
    good = people.read_text()
    people.write_text("name,email\nOnly,half")
    office.clock.forward(timedelta(minutes=1))
    assert "people.csv" in str(wait_until_ill(worker)["mirror"])
    people.write_text(good)
    office.clock.forward(timedelta(minutes=1))
    wait_until_well(worker)


def test_a_mirror_that_grew_old_shows(office: Office, worker: Worker) -> None:
    (office.folder / "crm" / "people.csv").unlink()
    office.clock.forward(timedelta(hours=1))
    ages = [one["age_seconds"] for one in wait_until_ill(worker)["mirror"].values()]
    assert max(ages) > 3000


def test_a_slack_socket_that_is_gone_shows(office: Office, worker: Worker) -> None:
    office.slack_server.stop()
    report = wait_until_ill(worker)["surfaces"]["slack"]
    assert report["ok"] is False


def test_an_alert_that_reached_nobody_shows(office: Office, worker: Worker) -> None:
    for user in list(office.slack.state.users.values()):
        user.deleted = True
    for channel in office.slack.state.channels.values():
        channel.archived = True
    office.post(worker, office.body())
    office.clock.forward(timedelta(minutes=3))
    assert wait_until_ill(worker)["audit"]["undelivered"] == 1


def test_a_store_that_cannot_be_read_shows(worker: Worker) -> None:
    with worker.store.write() as tx:
        tx.conn.exec_driver_sql("ALTER TABLE watermark RENAME TO elsewhere")
    assert "cannot be read" in wait_until_ill(worker)["store"]
    with worker.store.write() as tx:
        tx.conn.exec_driver_sql("ALTER TABLE elsewhere RENAME TO watermark")
    wait_until_well(worker)
