"""The worker writes tasks in batches, those of one account by one worker at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from connectors.base import Crm
from connectors.sandbox.faults import Fault, Message, Receive, Scope, Send
from connectors.sandbox.serving import Serving
from routing.nouns import Person
from routing.policy import Policy
from tests.contract import hubspot_kit, salesforce_kit
from tests.contract.flow_kit import csv_policy
from tests.contract.salesforce_kit import START, Bench
from tests.waiting import until
from worker.clock import SystemClock
from worker.context import Context
from worker.dispatch import dispatch_for
from worker.dispatch.in_process import InProcess
from worker.store.alerts import change_alert, get_alert
from worker.store.engine import Store
from worker.store.mirror import Read, upsert
from worker.store.tables import ACTIVITY, ALERT, ALERT_EVENT
from worker.write_back import write_back

COLLECTION = "/services/data/v66.0/composite/sobjects/Task"
WEEK = {"zone": "UTC", "windows": [[day, 0, 1440] for day in range(7)]}


@dataclass
class Desk:
    """A store, a clock at the start of the world, and workers' means over both."""

    store: Store
    clock: SystemClock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self.clock.forward(START - self.clock.now())

    def ctx(self, crm: Crm) -> Context:
        policy = Policy.model_validate_json(json.dumps(csv_policy()))
        return Context(
            store=self.store,
            clock=self.clock,
            policy=policy,
            dispatch=InProcess(1),
            crm=crm,
            surfaces={},
        )

    def fire(self, number: int, **changes: Any) -> str:
        """An alert with a task that is due; its id."""
        return self.fire_all({number: changes})[0]

    def fire_all(self, numbered: dict[int, dict[str, Any]]) -> list[str]:
        """Many of them at once, each with its changes."""
        alerts = [self.alert(number) | changes for number, changes in numbered.items()]
        now = self.clock.now()
        tasks = [
            _TASK | {"key": f"task:{one['id']}", "alert_id": one["id"], "next_attempt_at": now}
            for one in alerts
        ]
        with self.store.write() as tx:
            tx.conn.execute(insert(ALERT), alerts)
            tx.conn.execute(insert(ACTIVITY), tasks)
        return [str(one["id"]) for one in alerts]

    def alert(self, number: int) -> dict[str, Any]:
        """The row of an alert that fires now."""
        alert_id = f"alert-{number:04}"
        now = self.clock.now()
        alert = {
            "id": alert_id,
            "dedup_key": alert_id,
            "open": True,
            "state": "fired",
            "version": 1,
            "revision": 1,
            "signal_class": "multi_open",
            "stage_class": "prospecting",
            "role": "ae",
            "route": "all",
            "reason": "owner of the deal",
            "prospect_email": f"p{number}@acme.example",
            "prospect_name": f"P {number}",
            "prospect_kind": "contact",
            "rung_kind": "assignee",
            "rung_name": "Ann Ames",
            "rung_place": "slack:person:ann@seller.example",
            "policy_hash": "x",
            "week": WEEK,
            "declined": [],
            "fired_at": now,
        }
        return {name: value for name, value in _DEFAULTS.items() if name not in alert} | alert

    def change(self, alert_id: str, **values: Any) -> None:
        """Change the alert as the flow does."""
        with self.store.write() as tx:
            alert = get_alert(tx.conn, alert_id)
            assert alert is not None
            assert change_alert(tx, alert, **values)

    def tasks(self) -> list[dict[str, Any]]:
        with self.store.read() as conn:
            query = select(ACTIVITY).order_by(ACTIVITY.c.key)
            return [dict(row) for row in conn.execute(query).mappings()]

    def events(self) -> list[str]:
        with self.store.read() as conn:
            return list(conn.execute(select(ALERT_EVENT.c.kind)).scalars())


_DEFAULTS = {
    column.name: "" for column in ALERT.columns if not column.nullable and column.name != "round"
} | {"rung": 0, "round": 0}
_TASK = {"state": "pending", "revision": 0, "wanted": 1, "attempts": 0, "error": ""}


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


@pytest.fixture(scope="module")
def shared() -> Iterator[Bench]:
    with salesforce_kit.bench() as made:
        made.load()
        yield made


@pytest.fixture
def org(shared: Bench) -> Bench:
    """An org without a task."""
    for task in shared.box.records("Task"):
        shared.box.delete("Task", task["Id"])
    shared.box.faults.clear()
    return shared


def responded(desk: Desk, minutes: float = 31.0) -> dict[str, Any]:
    return {
        "open": False,
        "state": "responded",
        "responded_at": desk.clock.now() + timedelta(minutes=minutes),
        "response_kind": "email",
        "latency_minutes": minutes,
        "working_latency_minutes": minutes,
    }


def test_a_thousand_tasks_are_five_calls_to_salesforce(sqlite_url: str, org: Bench) -> None:
    desk = Desk(Store(sqlite_url))
    crm = org.crm()
    crm.write_activities([salesforce_kit.draft("task:first")])
    desk.fire_all({number: {} for number in range(1000)})
    before = crm.api_calls
    write_back(desk.ctx(crm))
    assert crm.api_calls - before == 5
    assert {row["state"] for row in desk.tasks()} == {"sent"}
    assert len(org.box.records("Task")) == 1001
    desk.store.close()


