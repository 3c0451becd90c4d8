"""What reps make of an alert: put off, declined, dismissed, claimed; and who is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from connectors.sandbox.faults import Fault
from routing.nouns import OutOfOffice
from tests.contract.flow_kit import (
    MakeOffice,
    Office,
    csv_policy,
    make_office,
    office,
    only_alert,
    rows,
    shared_office,
    wiped,
)
from tests.story.world import MONDAY
from tests.waiting import until
from worker.doctor.people import outsider_check
from worker.drafts import drafts_of
from worker.escalate import escalate
from worker.manual import set_away
from worker.noise import noise_tallies
from worker.outsiders import outsiders
from worker.press import handle_press
from worker.proof.explaining import explain_subject
from worker.proof.subjects import Subject
from worker.report import alert_records, holder_summaries
from worker.run import Worker
from worker.store.mirror import table_of
from worker.store.tables import ACTIVITY, ALERT, ALERT_EVENT, OUTSIDER

__all__ = ["make_office", "office"]
STRANGER_MAIL = "stranger@nowhere.example"
GUEST = "guest@elsewhere.example"
TUESDAY = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
"""09:00 in New York."""
LADDER = [("assignee", 15), ("backup", 30), ("coverage_channel", 60), ("manager", 60)]


def policy(**more: Any) -> dict[str, Any]:
    return csv_policy() | {"ladder": [{"to": to, "wait": wait} for to, wait in LADDER]} | more


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Worker]]:
    with shared_office(tmp_path_factory, policy=policy()) as made:
        yield made, made.worker()


class Scene:
    """One alert of Dana, whom Ann is asked about, on a Monday at 10:00 in New York."""

    def __init__(self, office: Office, worker: Worker) -> None:
        self.office, self.worker = office, worker
        self.alert_id = ""

    def fire(self, email: str = "dana@acme.example") -> str:
        assert self.office.post(self.worker, self.office.body(email)).status_code == 202
        assert self.worker.settle()
        self.alert_id = str(only_alert(self.worker)["id"])
        return self.alert_id

    def fire_anew(self, email: str) -> None:
        """Another alert, beside those that are closed."""
        before = {row["id"] for row in rows(self.worker)}
        assert self.office.post(self.worker, self.office.body(email)).status_code == 202
        assert self.worker.settle()
        (self.alert_id,) = {row["id"] for row in rows(self.worker)} - before
        self.forward(0.1)  # the pace of a place lets one new message through a second

    def press(self, who: str, action: str, **more: Any) -> str:
        """Press, and what the presser alone is told."""
        before = len(self.office.slack.ephemerals)
        handle_press(self.worker.ctx, self.office.press(who, self.alert_id, action, **more))
        assert self.worker.settle()
        told = self.office.slack.ephemerals[before:]
        return str(told[0]["text"]) if told else ""

    def press_in(self, channel: str, who: str, action: str, **more: Any) -> str:
        return self.press(who, action, message=self.office.slack.messages(channel)[-1], **more)

    def forward(self, minutes: float) -> None:
        self.office.clock.forward(timedelta(minutes=minutes))
        assert self.worker.settle()

    def until(self, moment: datetime) -> None:
        self.forward((moment - self.office.clock.now()).total_seconds() / 60)

    def stands(self) -> tuple[str, str]:
        alert = only_alert(self.worker)
        return alert["state"], alert["rung_name"]

    def events(self, kind: str) -> list[str]:
        return [row["text"] for row in rows(self.worker, ALERT_EVENT) if row["kind"] == kind]

    def body(self) -> str:
        """The text of the CRM task as it should stand now."""
        with self.worker.store.read() as conn:
            (task,) = conn.execute(ACTIVITY.select()).mappings()
            return drafts_of(self.worker.ctx, conn, [task])[0].body


@pytest.fixture
def scene(shared: tuple[Office, Worker]) -> Scene:
    office, worker = shared
    wiped(worker)
    office.clock.forward(MONDAY - office.clock.now())
    with office.slack.state.lock:
        for channel in office.slack.state.channels.values():
            channel.messages.clear()
    with worker.store.write() as tx:
        tx.conn.execute(delete(table_of(OutOfOffice)))
    return Scene(office, worker)


def menu(message: dict[str, Any], action: str) -> list[str]:
    """What can be chosen in a menu of a message; nothing when it has no such menu."""
    for block in message["blocks"]:
        for element in block.get("elements", []):
            if element.get("action_id") == action and "options" in element:
                return [one["text"]["text"] for one in element["options"]]
    return []


def actions(message: dict[str, Any]) -> list[str]:
    return [
        element["action_id"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


# Snooze.


def test_snoozed_until_tomorrow_it_comes_back_at_nine_also_after_a_restart(office: Office) -> None:
    scene = Scene(office, office.worker())
    scene.fire()
    (message,) = office.slack.messages("ann@team.example")
    assert menu(message, "snooze") == ["30 minutes", "1 hour", "Tomorrow morning"]
    fired = only_alert(scene.worker)["fired_at"]
    told = scene.press("ann", "snooze", choice="tomorrow")
    assert told.startswith("Snoozed until Tue 24 Nov 09:00 EST, your time.")
    assert "💤 Snoozed by Ann until Tue 24 Nov 09:00 EST" in office.texts("ann")[0]
    assert only_alert(scene.worker)["due_at"] == TUESDAY
    scene.worker.stop()
    office.clock.forward(timedelta(hours=22))
    scene.worker = office.worker()
    escalate(scene.worker.ctx, scene.alert_id)
    assert (scene.stands(), len(office.texts("ann"))) == (("snoozed", "Ann"), 1)
    scene.until(TUESDAY + timedelta(seconds=2))
    escalate(scene.worker.ctx, scene.alert_id)
    assert scene.worker.settle()
    assert (scene.stands(), len(office.texts("ann")), office.texts("ben")) == (
        ("fired", "Ann"),
        2,
        [],
    )
    assert "Reminded below" in office.texts("ann")[0]
    assert scene.events("reminded") == ["the snooze of Ann is over; told again"]
    # The wait of the rung begins anew, and the clock of the response never stood still.
    alert = only_alert(scene.worker)
    assert TUESDAY < alert["due_at"] - timedelta(minutes=15) < TUESDAY + timedelta(minutes=1)
    office.post(scene.worker, office.body(type="rep_call", time=office.clock.now().isoformat()))
    assert scene.worker.settle()
    alert = only_alert(scene.worker)
    assert alert["fired_at"] == fired
    assert 22 * 60 < alert["latency_minutes"] < 24 * 60


def test_snoozed_again_counts_from_now_and_only_as_often_as_the_policy_allows(
    scene: Scene,
) -> None:
    scene.fire()
    for _ in range(3):
        scene.forward(5)
        assert scene.press("ann", "snooze", choice="1h").startswith("Snoozed until Mon 23 Nov")
        left = only_alert(scene.worker)["due_at"] - scene.office.clock.now()
        assert timedelta(minutes=59) < left <= timedelta(hours=1)
    before = only_alert(scene.worker)
    assert "You have snoozed it 3 times" in scene.press("ann", "snooze", choice="30m")
    assert only_alert(scene.worker) == before
    assert scene.press("ann", "acknowledge") == ""
    assert scene.stands() == ("acknowledged", "Ann")


def test_a_choice_that_the_policy_does_not_offer_changes_nothing(scene: Scene) -> None:
    scene.fire()
    before = only_alert(scene.worker)
    assert "no longer offers this" in scene.press("ann", "snooze", choice="30d")
    assert only_alert(scene.worker) == before


def absent(scene: Scene, who: str, start: datetime, end: datetime) -> None:
    with scene.worker.store.write() as tx:
        set_away(tx, f"{who}@team.example", start, end, "ada", "", MONDAY)


def test_nobody_snoozes_beyond_the_longest_that_the_policy_allows(scene: Scene) -> None:
    scene.fire()
    absent(scene, "ann", MONDAY + timedelta(hours=9), MONDAY + timedelta(days=9))
    before = only_alert(scene.worker)
    told = scene.press("ann", "snooze", choice="tomorrow")
    assert "begins Wed 02 Dec 10:00 EST, and nobody may snooze" in told
    assert "longer than 4 days; nothing was changed" in told
    assert only_alert(scene.worker) == before


def test_who_is_away_when_their_snooze_is_over_is_not_told_but_the_next(scene: Scene) -> None:
    scene.fire()
    scene.press("ann", "snooze", choice="30m")
    absent(scene, "ann", MONDAY + timedelta(minutes=20), MONDAY + timedelta(hours=6))
    scene.forward(31)
    assert scene.stands() == ("fired", "Ben")
    (text,) = scene.events("escalated")
    assert text.startswith("Ann, who snoozed it, is out of office until")
    assert (len(scene.office.texts("ann")), len(scene.office.texts("ben"))) == (1, 1)


def test_what_is_not_the_presser_s_to_snooze_is_refused_with_the_reason(scene: Scene) -> None:
    scene.fire()
    scene.forward(16)
    assert scene.stands() == ("fired", "Ben")
    assert "snooze" not in actions(scene.office.slack.messages("ann@team.example")[0])
    assert "It is Ben's turn now" in scene.press("ann", "snooze")
    scene.press("ben", "snooze", choice="30m")
    assert "Ben has snoozed it until Mon 23 Nov 10:4" in scene.press("ann", "snooze")
    scene.press("ben", "acknowledge")
    assert "Ben is on it, so there is nothing" in scene.press("ann", "snooze")
    office = scene.office
    office.post(scene.worker, office.body(type="rep_call", time=office.clock.now().isoformat()))
    assert scene.worker.settle()
    told = scene.press("ann", "snooze")
    assert told == "This alert is closed: answered by Ben (call). Nothing was changed."


def change_acme(scene: Scene, ae: str) -> None:
    """The CRM's Acme has another AE, and the mirror has read it."""
    path = scene.office.folder / "crm" / "accounts.csv"
    head, *lines = path.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("Acme,")]
    acme = f"Acme,acme.example,active_deal,bea@team.example,{ae}@team.example,cid@team.example"
    path.write_text("\n".join([head, *kept, acme]) + "\n")
    scene.worker.sync_all()
    scene.forward(0.1)


