"""The main job: a signal reaches the right rep, and the response reaches the CRM."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.story.conftest import Staging
from tests.story.stage import Stage, wait_for


@pytest.mark.parametrize("crm", ["salesforce", "hubspot"])
def test_a_positive_reply_reaches_the_ae_and_the_call_reaches_the_crm(
    staged: Staging, crm: str
) -> None:
    stage = staged(crm=crm)
    assert stage.signal("dana@acme.example", "reply", sentiment="positive").status_code == 202

    message = stage.expect_message("ann", "Dana Reed")
    shown = json.dumps(message, ensure_ascii=False)
    for needed in ("Acme", "Replied positively", "Negotiation", "https://mail.example/dana"):
        assert needed in shown
    task = stage.expect_task(done=False)
    assert task["owner"] == stage.ids["ann"]

    stage.forward(timedelta(minutes=5))
    stage.press("ann", message, "acknowledge")
    alert = stage.expect_alert(state="acknowledged")
    assert alert["responded_at"] is None
    stage.expect_message("ann", "Ann AE is on it")

    stage.forward(timedelta(minutes=20))
    stage.log_contact("call", "ann", "dana")
    stage.forward(timedelta(minutes=5))
    alert = stage.expect_alert(state="responded")
    assert alert["latency_minutes"] == pytest.approx(25, abs=1)
    assert alert["working_latency_minutes"] == pytest.approx(25, abs=1)
    task = stage.expect_task(done=True)
    assert task["latency"] == pytest.approx(25, abs=1)
    stage.expect_message("ann", "Answered by Ann AE after")
    assert len(stage.messages("ann")) == 1
    assert len(stage.tasks()) == 1


@pytest.mark.parametrize(
    ("prospect", "rep"),
    [("nina@north.example", "bea"), ("dana@acme.example", "ann"), ("cora@contoso.example", "cid")],
)
def test_the_stage_of_the_deal_says_who_is_told(stage: Stage, prospect: str, rep: str) -> None:
    stage.signal(prospect)
    stage.expect_message(rep, "Hot lead")


def test_two_opens_in_the_window_make_one_alert_that_tells_both(stage: Stage) -> None:
    stage.signal("dana@acme.example", "open", tier=1)
    stage.forward(timedelta(minutes=35))
    assert stage.alerts() == []
    stage.signal("dana@acme.example", "open", tier=2)
    stage.expect_message("ann", "Opened “Pricing follow-up” twice in the past 35 minutes")


def test_a_single_open_waits_for_the_digest_of_the_day(stage: Stage) -> None:
    stage.signal("dana@acme.example", "open", tier=1)
    stage.forward(timedelta(hours=7))
    stage.expect_message("ann", "Digest for")
    assert stage.alerts() == []
    assert stage.tasks() == []


def test_machine_opens_never_make_an_alert(stage: Stage) -> None:
    for _ in range(3):
        stage.signal("dana@acme.example", "open", tier=5)
    stage.signal("dana@acme.example", "open", confidence=10)
    stage.signal("cora@contoso.example")
    stage.expect_message("cid", "Hot lead")
    assert len(stage.alerts()) == 1


def test_an_unowned_prospect_is_claimed_in_the_channel_and_the_first_claim_wins(
    stage: Stage,
) -> None:
    stage.signal("olaf@orphan.example")
    message = stage.expect_message("#hot-leads", "Claim")
    assert message["pings"] == []
    stage.press("ben", message, "claim")
    stage.expect_alert(state="acknowledged", holder_name="Ben AE")
    message = stage.expect_message("#hot-leads", "Ben AE is on it")
    stage.press_stale("ann", message, "claim")
    wait_for(
        "Ann to be told that Ben was faster",
        lambda: [one for one in stage.slack.ephemerals if "Ben AE was faster" in one["text"]],
    )


def test_a_prospect_that_the_crm_does_not_know_goes_to_the_claim_channel(stage: Stage) -> None:
    stage.signal("stranger@nowhere.example")
    stage.expect_message("#hot-leads", "stranger@nowhere.example")


def test_further_signals_join_the_open_alert_and_change_its_message(stage: Stage) -> None:
    stage.signal("dana@acme.example")
    stage.expect_message("ann", "Hot lead")
    stage.signal("dana@acme.example", "reply", sentiment="positive")
    stage.expect_message("ann", "Positive reply")
    assert len(stage.messages("ann")) == 1
    assert len(stage.alerts()) == 1


def test_the_same_signal_twice_is_one_signal(stage: Stage) -> None:
    body = stage.signal_body("dana@acme.example")
    assert stage.post(body).json()["accepted"] == 1
    assert stage.post(body).json() == {
        "accepted": 0,
        "duplicates": 1,
        "rejected": [],
        "signals": [{"source": "test-tracker", "id": body["id"], "status": "duplicate"}],
    }
    stage.expect_message("ann")
    assert len(stage.alerts()) == 1


def test_a_response_told_as_a_signal_stops_the_clock(stage: Stage) -> None:
    stage.signal("dana@acme.example")
    stage.expect_message("ann")
    stage.forward(timedelta(minutes=12))
    stage.signal("dana@acme.example", "rep_email", sending_rep="ann@team.example")
    alert = stage.expect_alert(state="responded", response_kind="email")
    assert alert["latency_minutes"] == pytest.approx(12, abs=1)
    stage.expect_task(done=True)


def test_a_worker_that_is_asked_to_stop_ends_well_and_goes_on_where_it_was(stage: Stage) -> None:
    stage.signal("dana@acme.example")
    stage.expect_message("ann", "Hot lead")
    stage.expect_task(done=False)
    assert stage.stop() == 0
    stage.forward(timedelta(minutes=16))
    stage.launch()
    stage.expect_message("ben", "Hot lead")
    assert len(stage.messages("ann")) == 1
    assert len(stage.tasks()) == 1
