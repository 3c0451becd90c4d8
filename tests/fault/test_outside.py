"""The outside away for long, answering nonsense, or breaking off; and clocks that jump."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.sandbox.faults import Fault
from tests.forks import run
from tests.story.stage import Stage, wait_for
from worker.store.tables import DELIVERY, SIGNAL

HTML = "<!doctype html><title>Sign in to the hotel Wi-Fi</title>"
POST = "/api/chat.postMessage"
TASKS = "/services/data/v66.0/composite"
REST = "/services/data"


@pytest.fixture
def stage(tmp_path: Path, sqlite_url: str) -> Iterator[Stage]:
    clock = {"sweep_seconds": 0.2, "sync_seconds": 0.2}
    with Stage(folder=tmp_path, store_url=sqlite_url, extra={"clock": clock}) as made:
        made.start()
        yield made


def age(stage: Stage, minutes: int, steps: int = 8) -> None:
    """Time passes in steps, with the worker looking after each."""
    for _ in range(steps):
        stage.forward(timedelta(minutes=minutes / steps))


def delivered(stage: Stage) -> bool:
    with stage.store.read() as conn:
        rows = conn.execute(DELIVERY.select()).mappings().all()
    return bool(rows) and all(row["state"] == "sent" for row in rows)


def once_each(stage: Stage) -> None:
    """Every delivery is one message, and every alert one task."""
    wait_for("the work in hand", stage.quiet)
    keys = [one["metadata"]["event_payload"]["key"] for one in stage.slack.messages()]
    with stage.store.read() as conn:
        rows = conn.execute(DELIVERY.select()).mappings().all()
    assert sorted(keys) == sorted(row["id"] for row in rows if row["state"] == "sent")
    assert len(stage.tasks()) == len(stage.alerts())


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", path=POST, status=503, times=-1),
        Fault(kind="status", path="/api", status=500, body=HTML, times=-1),
        Fault(kind="status", path=POST, status=200, body=HTML, times=-1),
        Fault(kind="reset_before", path="/api", times=-1),
        Fault(kind="status", path=POST, status=429, headers={"retry-after": "40"}, times=-1),
    ],
    ids=["unavailable", "failing in HTML", "good in HTML", "breaking off", "asking for a pause"],
)
def test_slack_away_for_two_hours_gets_each_message_once_when_it_is_back(
    stage: Stage, fault: Fault
) -> None:
    stage.slack.faults.order(fault)
    assert stage.signal("dana@acme.example").status_code == 202
    assert stage.signal("cora@contoso.example").status_code == 202
    wait_for("a try", lambda: stage.slack.faults.carried_out)
    age(stage, 120)
    assert stage.slack.messages() == []
    stage.slack.faults.clear()
    age(stage, 15)
    wait_for("every message", lambda: delivered(stage))
    stage.expect_message("cid", "Hot lead")
    once_each(stage)


def test_posts_whose_answers_are_lost_again_and_again_are_posted_once(stage: Stage) -> None:
    stage.slack.faults.order(Fault(kind="reset_after", path=POST, times=6))
    for prospect in ("dana@acme.example", "cora@contoso.example", "nina@north.example"):
        stage.signal(prospect)
    age(stage, 10)
    wait_for("every message", lambda: delivered(stage))
    once_each(stage)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", path=REST, status=503, times=-1),
        Fault(kind="status", path=REST, status=200, body=HTML, times=-1),
        Fault(kind="reset_before", path=REST, times=-1),
        Fault(kind="reset_after", path=TASKS, times=-1),
    ],
    ids=["unavailable", "good in HTML", "breaking off", "losing its answers"],
)
def test_a_crm_away_for_two_hours_keeps_nobody_waiting_and_gets_one_task(
    stage: Stage, fault: Fault
) -> None:
    stage.sandbox.faults.order(fault)
    stage.signal("dana@acme.example")
    stage.expect_message("ann", "Hot lead")
    wait_for("a try", lambda: stage.sandbox.faults.carried_out)
    age(stage, 120)
    stage.sandbox.faults.clear()
    age(stage, 15)
    stage.expect_task(done=False)
    stage.log_contact("call", "ann", "dana")
    age(stage, 10)
    stage.expect_task(done=True)
    once_each(stage)


def test_a_clock_that_is_put_back_an_hour_holds_up_no_new_alert(stage: Stage) -> None:
    stage.signal("dana@acme.example")
    stage.expect_message("ann", "Hot lead")
    stage.forward(timedelta(hours=-1))
    stage.signal("cora@contoso.example")
    stage.expect_message("cid", "Hot lead")
    stage.expect_message("#sales-leadership", "Cora", number=2)
    stage.signal("dana@acme.example", "reply", sentiment="positive")
    wait_for("the mirror to be read", lambda: stage.health()["mirror"]["contacts"]["ok"])
    age(stage, 75)
    wait_for("every message", lambda: delivered(stage))
    once_each(stage)


def test_a_clock_that_jumps_a_day_ahead_doubles_nothing(stage: Stage) -> None:
    stage.slack.faults.order(Fault(kind="latency", path=POST, seconds=0.5, times=4))
    stage.signal("dana@acme.example")
    wait_for("a post in flight", lambda: stage.slack.faults.carried_out)
    _jump(stage, timedelta(days=1))
    stage.expect_message("ann", "Hot lead")
    age(stage, 10)
    wait_for("every message", lambda: delivered(stage))
    wait_for("a worker that is well", lambda: stage.health()["ok"])
    once_each(stage)


def _jump(stage: Stage, by: timedelta) -> None:
    """Move the clock in the middle of the work in hand."""
    process, stage.process = stage.process, None
    stage.forward(by)
    stage.process = process


def test_the_same_file_of_signals_sent_twice_is_counted_once(stage: Stage) -> None:
    bodies = [
        stage.signal_body(prospect)
        for prospect in ("dana@acme.example", "cora@contoso.example", "dana@acme.example")
    ]
    path = stage.folder / "signals.json"
    path.write_text(json.dumps(bodies))
    answers = [_send_file(stage, path) for _ in range(2)]
    assert [(one["accepted"], one["duplicates"]) for one in answers] == [(3, 0), (0, 3)]
    wait_for("every message", lambda: delivered(stage))
    with stage.store.read() as conn:
        assert len(conn.execute(SIGNAL.select()).all()) == 3
    assert len(stage.alerts()) == 2
    wait_for("both tasks", lambda: len(stage.tasks()) == 2)
    once_each(stage)


def _send_file(stage: Stage, path: Path) -> dict[str, int]:
    command = ["send-signal", str(path), "-c", str(stage.config), "--json"]
    done = run(*command, env=stage.environment(), cwd=stage.folder)
    assert done.returncode == 0, done.stderr
    answer: dict[str, int] = json.loads(done.stdout)
    return answer
