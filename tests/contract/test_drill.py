"""A drill by the real outbox and the real client of Slack: who is told, who presses, who is not."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from typer.testing import CliRunner

from connectors.sandbox.faults import Fault
from tests.contract.flow_kit import (
    Office,
    csv_policy,
    make_office,
    rows,
    shared_office,
    wiped,
    write_crm,
)
from tests.waiting import until
from worker.audit import audit, silent_surfaces
from worker.cli.common import UsageError, clock
from worker.cli.main import command_line
from worker.clock import SystemClock
from worker.drill.asking import Record, RefusedError, ask
from worker.drill.plan import Target, Wish, plan
from worker.drill.report import Report, report_of
from worker.drill.running import end, tick
from worker.proof.team import team_of
from worker.reach import reach
from worker.run import Worker
from worker.store.tables import ALERT, DELIVERY, DRILL, DRILL_TARGET, DRILL_TASK, IDENTITY, PRESS

__all__ = ["make_office"]
WORDS = "🧪 Drill: a test, no lead"
EVERYBODY = {"ann", "ben", "bea", "cid", "mia", "ada", "#hot-leads", "#sales-leadership"}
ANN = Wish(people=("ann@team.example",))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Worker]]:
    policy = csv_policy() | {"backups": {"cid@team.example": "ben@team.example"}}
    with shared_office(tmp_path_factory, policy=policy) as made:
        yield made, made.worker()


@pytest.fixture
def office(shared: tuple[Office, Worker]) -> Office:
    return shared[0]


@pytest.fixture
def worker(shared: tuple[Office, Worker]) -> Worker:
    """The shared worker without any drill, over the CRM as it was in the beginning."""
    made, worker = shared
    made.slack.faults.clear()
    with worker.store.write() as tx:
        for table in (DRILL, DRILL_TARGET, DRILL_TASK, DELIVERY, IDENTITY):
            tx.conn.execute(delete(table))
    folder = made.folder / "crm"
    (folder / "out_of_office.csv").unlink(missing_ok=True)
    write_crm(folder)
    worker.sync_all()
    return wiped(worker)


def planned(worker: Worker, wish: Wish | None = None) -> tuple[Target, ...]:
    ctx = worker.ctx
    with ctx.store.read() as conn:
        team = team_of(conn, ctx.policy, ctx.clock.now())
        found = reach(conn, ctx.policy, team)
    return plan(found, team, ctx.policy, ctx.clock.now(), wish or Wish())


def asked(worker: Worker, wish: Wish | None = None, record: Record | None = None) -> int:
    """A drill of fifteen minutes with five minutes to press; its number."""
    targets, now = planned(worker, wish), worker.ctx.clock.now()
    policy = worker.ctx.policy
    return ask(worker.store, policy, targets, record, by="dana", wait=900, press=300, now=now)


def begin(worker: Worker, wish: Wish | None = None, record: Record | None = None) -> int:
    """The same, and everything is sent."""
    drill_id = asked(worker, wish, record)
    beat(worker)
    return drill_id


def beat(worker: Worker) -> None:
    """What the clock does each second, and all that follows from it."""
    tick(worker.ctx)
    assert worker.settle()


def messages(office: Office, worker: Worker, place: str) -> list[dict[str, Any]]:
    """The test messages of the present drill in a place: a rep by key, a channel with its #."""
    where = place.lstrip("#") if place.startswith("#") else f"{place}@team.example"
    keys = {one["id"] for one in rows(worker, DELIVERY)}
    found = office.slack.messages(where)
    return [one for one in found if one["metadata"]["event_payload"]["key"] in keys]


def only(office: Office, worker: Worker, place: str) -> dict[str, Any]:
    """The one message in a place."""
    (message,) = messages(office, worker, place)
    return message


def told(office: Office, worker: Worker) -> set[str]:
    """Who sees a test message."""
    return {one for one in EVERYBODY if messages(office, worker, one)}


