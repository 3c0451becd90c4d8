"""When the rep is away or silent: the next rung, never nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.sandbox.faults import Fault
from tests.story.conftest import Staging
from tests.story.stage import Stage, wait_for
from tests.story.world import MONDAY, small_world

_TODAY = (MONDAY - timedelta(hours=4), MONDAY + timedelta(hours=10))


def test_when_nobody_acts_the_alert_climbs_to_the_admin(stage: Stage) -> None:
    stage.signal("dana@acme.example")
    stage.expect_message("ann", "Hot lead")
    stage.forward(timedelta(minutes=16))
    stage.expect_message("ben", "Hot lead")
    stage.expect_message("ann", "Passed on to Ben AE")
    stage.forward(timedelta(minutes=31))
    stage.expect_message("#hot-leads", "Claim")
    stage.forward(timedelta(minutes=61))
    stage.expect_message("mia", "Hot lead")
    stage.forward(timedelta(minutes=61))
    stage.expect_message("ada", "Hot lead")
    assert [len(stage.messages(one)) for one in ("ann", "ben", "mia", "ada")] == [1, 1, 1, 1]
    assert len(stage.tasks()) == 1


def test_a_rep_who_is_out_of_office_is_not_asked_and_the_message_says_why(
    staged: Staging,
) -> None:
    stage = staged(world=small_world(ann={"away": (_TODAY,)}))
    stage.signal("dana@acme.example")
    stage.expect_message("ben", "Ben AE covers")
    assert stage.messages("ann") == []


def test_owner_and_backup_away_goes_to_the_coverage_channel_at_once(staged: Staging) -> None:
    stage = staged(world=small_world(ann={"away": (_TODAY,)}, ben={"away": (_TODAY,)}))
    stage.signal("dana@acme.example")
    stage.expect_message("#hot-leads", "Claim")


def test_a_rep_unknown_to_slack_is_an_empty_rung(staged: Staging) -> None:
    stage = staged(world=small_world(ann={"on_slack": False}))
    stage.signal("dana@acme.example")
    stage.expect_message("ben", "Hot lead")
    alert = stage.expect_alert(rung_kind="backup")
    assert alert["state"] == "fired"


def test_the_night_is_no_waiting_time(staged: Staging) -> None:
    evening = datetime(2026, 11, 23, 22, 55, tzinfo=UTC)  # 17:55 in New York
    stage = staged(start_at=evening - timedelta(minutes=2))
    stage.signal("dana@acme.example")
    stage.expect_message("ann", "Hot lead")
    stage.forward(timedelta(hours=6))
    stage.signal("cora@contoso.example")  # proves that the clock was looked at since
    stage.expect_message("cid", "Hot lead")
    assert stage.messages("ben") == []
    stage.forward(timedelta(hours=9, minutes=20))  # 09:15 the next morning
    stage.expect_message("ben", "Hot lead")


def test_not_mine_passes_on_at_once_and_the_decliner_is_not_asked_again(stage: Stage) -> None:
    stage.signal("dana@acme.example")
    stage.press("ann", stage.expect_message("ann", "Not mine"), "not_mine")
    stage.expect_message("ben", "Hot lead")
    wait_for("thanks to Ann", lambda: stage.slack.ephemerals)
    assert len(stage.messages("ann")) == 1


def test_a_snooze_reminds_when_it_is_over(stage: Stage) -> None:
    stage.signal("dana@acme.example")
    stage.press("ann", stage.expect_message("ann", "Snooze"), "snooze")
    stage.expect_alert(state="snoozed")
    stage.forward(timedelta(minutes=31))
    stage.expect_message("ann", "Waiting for Ann AE", number=2)
    assert stage.messages("ben") == []


def test_noise_closes_the_alert_and_its_task(stage: Stage) -> None:
    stage.signal("dana@acme.example")
    stage.expect_task(done=False)
    stage.press("ann", stage.expect_message("ann", "Noise"), "noise")
    stage.expect_alert(state="noise", open=False)
    stage.expect_task(done=True)
    stage.expect_message("ann", "Marked as noise")


def test_a_claim_that_leads_nowhere_reopens(stage: Stage) -> None:
    stage.signal("dana@acme.example")
    stage.press("ann", stage.expect_message("ann", "Acknowledge"), "acknowledge")
    stage.expect_alert(state="acknowledged")
    stage.forward(timedelta(minutes=121))
    stage.expect_message("ben", "Hot lead")


def test_slack_away_for_a_while_loses_nothing_and_doubles_nothing(stage: Stage) -> None:
    stage.slack.faults.order(
        Fault(kind="status", path="/api/chat.postMessage", status=503, times=3)
    )
    stage.signal("dana@acme.example")
    for _ in range(8):
        stage.forward(timedelta(seconds=30))
        if stage.messages("ann"):
            break
        wait_for("another try", lambda: stage.alerts())
    stage.expect_message("ann", "Hot lead")
    assert len(stage.messages("ann")) == 1


def test_an_answer_lost_after_the_post_is_looked_up_and_not_posted_again(stage: Stage) -> None:
    stage.slack.faults.order(Fault(kind="reset_after", path="/api/chat.postMessage", times=2))
    stage.signal("dana@acme.example")
    stage.expect_message("ann", "Hot lead")
    stage.expect_message("#sales-leadership", "Hot lead")
    stage.forward(timedelta(minutes=1))
    wait_for(
        "the delivery to be known",
        lambda: stage.expect_alert(state="fired")["delivered_at"] is not None,
    )
    assert len(stage.messages("ann")) == 1
    assert len(stage.messages("#sales-leadership")) == 1


def test_the_crm_away_for_a_while_gets_its_task_later_and_once(stage: Stage) -> None:
    stage.sandbox.faults.order(
        Fault(kind="reset_after", path="/services/data/v66.0/composite", times=1)
    )
    stage.signal("dana@acme.example")
    stage.expect_message("ann", "Hot lead")
    for _ in range(4):
        stage.forward(timedelta(minutes=1))
    stage.expect_task(done=False)
    stage.signal("dana@acme.example", "rep_call", sending_rep="ann@team.example")
    stage.expect_task(done=True)
    assert len(stage.tasks()) == 1


def test_a_digest_whose_reader_is_not_on_slack_goes_to_the_admin(staged: Staging) -> None:
    stage = staged(world=small_world(ann={"on_slack": False}))
    stage.signal("dana@acme.example", "click")
    stage.forward(timedelta(hours=7))
    stage.expect_message("ada", "Meant for ann@team.example")
