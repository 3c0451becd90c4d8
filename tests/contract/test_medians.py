"""The medians that a manager reads in the CRM are those that the worker has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from connectors.sandbox.faults import Fault
from routing.nouns import Person
from tests.contract import hubspot_kit
from tests.contract.salesforce_kit import Bench, bench
from tests.contract.test_write_back import Desk, mirror, person
from tests.waiting import until
from worker.medians import DAYS, publish, publish_due
from worker.report import latency_summaries
from worker.store.engine import Store
from worker.store.tables import ALERT

OBJECT = "/services/data/v66.0/composite/sobjects/HLR_Metric__c"


@pytest.fixture
def desk(sqlite_url: str) -> Iterator[Desk]:
    made = Desk(Store(sqlite_url))
    yield made
    made.store.close()


@pytest.fixture
def bare() -> Iterator[Bench]:
    with bench(bare=True) as made:
        made.load()
        made.box.org.metadata.polls = 0
        yield made


@pytest.fixture(scope="module")
def installed() -> Iterator[Bench]:
    with bench(bare=True) as made:
        made.load()
        made.box.org.metadata.polls = 0
        list(made.crm().install(check_only=False))
        yield made


@pytest.fixture
def org(installed: Bench) -> Bench:
    """An org that has the object, and no row in it."""
    table = installed.box.org.table("HLR_Metric__c")
    for record_id in list(table.rows):
        table.remove(record_id)
    return installed


def history(desk: Desk, org: Bench) -> None:
    """Forty days of alerts for two reps, some of them not answered, some noise."""
    now = desk.clock.now()
    mirror(desk, person(org, "ann"), person(org, "ben"))
    alerts = []
    for number in range(200):
        rep = ("ann", "ben")[number % 2]
        answered = number % 5 != 0
        alerts.append(
            desk.alert(number)
            | {
                "fired_at": now - timedelta(hours=5 * number),
                "holder_id": org.ids[rep] if answered else None,
                "holder_name": rep.title() if answered else "",
                "rung_name": "Ann",
                "state": "noise" if number % 17 == 0 else "fired",
                "latency_minutes": float(number % 31) if answered else None,
                "working_latency_minutes": float(number % 13) if answered else None,
            }
        )
    with desk.store.write() as tx:
        tx.conn.execute(insert(ALERT), alerts)


def rows_of(org: Bench) -> dict[str, dict[str, Any]]:
    return {row["Key__c"]: row for row in org.box.records("HLR_Metric__c")}


def test_without_the_object_nothing_is_written_and_with_it_all_is(desk: Desk, bare: Bench) -> None:
    history(desk, bare)
    crm = bare.crm()
    ctx = desk.ctx(crm)
    publish(ctx)
    list(crm.install(check_only=False))
    publish(ctx)
    assert rows_of(bare) == {}  # the next look is in an hour
    desk.clock.forward(timedelta(hours=1, seconds=1))
    before = crm.api_calls
    publish(ctx)
    found = rows_of(bare)
    assert len(found) == 3 * DAYS
    assert crm.api_calls - before == 2  # a describe and one collection


def test_today_s_rows_say_what_hotlead_latency_says(desk: Desk, org: Bench) -> None:
    history(desk, org)
    crm = org.crm()
    publish(desk.ctx(crm))
    with desk.store.read() as conn:
        summaries = latency_summaries(conn, desk.clock.now())
    found = rows_of(org)
    keys = {"team": "team", "Ann": org.ids["ann"], "Ben": org.ids["ben"]}
    for one in summaries:
        row = found[f"{keys[one.rep]}:2026-11-23"]
        assert (row["Fired__c"], row["Answered__c"]) == (one.n, one.answered)
        assert row["Median_Minutes__c"] == one.median
        assert row["Median_Working_Minutes__c"] == one.working_median
        assert row["Whole_Team__c"] is (one.rep == "team")
        assert row.get("Rep__c") == (None if one.rep == "team" else keys[one.rep])
    assert found["team:2026-10-25"]["Fired__c"] < found["team:2026-11-23"]["Fired__c"]


def test_each_hour_the_last_two_days_are_written_again_and_late_evidence_counts(
    desk: Desk, org: Bench
) -> None:
    history(desk, org)
    crm = org.crm()
    ctx = desk.ctx(crm)
    publish(ctx)
    before = {key: row["LastModifiedDate"] for key, row in rows_of(org).items()}
    desk.change("alert-0005", holder_name="Ann", holder_id=org.ids["ann"], latency_minutes=999.0)
    desk.clock.forward(timedelta(hours=1, seconds=1))
    org.forward(hours=1)
    publish(ctx)
    after = rows_of(org)
    changed = {key for key, row in after.items() if row["LastModifiedDate"] != before[key]}
    assert {key.rpartition(":")[2] for key in changed} == {"2026-11-22", "2026-11-23"}
    publish(ctx)  # its time has not come
    assert rows_of(org) == after


def test_a_crm_that_fails_is_asked_again_in_minutes_and_nothing_is_lost(
    desk: Desk, org: Bench
) -> None:
    history(desk, org)
    crm = org.crm()
    ctx = desk.ctx(crm)
    org.box.faults.order(Fault(kind="reset_before", path="/services/data", times=-1))
    publish(ctx)
    org.box.faults.clear()
    desk.clock.forward(timedelta(minutes=5, seconds=1))
    publish(ctx)
    assert len(rows_of(org)) == 3 * DAYS


def test_a_row_that_is_refused_spoils_no_other(desk: Desk, org: Bench) -> None:
    history(desk, org)
    mirror(desk, Person(id="003000000000001AAA", email="x@seller.example", name="X"))
    desk.fire(900, holder_id="003000000000001AAA", holder_name="X")
    crm = org.crm()
    publish(desk.ctx(crm))
    assert len(rows_of(org)) == 3 * DAYS


def test_of_two_workers_one_writes(desk: Desk, org: Bench) -> None:
    history(desk, org)
    crm = org.crm()
    crm.prepare()
    before = crm.api_calls
    publish(desk.ctx(crm))
    publish(desk.ctx(crm))
    assert crm.api_calls - before == 2


def test_the_clock_hands_it_over_when_it_is_due(desk: Desk, org: Bench) -> None:
    asked: list[str] = []
    ctx = desk.ctx(org.crm())
    ctx.dispatch.start({"medians": lambda row_id: asked.append(row_id)})
    publish_due(ctx)
    until(lambda: asked == [""], "the job")
    ctx.dispatch.stop()


def test_hubspot_has_no_place_for_them_and_is_not_asked(desk: Desk) -> None:
    with hubspot_kit.running() as kit:
        crm = kit.connector()
        publish(desk.ctx(crm))
        assert crm.api_calls == 0
