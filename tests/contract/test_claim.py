"""Messages are claimed before they are sent; what became of a claim is never guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.flow_kit import Office, rows
from worker.context import Patience
from worker.deliver import deliver
from worker.intake.accept import accept_in
from worker.intake.envelope import parse
from worker.outbox import free_leases
from worker.run import Worker
from worker.store.tables import DELIVERY


@pytest.fixture
def office(tmp_path: Path, sqlite_url: str) -> Iterator[Office]:
    with Office(tmp_path, sqlite_url) as made:
        places = {"claim_channel": "#hot-leads", "admins": ["ada@team.example"]}
        made.policy = made.policy | {"places": places}  # without a copy for the watchers
        made.policy["ladder"] = [{"to": "assignee", "wait": 15}, {"to": "admin", "wait": 60}]
        yield made


def resting(office: Office) -> Worker:
    """A worker that knows the CRM and whose jobs run only when a test runs them."""
    worker = office.made(Patience())
    assert all(worker.sync_all().values())
    return worker


def accept(office: Office, worker: Worker) -> str:
    """Take one signal in; the id of the message that it causes."""
    limits = worker.settings.signals
    body = json.dumps(office.body()).encode()
    headers = {"content-type": "application/json"}
    (signal,) = parse(body, headers, limits=limits, received_at=office.clock.now()).signals
    with worker.store.write() as tx:
        accept_in(worker.ctx, tx, signal)
    (row,) = rows(worker, DELIVERY)
    return str(row["id"])


def methods(office: Office) -> list[str]:
    return [call.method for call in office.slack.calls]


def test_a_message_is_claimed_by_the_transaction_that_makes_it(office: Office) -> None:
    worker = resting(office)
    delivery_id = accept(office, worker)
    (row,) = rows(worker, DELIVERY)
    assert (row["state"], row["attempts"]) == ("sending", 1)
    deliver(worker.ctx, delivery_id)
    deliver(worker.ctx, delivery_id)
    assert methods(office).count("chat.postMessage") == 1
    assert "conversations.history" not in methods(office)
    assert rows(worker, DELIVERY)[0]["state"] == "sent"
    assert not worker.ctx.claims


def test_a_claim_that_died_with_its_process_is_looked_up_before_it_is_sent(office: Office) -> None:
    delivery_id = accept(office, resting(office))
    reborn = resting(office)
    deliver(reborn.ctx, delivery_id)
    assert methods(office).count("chat.postMessage") == 0, "the dead worker's lease still runs"
    free_leases(reborn.ctx)
    office.clock.forward(timedelta(seconds=2))  # the place's pace counts the lost try
    deliver(reborn.ctx, delivery_id)
    called = methods(office)
    assert called.index("conversations.history") < called.index("chat.postMessage")
    assert called.count("chat.postMessage") == 1


def test_a_claim_that_waited_too_long_is_not_used(office: Office) -> None:
    worker = resting(office)
    delivery_id = accept(office, worker)
    office.clock.forward(worker.ctx.patience.lease * 0.6)
    deliver(worker.ctx, delivery_id)
    assert methods(office).count("chat.postMessage") == 0
    office.clock.forward(worker.ctx.patience.lease)
    deliver(worker.ctx, delivery_id)
    assert "conversations.history" in methods(office)
    assert methods(office).count("chat.postMessage") == 1


def test_a_part_that_fails_takes_along_what_was_to_come_after_it(office: Office) -> None:
    worker = resting(office)
    came: list[str] = []
    with worker.store.write() as tx:
        tx.after_commit.append(lambda: came.append("whole"))

        def fail() -> None:
            with tx.nested():
                tx.after_commit.append(lambda: came.append("part"))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            fail()
    assert came == ["whole"]