def test_a_snooze_ends_when_the_alert_becomes_somebody_else_s(scene: Scene) -> None:
    scene.fire()
    scene.press("ann", "snooze", choice="tomorrow")
    change_acme(scene, "ben")
    try:
        assert scene.stands() == ("fired", "Ben")
        (text,) = scene.events("handed_over")
        assert text.endswith("; the snooze of Ann ends with it")
        assert "Handed over to Ben" in scene.office.texts("ann")[0]
        scene.until(TUESDAY + timedelta(seconds=2))
        assert "the snooze of Ann" not in "".join(scene.events("reminded"))
    finally:
        change_acme(scene, "ann")


def test_a_more_urgent_signal_ends_a_snooze_and_a_like_one_does_not(scene: Scene) -> None:
    scene.fire()
    scene.press("ann", "snooze", choice="tomorrow")
    office, worker = scene.office, scene.worker
    office.post(worker, office.body())
    assert worker.settle()
    assert scene.stands() == ("snoozed", "Ann")
    office.post(worker, office.body(type="reply", sentiment="positive"))
    assert worker.settle()
    assert scene.stands() == ("fired", "Ann")
    scene.forward(0.1)  # the pace of a place lets one new message through a second
    assert len(office.texts("ann")) == 2
    assert scene.events("joined")[-1].endswith("; being more urgent, it ends the snooze")


