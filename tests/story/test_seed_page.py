"""What a page about the routing of hot leads promises, each behaviour under its own sentence.

Each story plays through: a signal in, a message in Slack, a button or a call, the task in the
CRM, the latency. The teams are the presets of ``config/``, filled in and otherwise as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from tests.browser.kit import HEARD, chromium
from tests.story.pattern import Pattern, patterns
from tests.waiting import until
from worker.cli.main import command_line
from worker.store.tables import RECEIPT

Playing = Callable[[str], Pattern]
DANA, NINA, CORA, OLAF = (
    "dana@acme.example",
    "nina@north.example",
    "cora@contoso.example",
    "olaf@orphan.example",
)


@pytest.fixture(scope="module")
def all_patterns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playing]:
    with patterns(tmp_path_factory.mktemp("patterns")) as made:
        yield made


@pytest.fixture
def solo(all_patterns: Playing) -> Pattern:
    return all_patterns("solo").anew()


@pytest.fixture
def small(all_patterns: Playing) -> Pattern:
    return all_patterns("small-team").anew()


@pytest.fixture
def mixed(all_patterns: Playing) -> Pattern:
    return all_patterns("bdr-ae").anew()


@pytest.fixture
def named(all_patterns: Playing) -> Pattern:
    return all_patterns("named-accounts").anew()


@pytest.fixture
def tagged(all_patterns: Playing) -> Pattern:
    return all_patterns("without a CRM").anew()


def typed(pattern: Pattern, *words: str, config: Path | None = None) -> tuple[int, str]:
    """A command as an admin or rep types it; its exit code and what it prints."""
    file = str(config or pattern.config)
    done = CliRunner().invoke(command_line(words), [*words, "-c", file])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def on_board(pattern: Pattern, **whose: str) -> dict[str, Any]:
    """The board of a view, as it is now."""
    answer = requests.get(f"{pattern.worker.url}/board.json", params=whose, timeout=30)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


# The problem: three ways in which an alert that fires is lost on its way.


def test_an_alert_never_stays_with_the_wrong_rep_when_a_deal_makes_the_account_an_aes(
    mixed: Pattern,
) -> None:
    mixed.signal("gus@globex.example")
    assert mixed.told() == {"bea": 1, "#sales-leadership": 1}
    mixed.open_deal("globex", owner="ben")
    mixed.wait(seconds=6)
    assert mixed.told() == {"bea": 1, "ben": 1, "#sales-leadership": 1}
    assert "Handed over to Ben AE" in mixed.shown("bea")[0]
    assert [task["owner"] for task in mixed.tasks()] == [mixed.ids["ben"]]
    mixed.signal("gus@globex.example", thread={"id": "another", "url": "https://mail.example/2"})
    assert mixed.told()["bea"] == 1


def test_whoever_gets_an_alert_need_not_dig_for_what_led_to_it(mixed: Pattern) -> None:
    mixed.signal(DANA, "open", sending_rep="ann@team.example")
    mixed.wait(minutes=35)
    mixed.signal(DANA, "open", sending_rep="ann@team.example")
    mixed.signal(DANA, "reply", sentiment="positive", sending_rep="ann@team.example")
    (shown,) = mixed.shown("ann")
    assert "Replied positively to “Pricing follow-up” a minute ago" in shown
    assert "opened “Pricing follow-up” twice in the past 35 minutes" in shown
    assert mixed.outcomes() == ["join", "alert", "join"]


def test_an_alert_does_not_lie_in_the_queue_of_a_rep_who_sits_in_a_meeting(
    mixed: Pattern,
) -> None:
    mixed.signal(DANA)
    mixed.wait(minutes=16)
    assert (len(mixed.messages("ann")), "A reminder" in mixed.shown("ann")[-1]) == (2, True)
    mixed.wait(minutes=15)
    assert len(mixed.messages("ben")) == 1
    mixed.wait(minutes=30)
    assert "Claim" in mixed.shown("#hot-leads")[0]
    mixed.wait(minutes=60)
    assert len(mixed.messages("mia")) == 1
    mixed.wait(minutes=60)
    assert len(mixed.messages("ada")) == 1
    assert mixed.clock.now() - mixed.alert()["fired_at"] < timedelta(hours=4)
    assert len(mixed.tasks()) == 1


# The pattern, step by step.


def test_the_stage_decides_between_bdr_ae_and_csm(mixed: Pattern) -> None:
    for prospect in (NINA, DANA, CORA):
        mixed.signal(prospect)
    assert mixed.told() == {"bea": 1, "ann": 1, "cid": 1, "#sales-leadership": 3}
    reps = {mixed.ids[key] for key in ("bea", "ann", "cid")}
    assert {task["owner"] for task in mixed.tasks()} == reps


def test_without_a_crm_the_stage_is_what_somebody_tagged_by_hand(tagged: Pattern) -> None:
    for prospect in (NINA, DANA, CORA):
        tagged.signal(prospect)
    assert tagged.told() == {"bea": 1, "ann": 1, "cid": 1, "#sales-leadership": 3}
    assert {row["stage_class"] for row in tagged.rows()} == {
        "prospecting",
        "active_deal",
        "customer",
    }


@pytest.mark.parametrize(
    ("kind", "more"), [("multi_open", {}), ("reply", {"sentiment": "positive"})]
)
def test_what_is_hot_goes_to_the_direct_messages_of_its_rep_at_once(
    mixed: Pattern, kind: str, more: dict[str, str]
) -> None:
    mixed.signal(DANA, kind, **more)
    assert mixed.told() == {"ann": 1, "#sales-leadership": 1}
    assert mixed.outcomes() == ["alert"]


def test_what_several_must_see_goes_to_a_channel_beside_its_one_rep(tagged: Pattern) -> None:
    tagged.signal("theo@north.example")
    assert tagged.told() == {"cara": 1, "#hot-leads": 1, "#sales-leadership": 1}
    assert "Acknowledge" in tagged.shown("cara")[0]
    assert "Claim" not in tagged.shown("#hot-leads")[0]


def test_what_can_wait_interrupts_nobody_and_is_there_to_be_looked_up(tagged: Pattern) -> None:
    tagged.signal(DANA, "click")
    tagged.signal(DANA, "visit")
    assert (tagged.told(), tagged.outcomes()) == ({}, ["digest", "explain"])
    code, text = typed(tagged, "signals", "--json")
    listed = {one["kind"]: one for one in json.loads(text)}
    assert (code, listed["visit"]["why"]) == (0, "suppressed: a visit is only looked up")
    assert (listed["click"]["outcome"], listed["click"]["with"]) == ("digest", "ann@team.example")


def test_what_can_wait_is_on_a_board_and_interrupts_nobody(mixed: Pattern) -> None:
    mixed.signal(DANA, "click")
    mixed.signal(NINA, "reply", sentiment="automatic")
    everybody, ann = on_board(mixed), on_board(mixed, rep="ann@team.example")
    assert mixed.told() == {}
    assert (everybody["open"], ann["open"]) == ([], [])
    ended = {one["prospect"]: one["outcome"] for one in everybody["can_wait"]}
    assert ended == {DANA: "digest", NINA: "explain"}
    assert [one["prospect"] for one in ann["can_wait"]] == [DANA]
    mixed.signal(DANA)
    (alert,) = on_board(mixed, rep="ann@team.example")["open"]
    assert (alert["account"], alert["assignee_name"]) == ("Acme", "Ann AE")
    assert alert["thread_url"] == f"https://mail.example/{DANA}"
    assert mixed.ids["dana"] in alert["crm_url"]
    assert requests.get(mixed.worker.url + alert["why_url"], timeout=30).status_code == 200


def test_an_alert_says_who_did_what_and_whose_it_is_with_one_click_to_the_thread(
    mixed: Pattern,
) -> None:
    mixed.signal(DANA, "multi_open", sending_rep="bea@team.example")
    (message,) = mixed.messages("ann")
    shown = json.dumps(message, ensure_ascii=False)
    for needed in ("Dana Reed", "Acme", "Pricing follow-up", "Ann AE", "Bea BDR", "Acme rollout"):
        assert needed in shown, needed
    buttons = [one for block in message["blocks"] for one in block.get("elements", ())]
    (thread,) = [one for one in buttons if one.get("url") == f"https://mail.example/{DANA}"]
    assert thread["style"] == "primary"


def test_when_the_rep_is_away_the_backup_has_it_and_else_the_shared_channel(
    mixed: Pattern,
) -> None:
    mixed.leave("ann")
    mixed.signal(DANA)
    assert mixed.told() == {"ben": 1, "#sales-leadership": 1}
    assert "Ben AE covers" in mixed.shown("ben")[0]
    mixed.anew().leave("ann", "ben")
    mixed.signal(DANA)
    assert mixed.told() == {"#hot-leads": 1, "#sales-leadership": 1}


def test_a_missing_cover_is_found_before_anybody_leaves(named: Pattern) -> None:
    bare = named.config.with_name("bare.yaml")
    text = named.config.read_text()
    bare.write_text(text.replace("      backup: ann@team.example\n", ""))
    words = ("coverage", "--json", "--days", "2")
    before, after = (
        {one["text"] for one in json.loads(typed(named, *words, config=config)[1])["findings"]}
        for config in (named.config, bare)
    )
    assert "Ben AE has no backup for the named account globex.example" in after - before


def test_the_time_from_alert_to_response_is_measured_and_written_to_the_crm(
    mixed: Pattern,
) -> None:
    mixed.signal(DANA)
    mixed.wait(minutes=5)
    mixed.press("ann", "ann", "acknowledge")
    until(lambda: mixed.alert()["state"] == "acknowledged", "Ann's word")
    mixed.wait(minutes=20)
    mixed.contact("ann", "dana")
    alert = mixed.alert()
    assert alert["state"] == "responded"
    assert alert["latency_minutes"] == pytest.approx(25, abs=1)
    (task,) = mixed.tasks()
    assert task["done"]
    assert task["latency"] == pytest.approx(25, abs=1)
    assert "Answered by Ann AE after" in mixed.shown("ann")[0]


@pytest.mark.parametrize(("minutes", "mark"), [(90, "good"), (400, "bad")])
def test_a_median_under_two_working_hours_is_healthy_and_one_over_six_is_not(
    solo: Pattern, minutes: int, mark: str
) -> None:
    solo.signal(DANA)
    solo.wait(minutes=minutes)
    solo.signal(DANA, "rep_email", sending_rep="ann@team.example")
    team = solo.latency()[0]
    assert team.mark == mark
    assert team.median == pytest.approx(minutes, abs=1)


def test_rules_may_follow_the_stakeholder_as_well_as_the_stage(tagged: Pattern) -> None:
    tagged.signal("theo@north.example")
    tagged.signal(NINA)
    assert {row["prospect_email"]: row["rung_name"] for row in tagged.rows()} == {
        "theo@north.example": "Cara",
        NINA: "Bea",
    }


# The four patterns by size of team.


def test_one_seller_alone_gets_everything_in_their_own_messages(solo: Pattern) -> None:
    for prospect in (NINA, DANA, CORA, "stranger@nowhere.example"):
        solo.signal(prospect)
    assert solo.told() == {"ann": 4}
    assert {row["assignee_name"] for row in solo.rows()} == {"Ann"}


@pytest.mark.browser
def test_a_solo_seller_may_be_notified_by_the_browser(solo: Pattern) -> None:
    with chromium() as browser:
        context = browser.new_context(permissions=["notifications"])
        context.add_init_script(HEARD)
        page = context.new_page()
        page.clock.install()
        page.goto(f"{solo.worker.url}/board")
        page.get_by_role("button", name="Notify me").click()
        page.get_by_role("button", name="Notifying").wait_for()
        solo.signal(NINA, "open")
        solo.signal(DANA)
        page.clock.run_for(15_000)
        page.get_by_role("heading", name="Dana Reed").wait_for()
        assert page.evaluate("heard") == ["🔥 Hot lead: Dana Reed · Acme"]
        context.close()
    assert solo.told() == {"ann": 1}


def test_a_few_aes_get_what_they_own_and_claim_the_rest_in_the_channel(small: Pattern) -> None:
    small.signal(DANA)
    small.signal("gus@globex.example")
    small.signal("stranger@nowhere.example")
    assert small.told() == {"ann": 1, "ben": 1, "#hot-leads": 1}
    small.press("cara", "#hot-leads", "claim")
    until(lambda: "Cara AE is on it" in small.shown("#hot-leads")[0], "Cara's claim")
    small.press("ben", "#hot-leads", "claim")
    until(lambda: "Cara AE was faster" in json.dumps(small.slack.ephemerals), "word to Ben")
    assert small.worker.settle()
    stranger = next(row for row in small.rows() if not row["assignee_id"])
    assert stranger["holder_name"] == "Cara AE"


def test_somebody_new_of_a_known_company_reaches_that_companys_ae(small: Pattern) -> None:
    small.signal("somebody.new@acme.example")
    assert small.told() == {"ann": 1}
    (receipt,) = small.rows(RECEIPT)
    assert any("(confidence 0.9" in one for one in receipt["decision"]["notes"])
    code, said = typed(small, "explain", small.alert()["id"][:8])
    assert (code, "confidence 0.9" in said) == (0, True)


def test_the_standup_reads_how_long_each_rep_took(small: Pattern) -> None:
    small.signal(DANA)
    small.signal("gus@globex.example")
    small.wait(minutes=10)
    small.signal(DANA, "rep_email", sending_rep="ann@team.example")
    small.wait(minutes=5)
    small.signal("gus@globex.example", "rep_call", sending_rep="ben@team.example")
    team, *reps = small.latency()
    assert (team.n, team.answered) == (2, 2)
    assert team.median == pytest.approx(12.5, abs=1)
    assert {one.rep: one.median for one in reps} == {
        "Ann AE": pytest.approx(10, abs=1),
        "Ben AE": pytest.approx(15, abs=1),
    }


def test_managers_see_every_alert_in_one_channel_and_are_not_asked_to_act(
    mixed: Pattern,
) -> None:
    for prospect in (NINA, DANA, CORA):
        mixed.signal(prospect)
    copies = mixed.shown("#sales-leadership")
    assert [name in " ".join(copies) for name in ("Nina", "Dana", "Cora")] == [True] * 3
    assert not any('"claim"' in one or '"acknowledge"' in one for one in copies)
    mixed.signal(DANA, "rep_email", sending_rep="ann@team.example")
    assert "Answered by Ann AE" in " ".join(mixed.shown("#sales-leadership"))


def test_a_named_account_is_its_reps_or_their_backups_and_nobody_claims_it(
    named: Pattern,
) -> None:
    named.signal("gus@globex.example")
    assert named.told() == {"ben": 1, "#sales-leadership": 1}
    named.anew().leave("ben")
    named.signal("gus@globex.example")
    assert named.told() == {"ann": 1, "#sales-leadership": 1}
    named.anew().leave("ann", "ben")
    named.signal("gus@globex.example")
    assert named.told() == {"mia": 1, "#sales-leadership": 1}
    assert not any('"claim"' in one for one in named.shown("#sales-leadership"))


# The questions that are asked most.


def test_what_is_assigned_comes_as_direct_message_and_what_is_not_to_the_channel(
    small: Pattern,
) -> None:
    small.signal(DANA)
    small.signal("stranger@nowhere.example")
    assert "Acknowledge" in small.shown("ann")[0]
    assert "Claim" in small.shown("#hot-leads")[0]
    assert small.told() == {"ann": 1, "#hot-leads": 1}


def test_a_rep_who_says_they_are_away_is_covered_from_then_on(small: Pattern) -> None:
    small.leave("ann")
    small.signal(DANA)
    assert small.told() == {"ben": 1}
    small.anew().leave("ann", "ben")
    small.signal(DANA)
    assert small.told() == {"cara": 1}


def test_a_status_in_slack_is_enough_to_be_covered_and_its_end_to_be_back(
    mixed: Pattern,
) -> None:
    back = mixed.clock.now() + timedelta(hours=2)
    mixed.slack.set_status("ann@team.example", "Leave", ":palm_tree:", int(back.timestamp()))
    mixed.read_statuses()
    mixed.signal(DANA)
    assert mixed.told() == {"ben": 1, "#sales-leadership": 1}
    mixed.anew()
    mixed.read_statuses()
    mixed.signal(DANA)
    assert mixed.told() == {"ann": 1, "#sales-leadership": 1}


def test_a_rep_without_slack_loses_nothing(small: Pattern) -> None:
    small.signal("ines@initech.example", "click")
    small.signal("ines@initech.example", "reply", sentiment="positive")
    small.wait(seconds=2)
    assert small.told() == {"ben": 1}
    assert "Initech" in small.shown("ben")[0]
    small.anew().signal("ines@initech.example", "click")
    small.wait(hours=8)
    assert small.told() == {"ada": 1}
    assert "Meant for dave@team.example" in small.shown("ada")[0]


def test_a_team_without_slack_is_told_by_e_mail_at_once_and_as_a_digest(
    all_patterns: Playing,
) -> None:
    team = all_patterns("without Slack").anew()
    team.signal(DANA, "reply", sentiment="positive")
    ((subject, text),) = team.mails("ann@team.example")
    assert subject == "Dana Reed (Acme) replied, positive — yours"
    assert text.index(f"Open thread: https://mail.example/{DANA}") < text.index("Acme rollout")
    assert "Why you: " in text
    team.wait(minutes=16)
    assert team.mails("ann@team.example")[1][0].endswith("— still yours")
    team.wait(minutes=15)
    assert team.mails("ben@team.example")[0][0].endswith("— for Ann AE")
    team.contact("ann", "dana")
    (task,) = team.tasks()
    assert (team.alert()["state"], task["done"]) == ("responded", True)
    team.signal("olaf@orphan.example")
    assert [one[0][-13:] for one in team.mails("hot-leads@team.example")] == ["who takes it?"]
    team.signal(DANA, "click")
    team.wait(hours=8)
    subject, text = team.mails("ann@team.example")[-1]
    assert subject.startswith("Digest for ")
    assert f"- {DANA} clicked a link" in text


def test_each_rep_chooses_what_interrupts_and_what_waits_until_evening(mixed: Pattern) -> None:
    mixed.signal(DANA, "form")
    assert (mixed.told(), mixed.outcomes()) == ({}, ["digest"])
    mixed.anew()
    assert typed(mixed, "settings", "ann@team.example", "--real-time", "form")[0] == 0
    assert typed(mixed, "settings", "ann@team.example", "--silent", "open")[0] == 0
    mixed.signal(DANA, "form")
    mixed.signal(CORA, "form")
    mixed.signal("cora@contoso.example", "open")
    assert mixed.told() == {"ann": 1, "#sales-leadership": 1}
    mixed.wait(hours=8)
    assert mixed.told()["cid"] == 1
    assert "Digest for" in mixed.shown("cid")[0]
    assert typed(mixed, "settings", "ann@team.example", "--reset")[0] == 0


def test_only_multi_opens_and_positive_replies_interrupt_until_somebody_says_otherwise(
    solo: Pattern,
) -> None:
    for kind in ("open", "click", "visit", "form"):
        solo.signal(DANA, kind, thread={"id": kind})
    solo.signal(DANA, "reply", sentiment="negative")
    assert (solo.told(), set(solo.outcomes())) == ({}, {"digest"})
    solo.signal(CORA)
    solo.signal(NINA, "reply", sentiment="positive")
    assert solo.told() == {"ann": 2}
    solo.wait(hours=8)
    assert any("Digest for" in one for one in solo.shown("ann"))


def test_routing_is_judged_by_the_median_of_the_last_thirty_days(solo: Pattern) -> None:
    for minutes in (10, 20, 90):
        solo.signal(DANA)
        solo.wait(minutes=minutes)
        solo.signal(DANA, "rep_email", sending_rep="ann@team.example")
    team, ann = solo.latency()
    assert (team.n, ann.rep) == (3, "Ann")
    assert team.median == pytest.approx(20, abs=1)
    solo.wait(days=31)
    assert solo.latency()[0].n == 0


# What none of this may do.


@pytest.mark.parametrize("name", ["bdr-ae", "small-team"])
def test_cover_hand_over_and_escalation_never_change_an_owner_in_the_crm(
    all_patterns: Playing, name: str
) -> None:
    team = all_patterns(name).anew()
    before = team.owners()
    team.leave("ann")
    team.signal(DANA)  # Ben covers
    team.wait(minutes=31)  # and is silent
    team.press("cara", "#hot-leads", "claim")
    until(lambda: team.alert()["state"] == "acknowledged", "Cara's claim")
    team.wait(minutes=1)
    team.contact("cara", "dana")
    assert team.tasks()[0]["done"]
    assert team.owners() == before
    team.anew().signal(DANA)
    team.give_deal("d1", "ben")  # the one change, by the CRM's own user
    team.wait(seconds=6)
    assert team.tasks()[0]["owner"] == team.ids["ben"]
    team.give_deal("d1", "ann")
    assert team.owners() == before
    assert len(team.writes.of("tasks")) >= 4
    assert {what for what, _ in team.writes.owners()} == {"tasks"}
