"""The budget of calls, the watchdog and the figures, of a worker over a Salesforce in small."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from connectors.base import MirrorObject
from connectors.http import HttpSettings
from connectors.sandbox.faults import Fault
from tests.contract.guard_kit import HOUR, Desk, MakeDesk, desks
from tests.contract.hubspot_kit import running
from tests.contract.salesforce_kit import bench
from worker.store.tables import BUDGET, NOTICE, WATERMARK
from worker.sync import sync, sync_due
from worker.watchdog import watch


@pytest.fixture
def make_desk(tmp_path: Path, sqlite_url: str) -> Iterator[MakeDesk]:
    with desks(tmp_path, sqlite_url) as make:
        yield make


@pytest.fixture
def on_both(tmp_path: Path, store_url: str) -> Iterator[MakeDesk]:
    """As ``make_desk``, on both databases."""
    with desks(tmp_path, store_url) as make:
        yield make


def health(made: Desk) -> Any:
    return requests.get(f"{made.worker.url}/healthz", timeout=30).json()


def figures(made: Desk) -> dict[str, dict[tuple[str, ...], float]]:
    answer = requests.get(f"{made.worker.url}/metrics", timeout=30)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(answer.text):
        for one in family.samples:
            found.setdefault(one.name, {})[tuple(one.labels.values())] = one.value
    return found


def thing(made: Desk, name: str) -> MirrorObject:
    return next(one for one in made.worker.ctx.crm.objects if one.name == name)


@pytest.mark.pitfall("R6", "polling uses up the day, and stopping looks like success")
def test_the_budget_slows_pauses_and_goes_on_and_says_so(make_desk: MakeDesk) -> None:
    made = make_desk()
    governor = made.worker.ctx.governor
    assert governor is not None
    governor.tick()
    budget = health(made)["budget"]
    assert (budget["state"], budget["pace"], budget["most"]) == ("easy", 1.0, 100_000)
    assert budget["used"] >= made.data_calls() - 2
    assert budget["forecast_of_objects"]["users"] >= 1_440

    made.crm.org.daily_limit = 9_000  # a smaller org: our share does not carry the forecast
    assert sync(made.worker.ctx, "users", force=True)
    governor.tick()
    slow = health(made)["budget"]
    assert slow["state"] == "slowed"
    assert slow["pace"] > 2
    stretched = thing(made, "accounts").every * slow["pace"]
    assert governor.every(thing(made, "accounts")) == pytest.approx(stretched, rel=0.01)
    assert governor.every(thing(made, "users")) <= 300
    assert sync(made.worker.ctx, "accounts", force=True)
    row = next(one for one in made.rows(WATERMARK) if one["object"] == "accounts")
    gap = (row["next_at"] - row["finished_at"]).total_seconds()
    assert gap == pytest.approx(stretched, rel=0.01)

    made.crm.org.calls = 8_700  # others used it up to the reserve
    assert sync(made.worker.ctx, "users", force=True)
    governor.tick()
    assert not governor.may_poll(thing(made, "accounts"))
    assert governor.may_poll(thing(made, "users"))
    report = requests.get(f"{made.worker.url}/healthz", timeout=30)
    assert report.status_code == 503
    assert "To mend it" in report.json()["budget"]["why"]

    made.crm.org.calls = 9_000
    assert not sync(made.worker.ctx, "users", force=True)
    assert governor.standing.plan.state.value == "used_up"
    made.clock.forward(HOUR)
    calls = made.data_calls()
    sync_due(made.worker.ctx)
    made.post("dana@acme.example")
    made.told("ann")  # alerts flow on what is known
    assert "used up" in made.notes()
    assert made.data_calls() - calls <= 2  # the task, which the CRM refuses
    shown = figures(made)
    assert shown["hotlead_crm_calls_remaining"][()] == 0
    assert shown["hotlead_crm_calls_state"][("used_up",)] == 1


def test_workers_of_one_store_share_what_they_know(on_both: MakeDesk) -> None:
    made = on_both()
    governor = made.worker.ctx.governor
    assert governor is not None
    governor.tick()
    with made.worker.store.write() as tx:
        values = {"state": "used_up", "used": 100_000, "pace": 30.0}
        tx.conn.execute(BUDGET.update().values(**values))
    made.clock.forward(HOUR)
    sync_due(made.worker.ctx)
    assert not governor.may_poll(thing(made, "users"))


@pytest.mark.pitfall("R7", "a sync is silent for days, and nobody notices")
def test_a_silent_mirror_is_told_once_and_its_end_too(make_desk: MakeDesk) -> None:
    made = make_desk()
    ctx = made.worker.ctx
    watch(ctx)
    assert made.rows(NOTICE) == []
    made.clock.forward(HOUR)
    watch(ctx)
    assert made.slack.messages("ada@team.example") == []  # it may be over in a moment
    made.clock.forward(timedelta(minutes=2))
    watch(ctx)
    watch(ctx)
    made.clock.forward(HOUR)
    watch(ctx)
    (message,) = made.slack.messages("ada@team.example")
    assert "accounts" in str(message)
    assert "hotlead doctor" in str(message)
    report = health(made)
    assert report["ok"] is False
    assert report["mirror"]["accounts"]["silent"] is True
    assert all(sync(ctx, one.name, force=True) for _, one in ctx.mirrored)
    watch(ctx)
    watch(ctx)
    assert "well again" in str(made.slack.messages("ada@team.example")[1])
    assert len(made.slack.messages("ada@team.example")) == 2
    assert made.rows(NOTICE) == []


def test_the_figures_show_the_flow_and_no_person(on_both: MakeDesk) -> None:
    made = on_both()
    made.post("dana@acme.example")
    made.told("ann")
    assert made.worker.settle()
    text = requests.get(f"{made.worker.url}/metrics", timeout=30).text
    assert "@" not in text
    assert "Dana" not in text
    assert "Ann" not in text
    shown = figures(made)
    assert shown["hotlead_mirror_age_seconds"][("accounts",)] < 60
    assert shown["hotlead_mirror_records"][("accounts",)] == 4
    assert shown["hotlead_signals"][("alert",)] == 1
    assert shown["hotlead_deliveries"][("alert", "sent")] == 1
    assert shown["hotlead_alerts"][("multi_open", "fired")] == 1
    assert shown["hotlead_alert_delivered_seconds_bucket"][("300.0",)] == 1
    assert shown["hotlead_alert_delivered_seconds_count"][()] == 1
    assert 0 < shown["hotlead_alert_delivered_seconds_sum"][()] < 60
    assert shown["hotlead_alert_response_seconds_count"][()] == 0
    assert shown["hotlead_live_reads_total"][()] == 0
    assert shown["hotlead_outbox_waiting"][("deliveries",)] == 0
    assert shown["hotlead_clock_job_ok"][("sweep",)] == 1
    assert shown["hotlead_crm_requests_total"][()] > 10


@pytest.mark.pitfall("R7", "the library waits for ever")
def test_r7_no_read_of_a_crm_that_never_answers_lasts() -> None:
    with bench() as made:
        made.load()
        crm = made.crm(_hasty())
        list(crm.read("users", None))
        made.box.faults.order(Fault(kind="latency", seconds=8, times=-1))
        begun = time.monotonic()
        with pytest.raises(Exception, match=r"could not be reached|answer was lost"):
            list(crm.read("users", None))
        assert time.monotonic() - begun < 6
        made.box.faults.clear()
    with running() as kit:
        hubspot = kit.connector(http=_hasty())
        kit.fault("latency", "/crm", seconds=8, times=-1)
        begun = time.monotonic()
        with pytest.raises(Exception, match=r"connection broke|could not be reached"):
            list(hubspot.read("stages", None))
        assert time.monotonic() - begun < 6
        kit.sandbox.faults.clear()


def _hasty() -> HttpSettings:
    return HttpSettings(connect_timeout=0.3, read_timeout=0.3, tries=2, longest_wait=0.05)