# Decline.


def test_a_claim_that_is_declined_in_its_channel_is_open_there_again(scene: Scene) -> None:
    scene.fire(STRANGER_MAIL)
    scene.press_in("hot-leads", "ann", "claim")
    assert scene.stands() == ("acknowledged", "#hot-leads")
    assert "It is open again for #hot-leads" in scene.press_in("hot-leads", "ann", "not_mine")
    assert scene.stands() == ("fired", "#hot-leads")
    assert "Waiting for #hot-leads" in scene.office.texts("#hot-leads")[0]
    assert scene.press_in("hot-leads", "ben", "claim") == ""
    assert scene.stands() == ("acknowledged", "#hot-leads")


def test_a_decline_on_the_last_rung_asks_those_before_and_never_the_decliner(
    scene: Scene,
) -> None:
    scene.fire()
    scene.press("ann", "not_mine")
    assert scene.stands() == ("fired", "Ben")
    scene.press("ben", "not_mine")
    assert scene.stands() == ("fired", "#hot-leads")
    scene.forward(61)
    assert scene.stands() == ("fired", "Mia")
    scene.press("mia", "not_mine")
    assert scene.stands() == ("fired", "#hot-leads")
    told = [len(scene.office.texts(one)) for one in ("ann", "ben", "mia", "#hot-leads")]
    assert told == [1, 1, 1, 2]


# Noise.


