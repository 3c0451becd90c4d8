"""The marked task of a drill in both CRMs, by the real connectors: it comes, is read, and goes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from connectors.base import Crm
from connectors.sandbox.faults import Fault, Faults
from routing.policy import Policy
from tests.contract import hubspot_kit, salesforce_kit
from tests.contract.flow_kit import csv_policy
from tests.contract.salesforce_kit import START
from worker.clock import SystemClock
from worker.context import Context, Patience
from worker.dispatch.in_process import InProcess
from worker.drill.asking import Record, ask
from worker.drill.report import report_of
from worker.drill.running import advance, end
from worker.drill.task import work_on_task
from worker.store.engine import Store
from worker.store.tables import DRILL, DRILL_TASK


@dataclass
class Side:
    """One CRM: its connector, its faults, our living tasks, and a record to hang a task on."""

    crm: Crm
    faults: Faults
    tasks: Callable[[], list[dict[str, Any]]]
    record: Record
    write_path: str


@pytest.fixture(scope="module", params=["salesforce", "hubspot"])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    if request.param == "salesforce":
        with salesforce_kit.bench() as bench:
            ids = bench.load()
            yield Side(
                bench.crm(),
                bench.box.faults,
                lambda: [one for one in bench.box.records("Task") if one["HLR_Alert_Key__c"]],
                Record(
                    name="Cat Cole",
                    account_id=ids["acme"],
                    prospect_id=ids["cat"],
                    prospect_kind="contact",
                ),
                "/services/data/v66.0/composite/sobjects/Task",
            )
        return
    with hubspot_kit.running() as kit:
        contact = kit.sandbox.records("contacts")[0]["id"]
        crm = kit.connector()
        crm.ensure_properties()
        record = Record(name="Them", prospect_id=contact, prospect_kind="contact")
        yield Side(crm, kit.sandbox.faults, kit.tasks, record, "/crm/v3/objects/tasks/batch")


@pytest.fixture
def ctx(sqlite_url: str, side: Side) -> Iterator[Context]:
    store = Store(sqlite_url)
    clock = SystemClock()
    clock.forward(START - clock.now())
    policy = Policy.model_validate_json(json.dumps(csv_policy()))
    patience = Patience(first_retry=timedelta(seconds=2))
    side.faults.clear()
    yield Context(
        store=store,
        clock=clock,
        policy=policy,
        dispatch=InProcess(1),
        crm=side.crm,
        surfaces={},
        patience=patience,
    )
    store.close()


def begun(ctx: Context, record: Record) -> int:
    """A drill of nobody, but of the task; its task is not worked on yet."""
    now = ctx.clock.now()
    made = ask(ctx.store, ctx.policy, (), record, by="dana", wait=600, press=300, now=now)
    with ctx.store.write() as tx:
        ends = now + timedelta(minutes=10)
        running = {"state": "running", "begun_at": now, "ends_at": ends}
        tx.conn.execute(update(DRILL).where(DRILL.c.id == made).values(**running))
    return made


def task_of(ctx: Context) -> dict[str, Any]:
    with ctx.store.read() as conn:
        return dict(conn.execute(select(DRILL_TASK)).mappings().one())


def test_it_is_opened_completed_read_back_and_removed(ctx: Context, side: Side) -> None:
    drill_id = begun(ctx, side.record)
    advance(ctx, str(drill_id))
    task = task_of(ctx)
    assert (task["step"], task["error"]) == ("done", "")
    assert all(task[f"{step}_at"] for step in ("opened", "completed", "read", "removed"))
    assert task["url"].startswith("http")
    assert side.tasks() == []
    with ctx.store.read() as conn:
        assert conn.execute(select(DRILL.c.state)).scalar_one() == "ended"


def test_a_refusal_is_told_with_its_mend(ctx: Context, side: Side) -> None:
    gone = Record(name="Gone", account_id="001Hl00000GONE1AAA", prospect_id=None)
    body = [{"message": "Invalid Session", "errorCode": "INSUFFICIENT_ACCESS"}]
    other = {"category": "MISSING_SCOPES", "message": "no scope", "status": "error"}
    refusal: Any = body if side.crm.name == "salesforce" else other
    side.faults.order(Fault(kind="status", path=side.write_path, status=403, body=refusal, times=9))
    drill_id = begun(ctx, gone)
    work_on_task(ctx, drill_id)
    task = task_of(ctx)
    assert task["step"] == "failed"
    assert task["error"]
    assert task["mend"]
    assert side.tasks() == []


def test_a_lost_answer_makes_no_second_task_and_leaves_none(ctx: Context, side: Side) -> None:
    drill_id = begun(ctx, side.record)
    side.faults.order(Fault(kind="reset_after", path=side.write_path, times=9))
    work_on_task(ctx, drill_id)
    task = task_of(ctx)
    assert (task["step"], task["unclear"]) == ("open", True)
    assert len(side.tasks()) == 1
    side.faults.clear()
    ctx.clock.forward(timedelta(minutes=1))  # type: ignore[attr-defined]
    work_on_task(ctx, drill_id)
    assert task_of(ctx)["step"] == "done"
    assert side.tasks() == []


def test_a_drill_that_ended_in_between_still_takes_its_task_away(ctx: Context, side: Side) -> None:
    """Killed after the CRM took the task and before that was noted; the drill is over meanwhile."""
    drill_id = begun(ctx, side.record)
    side.faults.order(Fault(kind="reset_after", path=side.write_path, times=9))
    work_on_task(ctx, drill_id)
    side.faults.clear()
    assert len(side.tasks()) == 1
    with ctx.store.write() as tx:
        assert end(tx, drill_id, ctx.clock.now())
    ctx.clock.forward(timedelta(minutes=1))  # type: ignore[attr-defined]
    advance(ctx, str(drill_id))
    task = task_of(ctx)
    assert task["step"] == "failed"
    assert task["removed_at"] is not None
    assert side.tasks() == []


def test_a_crm_that_stays_away_is_no_reason_to_wait_for_ever(ctx: Context, side: Side) -> None:
    """The task cannot be removed: the report says so, and it goes as soon as it can."""
    drill_id = begun(ctx, side.record)
    side.faults.order(Fault(kind="status", path=side.write_path, status=503, times=-1, skip=1))
    advance(ctx, str(drill_id))
    with ctx.store.write() as tx:
        assert end(tx, drill_id, ctx.clock.now())
    side.faults.order(Fault(kind="status", method="DELETE", status=503, times=-1))
    advance(ctx, str(drill_id))
    found = report_of(ctx.store, drill_id)
    assert (found.over, found.waits, found.failed) == (False, True, True)
    assert len(side.tasks()) == 1
    side.faults.clear()
    ctx.clock.forward(timedelta(hours=1))  # type: ignore[attr-defined]
    advance(ctx, str(drill_id))
    found = report_of(ctx.store, drill_id)
    assert (found.over, found.waits, found.failed) == (True, False, True)
    assert side.tasks() == []
    side.crm.remove_activity(str(task_of(ctx)["remote_id"]))
