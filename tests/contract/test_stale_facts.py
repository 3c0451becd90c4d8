"""Decisions on stale facts: read live, once a burst, within the time limit, and never in vain."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault
from connectors.sandbox.world import WorldContact
from tests.contract.guard_kit import HOUR, MakeDesk, desks
from tests.story.world import small_world
from tests.waiting import until
from worker.store.tables import ALERT_EVENT, RECEIPT, SIGNAL


@pytest.fixture
def make_desk(tmp_path: Path, sqlite_url: str) -> Iterator[MakeDesk]:
    with desks(tmp_path, sqlite_url) as make:
        yield make


@pytest.fixture
def on_both(tmp_path: Path, store_url: str) -> Iterator[MakeDesk]:
    """As ``make_desk``, on both databases."""
    with desks(tmp_path, store_url) as make:
        yield make


def test_the_owner_of_a_second_ago_is_told_though_the_mirror_is_an_hour_old(
    on_both: MakeDesk,
) -> None:
    made = on_both()
    made.post("nina@north.example")
    made.told("bea")  # fresh facts need no live read
    assert made.counts()["live_reads"] == 0

    made.clock.forward(HOUR)
    made.crm.update("Account", made.ids["contoso"], CSM__c=made.ids["bea"])
    made.post("cora@contoso.example")
    made.told("bea", 2)
    assert made.slack.messages("cid@team.example") == []
    assert "by the mirror it was Cid CSM (assignee), by the CRM it is Bea BDR" in made.notes()
    facts = made.rows(RECEIPT)[-1]["decision"]["facts"]
    (fact,) = [one for one in facts if one["field"] == "CSM__c"]
    assert fact["value"] == made.ids["bea"]
    assert made.counts()["changed_recipients"] == 1

    # A prospect entered after the last sync, and an alert whose next rung went away meanwhile.
    made.crm.create(
        "Contact", LastName="New", Email="new@north.example", AccountId=made.ids["north"]
    )
    made.post("new@north.example")
    made.told("bea", 3)
    made.post("dana@acme.example")
    made.told("ann")
    start = made.clock.now()
    made.crm.create(
        "OutOfOffice",
        UserId=made.ids["ben"],
        StartDate=(start - HOUR).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        EndDate=(start + 48 * HOUR).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        IsEnabled=True,
    )
    assert made.worker.settle()  # a message that seems late would begin its wait anew
    made.clock.forward(timedelta(minutes=20))
    said = "by the mirror Ben AE was next, by the CRM it is #hot-leads"
    until(lambda: said in [row["text"] for row in made.rows(ALERT_EVENT)], "the word of it")
    assert made.slack.messages("ben@team.example") == []


def test_a_decline_looks_live_at_whom_it_asks_next(make_desk: MakeDesk) -> None:
    made = make_desk()
    made.post("dana@acme.example")
    made.told("ann")
    assert made.worker.settle()
    made.clock.forward(HOUR / 6)  # within the rung's wait, and the mirror is over its budget
    start = made.clock.now()
    made.crm.create(
        "OutOfOffice",
        UserId=made.ids["ben"],
        StartDate=(start - HOUR).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        EndDate=(start + 48 * HOUR).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        IsEnabled=True,
    )
    (message,) = made.slack.messages("ann@team.example")
    made.slack.press("ann@team.example", message["channel"], message["ts"], "not_mine")
    made.told("#hot-leads")
    until(
        lambda: "Ann AE said it is not theirs; now #hot-leads (coverage_channel)" in made.events(),
        "the climb",
    )
    assert "by the mirror Ben AE was next, by the CRM it is #hot-leads" in made.events()
    assert made.slack.messages("ben@team.example") == []


def test_a_burst_on_one_account_is_one_live_read(make_desk: MakeDesk) -> None:
    some = tuple(
        WorldContact(key=f"p{n}", name=f"P {n}", email=f"p{n}@acme.example", account="acme")
        for n in range(10)
    )
    world = small_world()
    made = make_desk(world=replace(world, contacts=(*world.contacts, *some)))
    made.clock.forward(HOUR)
    # An order that changes nothing counts the requests by which records are read live.
    live = "/services/data/v66.0/composite/batch"
    made.crm.faults.order(Fault(kind="latency", path=live, seconds=0, times=-1))
    before = made.crm.faults.carried_out
    made.post(*(one.email for one in some * 10))
    until(lambda: len(made.rows(RECEIPT)) == 100, "all the decisions")
    assert len(made.rows()) == 10
    assert made.counts()["live_reads"] == 1
    assert made.crm.faults.carried_out - before == 1


def test_a_crm_that_hangs_delays_no_alert_beyond_the_limit(make_desk: MakeDesk) -> None:
    made = make_desk(sections={"freshness": {"limit_seconds": 0.5}})
    made.clock.forward(HOUR)
    made.hang(6)
    begun = time.monotonic()
    made.post("dana@acme.example", "cora@contoso.example", "nina@north.example")
    made.told("ann")
    made.told("cid")
    made.told("bea")
    assert time.monotonic() - begun < 6  # no call was answered yet
    assert "could not be refreshed in time: the CRM did not answer in time" in made.notes()
    made.post("olaf@orphan.example")
    until(lambda: len(made.rows()) == 4, "the fourth alert")
    made.post("stranger@nowhere.example")
    until(lambda: len(made.rows()) == 5, "the fifth alert")
    # Two calls are owed: nobody waits for a third, and the alert goes out at once.
    assert "the CRM" in made.notes()
    assert made.counts()["not_refreshed"] == 5
    made.crm.faults.clear()


def test_a_crm_that_is_down_opens_the_circuit_and_half_opens_it_later(
    make_desk: MakeDesk,
) -> None:
    made = make_desk()
    made.clock.forward(HOUR)
    made.down()
    made.post("dana@acme.example")
    made.told("ann")
    made.post("cora@contoso.example")
    made.told("cid")
    made.post("nina@north.example")
    made.told("bea")
    assert "is asked again at" in made.notes()
    assert made.counts()["live_read_failures"] == 2  # nobody asks while the circuit is open

    made.crm.faults.clear()
    made.clock.forward(timedelta(minutes=6))
    made.crm.update("Account", made.ids["orphan"], BDR__c=made.ids["ben"])
    made.post("olaf@orphan.example")
    made.told("ben")
    assert made.counts()["live_reads"] >= 1


def test_what_waited_when_the_worker_died_is_decided_by_the_next(make_desk: MakeDesk) -> None:
    made = make_desk(sections={"freshness": {"limit_seconds": 30}})
    made.clock.forward(HOUR)
    made.hang(3)
    made.post("dana@acme.example")
    made.worker.ctx.guard.stop()  # type: ignore[union-attr]
    assert [row["outcome"] for row in made.rows(SIGNAL)] == [""]
    made.clock.forward(timedelta(seconds=40))
    made.told("ann")