def test_noise_is_kept_with_its_reason_and_told_in_the_task_and_counted(office: Office) -> None:
    scene = Scene(office, office.worker())
    scene.fire()
    (message,) = office.slack.messages("ann@team.example")
    assert menu(message, "noise") == [
        "Not a buyer",
        "Opened by a bot or scanner",
        "Wrong contact",
        "Already handled",
        "A duplicate",
        "Another reason…",
    ]
    assert scene.press("ann", "noise", choice="machine") == ""
    alert = only_alert(scene.worker)
    assert (alert["state"], alert["noise_reason"]) == ("noise", "machine")
    said = "Marked as noise by Ann: opened by a bot or scanner"
    assert said in office.texts("ann")[0]
    assert "Marked as noise by Ann, 2026-11-23 15:00 UTC: opened by a bot" in scene.body()
    assert "marked as noise by Ann" in scene.press("ann", "noise")
    with scene.worker.store.read() as conn:
        (tally,) = noise_tallies(conn, MONDAY - timedelta(days=1))
        (record,) = alert_records(conn)
    assert (tally.reason, tally.signal, tally.noise, tally.alerts) == (
        "machine",
        "multi_open",
        1,
        1,
    )
    assert tally.route == alert["route"]
    assert (record["noise_reason"], record["noise_by"]) == ("machine", "Ann")
    assert record["noise_at"].startswith("2026-11-23T15:0")


def test_another_reason_is_asked_for_and_kept_in_the_rep_s_own_words(scene: Scene) -> None:
    office, alert_id = scene.office, scene.fire()
    (message,) = office.slack.messages("ann@team.example")
    pressed = ("ann@team.example", message["channel"], message["ts"], "noise", "other")
    office.slack.press(*pressed)
    until_asked(office)
    assert only_alert(scene.worker)["open"], "nothing is changed before they have said why"
    office.slack.submit("ann@team.example", "they  resell\nour\x00 product <!channel>")
    until_closed(scene)
    alert = only_alert(scene.worker)
    assert (alert["id"], alert["noise_reason"]) == (alert_id, "other")
    assert alert["noise_words"] == "they resell our product <!channel>"
    assert "“they resell our product" in office.texts("ann")[0]
    assert "<!channel>" not in office.texts("ann")[0]


def until_asked(office: Office) -> None:
    until(lambda: office.slack.asked("ann@team.example"), "the form")


def until_closed(scene: Scene) -> None:
    until(lambda: not only_alert(scene.worker)["open"], "the alert to be closed")
    assert scene.worker.settle()


def test_what_somebody_else_is_on_is_theirs_to_call_noise(scene: Scene) -> None:
    scene.fire()
    scene.forward(16)
    scene.press("ben", "acknowledge")
    assert "Ben is on it, so this is theirs to say" in scene.press("ann", "noise", choice="other")
    assert only_alert(scene.worker)["open"]


# Claims and timers.


def test_the_first_claim_wins_and_the_others_messages_say_so(scene: Scene) -> None:
    scene.fire()
    scene.forward(16)
    scene.forward(31)
    assert scene.press_in("hot-leads", "ben", "claim") == ""
    assert scene.press("ann", "acknowledge") == "Ben was faster and is on it."
    assert scene.press("ben", "acknowledge") == "You already have this one."
    for place in ("ann", "ben", "#hot-leads"):
        assert "👋 Ben is on it" in scene.office.texts(place)[0]
    assert actions(scene.office.slack.messages("ann@team.example")[0]) == ["open_thread", "why"]
    assert "snooze" in actions(scene.office.slack.messages("ben@team.example")[0])


def test_a_claim_that_is_not_followed_by_a_response_expires_and_reopens(scene: Scene) -> None:
    scene.fire()
    scene.press("ann", "acknowledge")
    scene.forward(119)
    assert scene.stands() == ("acknowledged", "Ann")
    scene.forward(2)
    assert scene.stands() == ("fired", "Ben")
    assert scene.events("escalated") == [
        "Ann was on it, but no response was seen; now Ben (backup)"
    ]
    assert "Waiting for Ben" in scene.office.texts("ben")[0]


def test_an_empty_rung_is_skipped_at_once(scene: Scene) -> None:
    absent(scene, "ann", MONDAY - timedelta(hours=1), MONDAY + timedelta(hours=9))
    absent(scene, "ben", MONDAY - timedelta(hours=1), MONDAY + timedelta(hours=9))
    scene.fire()
    alert = only_alert(scene.worker)
    assert (alert["rung_kind"], alert["rung"]) == ("coverage_channel", 2)
    assert alert["due_at"] - alert["fired_at"] == timedelta(minutes=60)
    assert (scene.office.texts("ann"), scene.office.texts("ben")) == ([], [])