def test_a_hundred_tasks_are_one_call_to_hubspot_and_one_to_complete_them(
    sqlite_url: str,
) -> None:
    desk = Desk(Store(sqlite_url))
    with hubspot_kit.running() as kit:
        crm = kit.connector()
        crm.ensure_properties()
        desk.fire_all({number: {} for number in range(300)})
        before = crm.api_calls
        write_back(desk.ctx(crm))
        assert crm.api_calls - before == 3
        with desk.store.write() as tx:
            tx.conn.execute(update(ALERT).values(**responded(desk)))
            tx.conn.execute(update(ACTIVITY).values(wanted=2))
        write_back(desk.ctx(crm))
        assert crm.api_calls - before == 6
        done = [task["hs_task_status"] for task in kit.tasks()]
        assert done == ["COMPLETED"] * 300
    desk.store.close()


@dataclass
class Watched:
    """An application that notes which keys are being written at the same time."""

    app: Any
    keys: Callable[[bytes], list[str]]
    met: list[set[str]] = field(default_factory=list)
    bodies: list[list[str]] = field(default_factory=list)
    _now: dict[int, set[str]] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(COLLECTION):
            await self.app(scope, receive, send)
            return
        raw = b""
        while True:
            message = await receive()
            raw += message.get("body", b"")
            if not message.get("more_body"):
                break
        mine = self.keys(raw)
        self.bodies.append(mine)
        for other in self._now.values():
            self.met.append(other & set(mine))
        self._now[id(mine)] = set(mine)
        waiting: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        try:
            await self.app(scope, replay, send)
        finally:
            del self._now[id(mine)]


def parents_in(raw: bytes) -> list[str]:
    """The accounts of a collection's rows, in order."""
    return [row["WhatId"] for row in json.loads(raw)["records"]]


def test_no_two_workers_write_below_one_account_at_once(desk: Desk, org: Bench) -> None:
    accounts = [org.box.create("Account", Name=f"A {number}") for number in range(40)]
    desk.fire_all({number: {"account_id": accounts[number % 40]} for number in range(240)})
    watched = Watched(org.box.app, parents_in)
    with Serving(watched) as served:
        crms = [org.crm(login_url=served.url) for _ in range(2)]
        for crm in crms:
            crm.prepare()
        org.box.faults.order(Fault(kind="latency", path=COLLECTION, seconds=0.3, times=2))
        threads = [threading.Thread(target=write_back, args=(desk.ctx(crm),)) for crm in crms]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        # What was passed over is due still, and the next sweep hands it over.
        write_back(desk.ctx(crms[0]))
    assert {row["state"] for row in desk.tasks()} == {"sent"}
    assert len(org.box.records("Task")) == 240
    assert not any(watched.met)
    for body in watched.bodies:
        assert body == sorted(body), "rows of one account stand together"


def test_of_many_asks_of_a_dispatch_one_writes_at_a_time(desk: Desk, org: Bench) -> None:
    dispatch = dispatch_for(desk.store, threads=4)
    running, most = [0], [0]
    mutex = threading.Lock()
    ctx = desk.ctx(org.crm())

    def job(_row_id: str) -> None:
        with mutex:
            running[0] += 1
            most[0] = max(most[0], running[0])
        write_back(ctx)
        with mutex:
            running[0] -= 1

    dispatch.start({"write_back": job})
    for number in range(20):
        desk.fire(number)
        with desk.store.write() as tx:
            dispatch.hand_over(tx, "write_back", "", lock="write_back")
    until(dispatch.idle, "all to be written")
    dispatch.stop()
    assert most == [1]
    assert {row["state"] for row in desk.tasks()} == {"sent"}


def refuse(org: Bench, *codes: str, times: int = 1) -> None:
    """Let the org answer so for each row, and do well where there is no code."""
    done = {"success": True, "id": "00T000000000001AAA", "created": True, "errors": []}
    body = [
        {"success": False, "errors": [{"statusCode": code, "message": "no", "fields": []}]}
        if code
        else done
        for code in codes
    ]
    org.box.faults.order(Fault(kind="status", status=200, path=COLLECTION, body=body, times=times))


