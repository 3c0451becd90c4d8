"""Digests: once a place and local day, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.contract.flow_kit import Office, csv_policy, make_office, office, rows
from tests.contract.test_flow_decide import signal
from tests.contract.test_flow_races import at_once
from worker.digest import make_digests
from worker.intake.accept import Intake
from worker.run import Worker
from worker.store.tables import DELIVERY, DIGEST, SIGNAL

__all__ = ["make_office", "office"]
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def go_to(office: Office, moment: datetime) -> None:
    office.clock.forward(moment - office.clock.now())


def quiet_worker(office: Office) -> Worker:
    """A worker whose clock does not tick by itself."""
    worker = office.made()
    worker.sync_all()
    worker.intake = Intake(worker.ctx)
    return worker


def open_once(office: Office, worker: Worker, number: int) -> None:
    """One open of a thread of its own, so that no two of them are a multi-open."""
    one = signal(office, number, thread_id=f"t{number}")
    worker.intake.accept([one]).result(30)


def days(worker: Worker) -> list[str]:
    return sorted(row["day"] for row in rows(worker, DIGEST))


def test_a_digest_goes_out_once_and_what_comes_later_waits_for_the_next_day(
    office: Office,
) -> None:
    worker = quiet_worker(office)
    open_once(office, worker, 1)
    make_digests(worker.ctx)
    assert days(worker) == []
    office.clock.forward(timedelta(hours=7, minutes=5))  # 17:05 in New York
    for _ in range(3):
        make_digests(worker.ctx)
    open_once(office, worker, 2)
    make_digests(worker.ctx)
    assert days(worker) == ["2026-11-23"]
    assert sum(row["digest_id"] is None for row in rows(worker, SIGNAL)) == 1
    office.clock.forward(timedelta(days=1))
    make_digests(worker.ctx)
    assert days(worker) == ["2026-11-23", "2026-11-24"]
    assert len(rows(worker, DELIVERY)) == 2
    worker.intake.stop()


def test_makers_at_once_make_one_digest(office: Office) -> None:
    worker = quiet_worker(office)
    for number in range(5):
        open_once(office, worker, number)
    office.clock.forward(timedelta(hours=8))
    at_once(*[lambda: make_digests(worker.ctx)] * 6)
    assert days(worker) == ["2026-11-23"]
    assert all(row["digest_id"] for row in rows(worker, SIGNAL))
    worker.intake.stop()


def test_the_digest_waits_for_a_working_day(office: Office) -> None:
    worker = quiet_worker(office)
    go_to(office, datetime(2026, 11, 28, 22, 30, tzinfo=UTC))  # a Saturday
    open_once(office, worker, 1)
    make_digests(worker.ctx)
    go_to(office, datetime(2026, 11, 29, 23, 0, tzinfo=UTC))
    make_digests(worker.ctx)
    assert days(worker) == []
    go_to(office, datetime(2026, 11, 30, 22, 30, tzinfo=UTC))
    make_digests(worker.ctx)
    assert days(worker) == ["2026-11-30"]
    worker.intake.stop()


@pytest.mark.parametrize(
    ("digest_at", "midnight", "day"),
    [
        ("01:30", datetime(2026, 11, 1, 4, 0, tzinfo=UTC), "2026-11-01"),
        ("02:30", datetime(2027, 3, 14, 5, 0, tzinfo=UTC), "2027-03-14"),
    ],
    ids=["an hour that comes twice", "an hour that never comes"],
)
def test_on_the_days_when_clocks_change_there_is_one_digest(
    tmp_path: Path, sqlite_url: str, digest_at: str, midnight: datetime, day: str
) -> None:
    hours = {"time_zone": "America/New_York", "days": EVERY_DAY, "start": "09:00", "end": "18:00"}
    policy = csv_policy() | {"digest_at": digest_at, "working_hours": hours}
    with Office(tmp_path, sqlite_url, policy=policy) as office:
        worker = quiet_worker(office)
        go_to(office, midnight)
        for number in range(20):
            open_once(office, worker, number)
            office.clock.forward(timedelta(minutes=15))
            make_digests(worker.ctx)
        assert days(worker) == [day]
        worker.intake.stop()


def test_a_prospect_who_heats_up_leaves_the_digest_for_the_alert(office: Office) -> None:
    worker = quiet_worker(office)
    for number in (1, 2):
        worker.intake.accept([signal(office, number)]).result(30)
    office.clock.forward(timedelta(hours=8))
    make_digests(worker.ctx)
    assert days(worker) == []
    assert sorted(row["outcome"] for row in rows(worker, SIGNAL)) == ["alert", "join"]
    worker.intake.stop()