def press(office: Office, worker: Worker, who: str, place: str) -> None:
    """Press the button in a place as a person does, through the socket, and let it be heard."""
    message = only(office, worker, place)
    office.slack.press(f"{who}@team.example", message["channel"], message["ts"], "drill")
    until(lambda: _is_pressed(worker, message), "the press to be noted")
    assert worker.settle()


def _is_pressed(worker: Worker, message: dict[str, Any]) -> bool:
    key = message["metadata"]["event_payload"]["key"]
    target = next(one["drill_target_id"] for one in rows(worker, DELIVERY) if one["id"] == key)
    found = next(one for one in rows(worker, DRILL_TARGET) if one["id"] == target)
    return found["pressed_at"] is not None


def named(found: Report, name: str) -> dict[str, Any]:
    return next(one for one in (*found.people, *found.channels) if one["name"] == name)


def test_everybody_is_told_once_and_each_press_comes_back(office: Office, worker: Worker) -> None:
    drill_id = begin(worker)
    assert told(office, worker) == EVERYBODY
    for place in EVERYBODY:
        assert only(office, worker, place)["text"].startswith(WORDS), "it says so at the top"
        press(office, worker, "mia" if place.startswith("#") else place, place)
    beat(worker)
    found = report_of(worker.store, drill_id)
    assert (found.over, found.failed) == (True, False)
    assert (found.counts.pressed, found.counts.messages, found.counts.silent) == (8, 8, 0)
    ann = named(found, "Ann")
    assert ann["identity"]["address"] == office.slack.user_id("ann@team.example")
    assert ann["delivery"]["url"].startswith("http")
    assert (ann["button"]["state"], ann["button"]["by"]) == ("pressed", "Ann")
    assert ann["escalation"]["behind"] == ["Ben", "#hot-leads", "Mia", "Ada"]
    assert "ae of 3 accounts" in ann["why"]
    assert named(found, "#hot-leads")["button"]["by"] == "Mia"
    message = only(office, worker, "ann")
    assert "Thank you" in message["text"]
    assert not any(block["type"] == "actions" for block in message["blocks"])


def test_a_drill_leaves_no_trace_where_leads_are_counted(office: Office, worker: Worker) -> None:
    before = audit(worker.ctx)
    begin(worker, ANN)
    press(office, worker, "ann", "ann")
    assert audit(worker.ctx) == before
    assert not rows(worker, ALERT)
    assert not rows(worker, PRESS)
    office.slack.faults.order(Fault(kind="status", path="/api/chat.postMessage", times=-1))
    with worker.store.write() as tx:
        tx.conn.execute(delete(DRILL))
    asked(worker, Wish(channels=("hot-leads",)))
    tick(worker.ctx)
    until(lambda: any(one["attempts"] for one in rows(worker, DELIVERY)), "a try")
    office.clock.forward(timedelta(minutes=14))
    assert not silent_surfaces(worker.ctx)


def test_a_second_drill_is_refused_with_the_name_of_the_first(
    office: Office, worker: Worker
) -> None:
    first = begin(worker, ANN)
    with pytest.raises(RefusedError, match=f"drill {first} is under way, begun by dana"):
        asked(worker)
    with worker.store.write() as tx:
        assert end(tx, first, office.clock.now())
        assert not end(tx, first, office.clock.now())
    assert worker.settle()
    assert "The drill is over" in only(office, worker, "ann")["text"]
    assert asked(worker, ANN) == first + 1


def test_two_who_are_silent_share_one_message_to_who_stands_in(
    office: Office, worker: Worker
) -> None:
    drill_id = begin(worker, Wish(people=("ann@team.example", "cid@team.example")))
    office.clock.forward(timedelta(seconds=301))
    beat(worker)
    cover = only(office, worker, "ben")["text"]
    assert "Ann did not press in time" in cover
    assert "Cid did not press in time" in cover
    office.clock.forward(timedelta(seconds=900))
    beat(worker)
    found = report_of(worker.store, drill_id)
    assert (found.over, found.counts.silent, found.failed) == (True, 2, False)