def test_a_stale_timer_does_nothing(scene: Scene) -> None:
    """A job of a moment that is no more: before its time, after a claim, a snooze, the end."""
    scene.fire()
    for action, more in (("why", {}), ("snooze", {"choice": "1h"}), ("acknowledge", {})):
        scene.press("ann", action, **more)
        scene.office.clock.forward(timedelta(minutes=14))  # past the time that the timer had
        before = only_alert(scene.worker)
        escalate(scene.worker.ctx, scene.alert_id)
        assert only_alert(scene.worker) == before
    scene.press("ann", "noise", choice="duplicate")
    scene.office.clock.forward(timedelta(days=3))
    before = only_alert(scene.worker)
    escalate(scene.worker.ctx, scene.alert_id)
    assert only_alert(scene.worker) == before
    assert scene.events("escalated") == []


# Whose it was, and why.


def test_why_me_explains_the_decision_that_brought_the_presser_s_message(scene: Scene) -> None:
    scene.fire()
    scene.forward(6)
    change_acme(scene, "ben")
    try:
        assert scene.stands() == ("fired", "Ben")
        of_ben = scene.press("ben", "why")
        assert "It was handed over to Ben (ben@team.example) while open: Ben is the AE" in of_ben
        assert "decided again out of this receipt, it is the same" in of_ben
        of_ann = scene.press("ann", "why")
        assert "Ann (ann@team.example) was told first: Ann is the AE" in of_ann
        assert "handed over to Ben (ben@team.example) while open" not in of_ann
        with scene.worker.store.read() as conn:
            subject = Subject(alert=conn.execute(only_row()).mappings().one())
            told = explain_subject(conn, subject, scene.worker.ctx.policy, MONDAY)
        assert [one.explanation.same_again for one in told] == [True, True]
        assert [bool(one.receipt.happenings) for one in told] == [False, True]
    finally:
        change_acme(scene, "ann")


def only_row() -> Any:
    return ALERT.select()


def test_latency_is_split_by_holder_in_reports_and_in_the_task(scene: Scene) -> None:
    office = scene.office
    scene.fire()
    scene.forward(16)
    scene.press("ben", "acknowledge")
    scene.forward(30)
    office.post(scene.worker, office.body(type="rep_call", time=office.clock.now().isoformat()))
    assert scene.worker.settle()
    with scene.worker.store.read() as conn:
        ann, ben = holder_summaries(conn, office.clock.now())
        (record,) = alert_records(conn)
    assert (ann.holder, ann.alerts, ann.answered, ann.passed_on, ann.open) == ("Ann", 1, 0, 1, 0)
    assert (ben.holder, ben.alerts, ben.answered, ben.passed_on, ben.open) == ("Ben", 1, 1, 0, 0)
    assert ann.median == pytest.approx(16, abs=0.5)
    assert ben.working_median == pytest.approx(30, abs=0.5)
    assert [(one["name"], one["how"]) for one in record["holders"]] == [
        ("Ann", "fired"),
        ("Ben", "claimed"),
    ]
    held = sum(one["minutes"] for one in record["holders"])
    assert held == pytest.approx(record["latency_minutes"], abs=0.05)
    assert "Whose clock it was: Ann 16 min (16 working), Ben 30 min (30 working)" in scene.body()


def test_the_commands_show_noise_holders_and_outsiders(scene: Scene, tmp_path: Path) -> None:
    office = scene.office
    scene.fire()
    scene.press("ann", "noise", choice="not_a_buyer")
    scene.fire_anew("dana@acme.example")
    scene.forward(16)
    scene.press("ben", "acknowledge")
    scene.forward(10)
    office.post(scene.worker, office.body(type="rep_call", time=office.clock.now().isoformat()))
    assert scene.worker.settle()
    row = {"surface": "slack", "address": "U1", "email": GUEST, "presses": 2}
    with scene.worker.store.write() as tx:
        tx.conn.execute(OUTSIDER.insert().values(**row, last_at=MONDAY))
    offset = (office.clock.now() - datetime.now(UTC)).total_seconds()
    (tmp_path / "clock").write_text(str(offset))
    config = next(office.folder.glob("hotlead-*.yaml"))

    def hotlead(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "worker.cli.main", *words, "-c", str(config)],
            env=os.environ | {"COLUMNS": "240", "HOTLEAD_CLOCK_FILE": str(tmp_path / "clock")},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    shown = hotlead("alerts")
    assert "noise (not a buyer)" in shown
    assert "26 min: Ann 16 min, Ben 10 min" in shown
    assert "50% of 2" in shown
    assert f"{GUEST} pressed a button 2 times, last 2026-11-23 15:00 UTC and was refused" in shown
    (tally,) = json.loads(hotlead("alerts", "--noise", "--json"))
    assert (tally["reason"], tally["noise"], tally["alerts"]) == ("not_a_buyer", 1, 2)
    ann, ben = json.loads(hotlead("latency", "--by", "holder", "--json"))
    assert (ann["holder"], ann["passed_on"], ben["holder"], ben["answered"]) == ("Ann", 1, "Ben", 1)
    shown = hotlead("latency")
    assert "Alert to response, last 30 days" in shown
    assert "For how long alerts were whose, last 30 days" in shown


