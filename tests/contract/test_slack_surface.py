"""The Slack surface by the real client against the sandbox: posting exactly once, and errors."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr, ValidationError

from connectors.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    LimitError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from connectors.sandbox.faults import Fault
from connectors.slack.settings import SlackSecrets, SlackSettings
from connectors.slack.surface import NEEDED_SCOPES, Slack
from tests.contract.slack_kit import BO, CARD, EVA, GONE, Kit, card, wait_until, workspace

POST = "/api/chat.postMessage"


@pytest.fixture
def kit() -> Iterator[Kit]:
    with workspace() as made:
        yield made


def test_people_are_found_by_email_whatever_its_case(kit: Kit) -> None:
    slack = kit.surface()
    assert slack.find_person(BO.upper()) == kit.sandbox.user_id(BO)
    assert slack.find_email(kit.sandbox.user_id(BO)) == BO
    assert slack.find_email("U0NOBODY") is None


def test_strangers_the_departed_and_bots_are_nobody(kit: Kit) -> None:
    kit.sandbox.state.add_user("robot", "Robot", "robot@example.com", is_bot=True)
    slack = kit.surface()
    for email in ("stranger@example.com", GONE, "robot@example.com"):
        assert slack.find_person(email) is None


def test_an_alert_reaches_a_rep_as_a_direct_message_and_changes_in_place(kit: Kit) -> None:
    slack = kit.surface()
    sent = slack.send(kit.sandbox.user_id(BO), CARD)
    slack.update(sent.remote_id, card(status="Answered by Bo Lin after 12 min", buttons=()))
    (message,) = kit.sandbox.messages(BO)
    assert message["edits"] == 1
    assert "Answered by Bo Lin" in message["text"]
    assert message["channel_user"] == kit.sandbox.user_id(BO)
    assert sent.remote_id == f"{message['channel']}:{message['ts']}"


def test_the_link_of_a_message_is_the_one_that_slack_gives(kit: Kit) -> None:
    slack = kit.surface()
    sent = slack.send("#hot-leads", CARD)
    channel, ts = sent.remote_id.split(":")
    from slack_sdk import WebClient

    client = WebClient(kit.sandbox.bot_token, base_url=f"{kit.url}/api/")
    assert client.chat_getPermalink(channel=channel, message_ts=ts)["permalink"] == sent.url


def test_a_channel_is_known_by_name_with_or_without_hash_and_by_id(kit: Kit) -> None:
    slack = kit.surface()
    channel = kit.sandbox.state.channel("hot-leads").id
    for place in ("#hot-leads", "hot-leads", channel):
        assert slack.send(place, CARD).remote_id.startswith(f"{channel}:")


def test_a_channel_on_the_third_page_is_found_and_asked_for_once(kit: Kit) -> None:
    for number in range(2100):
        kit.sandbox.state.add_channel(f"room-{number}")
    slack = kit.surface()
    slack.send("#room-2099", CARD)
    slack.send("#room-2098", CARD)
    listings = [one for one in kit.sandbox.calls if one.method == "conversations.list"]
    assert len(listings) == 3


def test_a_post_that_was_cut_off_after_its_effect_is_found_and_not_posted_again(kit: Kit) -> None:
    slack = kit.surface()
    place, since = kit.sandbox.user_id(BO), kit.clock.now()
    kit.sandbox.faults.order(Fault(kind="reset_after", path=POST))
    with pytest.raises(UnclearError):
        slack.send(place, CARD)
    found = slack.find(place, CARD.key, since)
    assert found is not None
    (message,) = kit.sandbox.messages(BO)
    assert found.remote_id == f"{message['channel']}:{message['ts']}"


def test_a_post_that_was_cut_off_before_its_effect_is_not_found(kit: Kit) -> None:
    slack = kit.surface()
    place, since = kit.sandbox.user_id(BO), kit.clock.now()
    kit.sandbox.faults.order(Fault(kind="reset_before", path=POST))
    with pytest.raises(UnclearError):
        slack.send(place, CARD)
    assert slack.find(place, CARD.key, since) is None
    slack.send(place, CARD)
    assert len(kit.sandbox.messages(BO)) == 1


def test_a_post_that_takes_too_long_is_unclear_and_found_when_it_is_there(kit: Kit) -> None:
    slack = kit.surface(timeout_seconds=1.0)
    slack.send("#hot-leads", card(key="first"))
    since = kit.clock.now()
    kit.sandbox.faults.order(Fault(kind="latency", path=POST, seconds=1.5))
    with pytest.raises(UnclearError):
        slack.send("#hot-leads", CARD)
    wait_until(lambda: slack.find("#hot-leads", CARD.key, since))
    assert len(kit.sandbox.messages("hot-leads")) == 2


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_on_a_post_is_unclear(kit: Kit, status: int) -> None:
    slack = kit.surface()
    kit.sandbox.faults.order(Fault(kind="status", path=POST, status=status))
    with pytest.raises(UnclearError):
        slack.send("#hot-leads", CARD)
    assert kit.sandbox.messages() == []


@pytest.mark.parametrize("body", ["<html>sign in to the network</html>", "[]", "", "null"])
def test_an_answer_that_is_not_slacks_is_unclear(kit: Kit, body: str) -> None:
    slack = kit.surface()
    kit.sandbox.faults.order(Fault(kind="status", path=POST, status=200, body=body))
    with pytest.raises(UnclearError):
        slack.send("#hot-leads", CARD)


@pytest.mark.parametrize("error", ["fatal_error", "internal_error"])
def test_a_failure_inside_slack_is_unclear(kit: Kit, error: str) -> None:
    slack = kit.surface()
    body = {"ok": False, "error": error}
    kit.sandbox.faults.order(Fault(kind="status", path=POST, status=200, body=body))
    with pytest.raises(UnclearError):
        slack.send("#hot-leads", CARD)


def test_a_refused_connection_is_temporary_because_nothing_was_sent(kit: Kit) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        kit.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
    slack = kit.surface()
    with pytest.raises(TemporaryError) as caught:
        slack.send("C0123456789", CARD)
    assert not isinstance(caught.value, UnclearError)


def test_a_post_is_never_repeated_by_the_client_itself(kit: Kit) -> None:
    slack = kit.surface()
    slack.send("#hot-leads", CARD)
    kit.sandbox.faults.order(Fault(kind="status", path=POST, status=429, times=5))
    with pytest.raises(LimitError):
        slack.send("#hot-leads", CARD)
    assert kit.sandbox.faults.carried_out == 1


def test_too_many_posts_name_the_pause(kit: Kit) -> None:
    slack = kit.surface()
    body, headers = {"ok": False, "error": "ratelimited"}, {"Retry-After": "30"}
    kit.sandbox.faults.order(
        Fault(kind="status", path=POST, status=429, body=body, headers=headers)
    )
    with pytest.raises(LimitError) as caught:
        slack.send("#hot-leads", CARD)
    assert caught.value.retry_after == 30.0


def test_a_second_message_within_a_second_waits_for_its_place_only() -> None:
    with workspace(enforce_limits=True) as kit:
        slack = kit.surface()
        slack.send("#hot-leads", CARD)
        slack.send(kit.sandbox.user_id(BO), CARD)
        with pytest.raises(LimitError) as caught:
            slack.send("#hot-leads", CARD)
        assert caught.value.retry_after == 1.0
        kit.clock.by += timedelta(seconds=1)
        slack.send("#hot-leads", CARD)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="status", path="/api/users", status=429, headers={"Retry-After": "0"}, times=2),
        Fault(kind="status", path="/api/users", status=503, times=2),
        Fault(kind="reset_before", path="/api/users", times=2),
    ],
    ids=["pause", "server error", "reset"],
)
def test_a_read_is_tried_again_twice(kit: Kit, fault: Fault) -> None:
    slack = kit.surface()
    kit.sandbox.faults.order(fault)
    assert slack.find_person(BO) == kit.sandbox.user_id(BO)
    assert kit.sandbox.faults.carried_out == 2


@pytest.mark.pitfall("R6", "the library sleeps in the thread for as long as it is told")
def test_a_read_gives_a_long_pause_back_to_the_worker(kit: Kit) -> None:
    slack = kit.surface(longest_wait=5)
    path, headers = "/api/users.lookupByEmail", {"Retry-After": "600"}
    kit.sandbox.faults.order(Fault(kind="status", path=path, status=429, headers=headers, times=9))
    with pytest.raises(LimitError) as caught:
        slack.find_person(BO)
    assert caught.value.retry_after == 600.0
    assert kit.sandbox.faults.carried_out == 1


def test_a_message_is_found_behind_hundreds_of_later_ones(kit: Kit) -> None:
    slack = kit.surface()
    since = kit.clock.now()
    sent = slack.send("#hot-leads", CARD)
    for number in range(450):
        slack.send("#hot-leads", card(key=f"other-{number}", facts=()))
    found = slack.find("#hot-leads", CARD.key, since)
    assert found == sent


def test_a_message_from_before_is_not_taken_for_this_one(kit: Kit) -> None:
    slack = kit.surface()
    slack.send("#hot-leads", CARD)
    kit.clock.by += timedelta(minutes=10)
    assert slack.find("#hot-leads", CARD.key, kit.clock.now()) is None


def test_a_message_of_somebody_else_with_our_key_is_not_ours(kit: Kit) -> None:
    slack = kit.surface()
    since = kit.clock.now()
    slack.send("#hot-leads", CARD)
    channel = kit.sandbox.state.channel("hot-leads")
    for message in channel.messages.values():
        message.user = kit.sandbox.user_id(EVA)
    assert slack.find("#hot-leads", CARD.key, since) is None


def test_without_the_scope_to_read_keys_looking_is_refused_and_not_answered_no(kit: Kit) -> None:
    kit.sandbox.scopes -= {"metadata.message:read"}
    slack = kit.surface()
    with pytest.raises(ConfigError, match=r"metadata\.message:read"):
        slack.find("#hot-leads", CARD.key, kit.clock.now())


def test_places_that_cannot_be_posted_to_say_how_to_mend_it(kit: Kit) -> None:
    state = kit.sandbox.state
    state.add_channel("old").archived = True
    closed = state.add_channel("closed", private=True, invite_bot=False)
    outside = state.add_channel("outside", invite_bot=False)
    slack = kit.surface()
    for place in ("#nowhere", "#old", closed.id, outside.id, kit.sandbox.user_id(GONE)):
        with pytest.raises(ConfigError) as caught:
            slack.send(place, CARD)
        assert caught.value.mend, place


def test_a_missing_scope_is_named_with_its_mend(kit: Kit) -> None:
    kit.sandbox.scopes -= {"chat:write"}
    slack = kit.surface()
    with pytest.raises(ConfigError, match="chat:write") as caught:
        slack.send("#hot-leads", CARD)
    assert "chat:write" in caught.value.mend
    health = slack.health()
    assert health["ok"] is False
    assert health["lacking_scopes"] == ["chat:write"]


def test_our_manifest_asks_for_every_scope_that_we_need(kit: Kit) -> None:
    assert kit.sandbox.scopes >= NEEDED_SCOPES


@pytest.mark.parametrize("token", ["xoxb-wrong", "xapp-sandbox-app"])
def test_a_wrong_token_is_refused_and_never_shown(kit: Kit, token: str) -> None:
    slack = kit.surface(bot_token=token)
    with pytest.raises(ConfigError) as caught:
        slack.find_person(BO)
    assert token not in str(caught.value) + caught.value.mend
    assert slack.health()["ok"] is False


def test_a_withdrawn_token_is_an_authentication_error(kit: Kit) -> None:
    slack = kit.surface()
    kit.sandbox.revoked = True
    with pytest.raises(AuthError):
        slack.send("#hot-leads", CARD)


def test_updating_what_is_gone_or_was_never_ours_is_permanent(kit: Kit) -> None:
    slack = kit.surface()
    sent = slack.send("#hot-leads", CARD)
    channel, ts = sent.remote_id.split(":")
    del kit.sandbox.state.channels[channel].messages[ts]
    for remote_id in (sent.remote_id, "nonsense"):
        with pytest.raises(PermanentError) as caught:
            slack.update(remote_id, CARD)
        assert not isinstance(caught.value, ConfigError)


def test_an_update_that_broke_off_is_simply_tried_again(kit: Kit) -> None:
    slack = kit.surface()
    sent = slack.send("#hot-leads", CARD)
    kit.sandbox.faults.order(Fault(kind="reset_after", path="/api/chat.update"))
    with pytest.raises(TemporaryError) as caught:
        slack.update(sent.remote_id, CARD)
    assert not isinstance(caught.value, UnclearError)
    slack.update(sent.remote_id, CARD)
    assert len(kit.sandbox.messages("hot-leads")) == 1


def test_a_prospect_with_a_hostile_name_pings_nobody(kit: Kit) -> None:
    slack = kit.surface()
    for name in ("<!channel>", "<@U0123456789>", "*bold*", "x" * 5000, "👋🏽" * 99, "שלום\x00"):
        slack.send("#hot-leads", card(title=name, summary=name, facts=((name, name),)))
    assert [message["pings"] for message in kit.sandbox.messages()] == [[]] * 6


def test_a_person_named_in_a_channel_post_is_called_upon(kit: Kit) -> None:
    eva = kit.sandbox.user_id(EVA)
    kit.surface().send("#hot-leads", card(mention=eva))
    assert kit.sandbox.messages("hot-leads")[0]["pings"] == [f"@{eva}"]


def test_links_are_not_unfolded_into_previews(kit: Kit) -> None:
    kit.surface().send("#hot-leads", CARD)
    args = kit.sandbox.calls[-1].args
    assert (args["unfurl_links"], args["unfurl_media"]) == (False, False)


def test_settings_refuse_plain_http_and_unknown_words() -> None:
    for wrong in ({"base_url": "http://slack.example.com/api"}, {"base_ulr": "https://x.test"}):
        with pytest.raises(ValidationError):
            SlackSettings.model_validate(wrong)


def test_tokens_are_not_in_any_representation(kit: Kit) -> None:
    secrets = SlackSecrets(bot_token=SecretStr("xoxb-1-2"), app_token=SecretStr("xapp-3-4"))
    slack = Slack(SlackSettings(), secrets)
    shown = f"{secrets!r} {secrets} {slack!r} {slack.health}"
    assert "xoxb-1-2" not in shown
    assert "xapp-3-4" not in shown
    slack.close()


def test_every_error_raised_is_a_connector_error(kit: Kit) -> None:
    slack = kit.surface()
    for error in ("restricted_action", "ekm_access_denied", "who_knows", "invalid_blocks"):
        body = {"ok": False, "error": error}
        kit.sandbox.faults.order(Fault(kind="status", path=POST, status=200, body=body))
        with pytest.raises(ConnectorError):
            slack.send("#hot-leads", CARD)


def test_five_hundred_people_are_looked_up_by_a_few_pages(kit: Kit) -> None:
    many = [f"rep{number}@example.com" for number in range(500)]
    for number, email in enumerate(many[:-1]):
        kit.sandbox.state.add_user(f"rep{number}", f"Rep {number}", email)
    slack = kit.surface()
    before = slack.api_calls
    assert slack.known_people([*many, BO, GONE]) == {*many[:-1], BO}
    assert slack.api_calls - before <= 4
    assert slack.known_people([BO, GONE, many[-1]]) == {BO}