def test_a_stranger_is_named_with_the_mend_and_the_next_is_told_at_once(
    office: Office, worker: Worker
) -> None:
    for file in ("people.csv", "accounts.csv"):
        path = office.folder / "crm" / file
        path.write_text(path.read_text().replace("ann@team.example", "anna@else.example"))
    worker.sync_all()
    drill_id = begin(worker, Wish(people=("anna@else.example",)))
    beat(worker)
    assert told(office, worker) == {"ben"}
    assert "Ann cannot be reached" in only(office, worker, "ben")["text"]
    found = report_of(worker.store, drill_id)
    (anna,) = found.people
    assert anna["delivery"]["state"] == "failed"
    assert "slack knows nobody with the e-mail anna@else.example" in anna["problem"]
    assert "anna@else.example: invite them to Slack" in anna["mend"]
    assert (found.failed, found.counts.unreachable) == (True, 1)


def test_an_admin_whom_the_crm_does_not_know_hears_that_their_buttons_do_nothing(
    office: Office, worker: Worker
) -> None:
    people = office.folder / "crm" / "people.csv"
    lines = people.read_text().splitlines(keepends=True)
    people.write_text("".join(one for one in lines if "ada@" not in one))
    worker.sync_all()
    drill_id = begin(worker, Wish(people=("ada@team.example",)))
    press(office, worker, "ada", "ada")
    beat(worker)
    found = report_of(worker.store, drill_id)
    assert "no CRM user has the e-mail" in found.people[0]["button"]["problem"]
    assert found.counts.warnings == 1
    said = "their buttons on real alerts do nothing"
    until(lambda: any(said in one["text"] for one in office.slack.ephemerals), "the answer")


def test_who_is_away_is_left_alone_unless_everyone_is_meant(office: Office, worker: Worker) -> None:
    away = "email,starts,ends\nann@team.example,2026-11-20,2026-12-31\n"
    (office.folder / "crm" / "out_of_office.csv").write_text(away)
    worker.sync_all()
    drill_id = begin(worker)
    assert told(office, worker) == EVERYBODY - {"ann"}
    found = report_of(worker.store, drill_id)
    assert "is out of office until 2027-01-01" in named(found, "Ann")["skipped"]
    assert (found.counts.skipped, found.failed) == (1, False)
    (ann,) = planned(worker, Wish(people=("ann@team.example",), everyone=True))
    assert ann.gets_message


def test_messages_of_a_drill_that_is_over_are_not_sent_later(
    office: Office, worker: Worker
) -> None:
    office.slack.faults.order(Fault(kind="status", path="/api/chat.postMessage", times=-1))
    drill_id = asked(worker)
    tick(worker.ctx)
    until(lambda: sum(one["attempts"] > 0 for one in rows(worker, DELIVERY)) == 8, "a try each")
    office.clock.forward(timedelta(seconds=901))
    tick(worker.ctx)
    until(lambda: report_of(worker.store, drill_id).over, "the end")
    assert worker.settle()  # a call that was under way at the end has come back
    office.slack.faults.clear()
    office.clock.forward(timedelta(hours=1))
    beat(worker)
    assert told(office, worker) == set()
    found = report_of(worker.store, drill_id)
    assert found.counts.unreachable == 8
    assert found.people[0]["problem"]