# Outsiders.


def test_an_outsider_is_refused_with_the_mend_and_the_admin_sees_it(
    make_office: MakeOffice,
) -> None:
    office = make_office(policy=policy())
    scene = Scene(office, office.worker())
    scene.fire(STRANGER_MAIL)
    office.slack.state.add_user("guest", "Guest", GUEST)
    guest = office.slack.user_id(GUEST)
    office.slack.state.channel("hot-leads").members.add(guest)
    before = only_alert(scene.worker)
    for action in ("claim", "noise", "open_thread"):
        told = scene.press_in("hot-leads", "ann", action, by=GUEST)
    assert told == "", "a link opens for anybody"
    assert only_alert(scene.worker) == before
    texts = [one["text"] for one in office.slack.ephemerals if one["user"] == guest]
    assert len(texts) == 2
    assert f"no active user of the CRM has the e-mail {GUEST}, which you use in Slack" in texts[0]
    assert "Ask Ada (ada@team.example) to give your CRM user this e-mail" in texts[0]
    check = outsider_check(scene.worker.store, "slack")
    assert (check.state, f"{GUEST} (2)" in check.text) == ("warn", True)
    # The admin mends it on either side, and the guest is an outsider no more.
    path = office.folder / "crm" / "people.csv"
    path.write_text(path.read_text() + f"Gus,{GUEST},AE,mia@team.example,\n")
    scene.worker.sync_all()
    assert outsider_check(scene.worker.store, "slack").state == "ok"
    assert scene.press_in("hot-leads", "ann", "claim", by=GUEST) == ""
    assert only_alert(scene.worker)["holder_name"] == "Gus"
    assert rows(scene.worker, OUTSIDER) == []


def test_an_outsider_without_an_e_mail_or_with_a_mended_one_is_looked_up_again(
    scene: Scene,
) -> None:
    office = scene.office
    scene.fire(STRANGER_MAIL)
    user = office.slack.state.add_user("nomail", "No Mail", "nomail@elsewhere.example")
    office.slack.state.channel("hot-leads").members.add(user.id)
    user.email = ""
    press = office.press(
        "ann", scene.alert_id, "claim", message=office.slack.messages("hot-leads")[0]
    )
    theirs = replace(press, address=user.id)
    handle_press(scene.worker.ctx, theirs)
    assert "Slack tells Hotlead no e-mail of yours" in office.slack.ephemerals[-1]["text"]
    with scene.worker.store.read() as conn:
        (unknown,) = outsiders(conn)
    assert "whose e-mail is not told" in unknown.shown
    user.email = "cid@team.example"
    handle_press(scene.worker.ctx, replace(theirs, press_id="another"))
    assert only_alert(scene.worker)["holder_name"] == "Cid"


def test_whoever_slack_cannot_name_just_now_is_no_outsider(
    scene: Scene,
) -> None:
    office = scene.office
    scene.fire(STRANGER_MAIL)
    user = office.slack.state.add_user("newbie", "New", "newbie@elsewhere.example")
    office.slack.state.channel("hot-leads").members.add(user.id)
    office.slack.faults.order(Fault(kind="status", path="/api/users.info", status=503, times=3))
    (message,) = office.slack.messages("hot-leads")
    press = office.press("ann", scene.alert_id, "claim", message=message)
    handle_press(scene.worker.ctx, replace(press, address=user.id))
    office.slack.faults.clear()
    assert only_alert(scene.worker)["state"] == "fired"
    assert rows(scene.worker, OUTSIDER) == []
    assert "Slack could not say who you are, so nothing" in office.slack.ephemerals[-1]["text"]