def test_each_row_of_a_batch_has_its_own_end(sqlite_url: str, org: Bench) -> None:
    desk = Desk(Store(sqlite_url))
    crm = org.crm()
    crm.prepare()
    for number in range(4):
        desk.fire(number)
    refuse(org, "", "UNABLE_TO_LOCK_ROW", "STRING_TOO_LONG", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    begun = desk.clock.now()
    write_back(desk.ctx(crm))
    ended = desk.clock.now()
    sent, locked, refused, config = desk.tasks()
    assert [row["state"] for row in desk.tasks()] == ["sent", "pending", "failed", "pending"]
    assert sent["remote_id"] == "00T000000000001AAA"
    soon, later = (row["next_attempt_at"] for row in (locked, config))
    assert begun + timedelta(seconds=1) < soon <= ended + timedelta(seconds=2)
    assert begun + timedelta(minutes=4) < later <= ended + timedelta(minutes=5)
    assert "validation rule" in config["error"]
    assert "STRING_TOO_LONG" in refused["error"]
    assert desk.events() == ["task_opened", "task_failed"]
    desk.clock.forward(timedelta(minutes=6))
    write_back(desk.ctx(crm))
    assert [row["state"] for row in desk.tasks()] == ["sent", "sent", "failed", "sent"]
    desk.store.close()


def test_a_refused_task_is_tried_again_with_the_response(sqlite_url: str, org: Bench) -> None:
    desk = Desk(Store(sqlite_url))
    crm = org.crm()
    alert_id = desk.fire(1)
    crm.prepare()
    refuse(org, "STRING_TOO_LONG")
    write_back(desk.ctx(crm))
    assert [row["state"] for row in desk.tasks()] == ["failed"]
    desk.change(alert_id, **responded(desk))
    write_back(desk.ctx(crm))
    [task] = org.box.records("Task")
    assert (task["Status"], task["HLR_Latency_Minutes__c"]) == ("Completed", 31.0)
    desk.store.close()


def test_an_error_that_nobody_knows_is_tried_a_few_times_and_then_given_up(
    sqlite_url: str, org: Bench
) -> None:
    desk = Desk(Store(sqlite_url))
    crm = org.crm()
    desk.fire(1)
    crm.prepare()
    refuse(org, "SOMETHING_NEW", times=-1)
    tried = 0
    while desk.tasks()[0]["state"] != "failed":
        write_back(desk.ctx(crm))
        desk.clock.forward(timedelta(minutes=11))
        tried += 1
        assert tried < 20
    assert tried == 8
    assert "does not know" in desk.tasks()[0]["error"]
    desk.store.close()


def test_a_task_of_unclear_outcome_does_not_hold_up_its_account(
    sqlite_url: str, org: Bench
) -> None:
    desk = Desk(Store(sqlite_url))
    crm = org.crm()
    crm.prepare()
    desk.fire(1, account_id=org.ids["acme"])
    org.box.faults.order(Fault(kind="reset_after", path=COLLECTION, times=3))
    write_back(desk.ctx(crm))
    desk.fire(2, account_id=org.ids["acme"])
    write_back(desk.ctx(crm))
    assert [row["state"] for row in desk.tasks()] == ["sending", "sent"]
    desk.clock.forward(timedelta(seconds=5))
    write_back(desk.ctx(crm))
    assert [row["state"] for row in desk.tasks()] == ["sent", "sent"]
    assert len(org.box.records("Task")) == 2
    desk.store.close()


def mirror(desk: Desk, *people: Person) -> None:
    with desk.store.write() as tx:
        now = desk.clock.now()
        upsert(tx, Person, "users", people, Read(1, now), now)


def owner_of(desk: Desk, org: Bench, **alert: Any) -> tuple[str, str]:
    """Whom the task goes to, and its text."""
    desk.fire(1, **alert)
    write_back(desk.ctx(org.crm()))
    [task] = org.box.records("Task")
    return task["OwnerId"], task["Description"]


def person(org: Bench, key: str, **more: Any) -> Person:
    return Person(id=org.ids[key], email=f"{key}@seller.example", name=key.title(), **more)


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        ({"assignee_id": "ann"}, "ann"),
        ({"assignee_id": "ann", "holder_id": "ben"}, "ben"),
        ({"assignee_id": "ann", "holder_id": "ben", "responder_id": "mia"}, "mia"),
        ({"assignee_id": "old", "holder_id": "ben"}, "ben"),
        ({"assignee_id": "old"}, "mia"),
        ({"assignee_id": "old", "responder_id": "old", "holder_id": "ann"}, "ann"),
    ],
)
def test_the_task_goes_to_whoever_acts_and_is_there(
    sqlite_url: str, org: Bench, alert: dict[str, str], expected: str
) -> None:
    desk = Desk(Store(sqlite_url))
    mirror(
        desk,
        person(org, "ann"),
        person(org, "ben"),
        person(org, "mia"),
        person(org, "old", active=False, manager_id=org.ids["mia"]),
    )
    owner, text = owner_of(desk, org, **{name: org.ids[key] for name, key in alert.items()})
    assert owner == org.ids[expected]
    left = alert.get("responder_id") == "old" or (alert == {"assignee_id": "old"})
    assert ("Old is no longer active in the CRM, so this is with" in text) is left
    desk.store.close()


def test_a_rep_whom_the_mirror_does_not_know_to_have_left_is_replaced_by_the_crm(
    sqlite_url: str, org: Bench
) -> None:
    desk = Desk(Store(sqlite_url))
    mirror(desk, person(org, "old", manager_id=org.ids["mia"]), person(org, "mia"))
    owner, text = owner_of(desk, org, assignee_id=org.ids["old"])
    assert owner == org.ids["mia"]
    assert "may own no tasks" in text
    desk.store.close()