def test_whoever_does_not_press_is_passed_on_and_so_is_who_stands_in(make_office: Any) -> None:
    """On both databases, with the task and a worker that dies in the act of the first message."""
    office = make_office()
    worker = office.worker()
    office.slack.faults.order(Fault(kind="reset_after", path="/api/chat.postMessage", times=9))
    drill_id = asked(worker, ANN, Record(name="Acme", account_id="acme.example"))
    tick(worker.ctx)
    until(lambda: messages(office, worker, "ann"), "a message whose answer is lost")
    worker.stop()
    office.slack.faults.clear()
    worker = office.worker()
    office.clock.forward(timedelta(minutes=2))
    beat(worker)
    assert told(office, worker) == {"ann"}
    only(office, worker, "ann")
    office.clock.forward(timedelta(seconds=301))
    beat(worker)
    assert "Ann did not press in time" in only(office, worker, "ben")["text"]
    assert "Not pressed in time, so Ben was told" in only(office, worker, "ann")["text"]
    office.clock.forward(timedelta(seconds=301))
    beat(worker)
    assert "Ben did not press in time" in only(office, worker, "#hot-leads")["text"]
    for who, place in (("ben", "ben"), ("ann", "ann"), ("cid", "#hot-leads")):
        assert not report_of(worker.store, drill_id).over
        press(office, worker, who, place)
    beat(worker)
    found = report_of(worker.store, drill_id)
    assert (found.over, found.failed) == (True, False)
    assert [one["name"] for one in found.covers] == ["#hot-leads", "Ben"]
    assert found.people[0]["escalation"]["told"] == "Ben"
    assert found.write_back is not None
    assert found.write_back["state"] == "ok"
    assert "drill" not in (office.folder / "crm" / "activities.csv").read_text()


@pytest.fixture
def company(office: Office, worker: Worker) -> Iterator[Path]:
    """The folder of a configuration for the command, whose clock is the office's."""
    assert isinstance(clock, SystemClock)
    back = office.clock.now() - clock.now()
    clock.forward(back)
    settings = {"crm": "csv", "csv": {"folder": "crm"}, "policy": office.policy}
    settings["store"] = {"url": office.store_url}
    (office.folder / "hotlead.yaml").write_text(json.dumps(settings))
    yield office.folder
    clock.forward(-back)


def run(company: Path, *words: str) -> tuple[int, str]:
    """The command's exit code and what it said."""
    config = ("-c", str(company / "hotlead.yaml"))
    at = (*words, *config) if words and not words[0].startswith("-") else (*config, *words)
    done = CliRunner(env={"COLUMNS": "200"}).invoke(command_line(["drill"]), ["drill", *at])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout


def test_the_command_shows_asks_and_reports(office: Office, worker: Worker, company: Path) -> None:
    code, said = run(company, "--dry-run")
    assert code == 0
    assert "6 people and 2 channels would get a test message" in said
    assert "Ben → #hot-leads → Mia → Ada" in said
    assert not rows(worker, DRILL)
    with pytest.raises(UsageError, match="--yes"):
        run(company, "--person", "ann@team.example")
    with pytest.raises(UsageError, match="no team is called nope; there are: AE, Admin, BDR"):
        run(company, "--team", "nope")
    drill_id = begin(worker, ANN)
    with pytest.raises(UsageError, match=f"drill {drill_id} is under way, begun by dana"):
        run(company, "--yes")
    code, said = run(company, "stop")
    assert (code, said) == (
        0,
        f"Drill {drill_id} is ended. hotlead drill report says what it has proved.\n",
    )
    code, said = run(company, "report")
    assert code == 0
    assert "0 unreachable, 1 of 1 delivered, 0 pressed, 1 did not press." in said
    assert run(company, "report", "--strict")[0] == 1
    code, said = run(company, "report", str(drill_id), "--json")
    assert json.loads(said)["people"][0]["button"]["state"] == "silent"
    with pytest.raises(UsageError, match="there is no drill 99"):
        run(company, "report", "99")


def test_the_command_follows_a_drill_to_its_end(
    office: Office, worker: Worker, company: Path
) -> None:
    def as_ada() -> None:
        until(lambda: messages(office, worker, "ada"), "the message")
        press(office, worker, "ada", "ada")

    presser = threading.Thread(target=as_ada)
    presser.start()
    code, said = run(company, "--yes", "--team", "admins", "--no-write-back")
    presser.join()
    assert code == 0
    assert told(office, worker) == {"ada"}
    assert "Ada (ada@team.example)" in said
    assert "0 unreachable, 1 of 1 delivered, 1 pressed." in said
    assert "Write-back: not tried" in said
