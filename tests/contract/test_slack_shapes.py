"""The sandbox answers as Slack does: published payload samples, errors, limits, paging."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.contract.slack_kit import BO, CARD, EVA, Kit, workspace

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared/reference/slack/json-logs"
OPAQUE = {"blocks", "event_payload", "args", "fields", "status_emoji_display_info", "state"}
MODAL = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Snooze"},
    "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "For how long?"}}],
}
needs_samples = pytest.mark.skipif(
    not SAMPLES.exists(), reason="the shared reference folder is not there"
)


@pytest.fixture
def kit() -> Iterator[Kit]:
    with workspace() as made:
        yield made


def client(kit: Kit) -> WebClient:
    return WebClient(kit.sandbox.bot_token, base_url=f"{kit.url}/api/", retry_handlers=[])


def refused(kit: Kit, method: str, **args: Any) -> str:
    """The error that a call is refused with."""
    with pytest.raises(SlackApiError) as caught:
        client(kit).api_call(method, json=args)
    return str(caught.value.response["error"])


def judge(ours: Any, theirs: Any, at: str) -> Iterator[str]:
    """What in ``ours`` has no counterpart of the same JSON type in the sample."""
    if ours is None or at.rpartition("/")[2] in OPAQUE:
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name, value in ours.items():
            if name in theirs:
                yield from judge(value, theirs[name], f"{at}/{name}")
            elif at.endswith("/users"):
                yield from judge(value, next(iter(theirs.values())), f"{at}/*")
            else:
                yield f"{at}/{name} is not in the sample"
    elif isinstance(ours, list) and isinstance(theirs, list):
        for value in ours if theirs else []:
            yield from judge(value, theirs[0], f"{at}/0")
    elif type(ours) is not type(theirs):
        yield f"{at} is {type(ours).__name__}, the sample has {type(theirs).__name__}"


def exchange(kit: Kit) -> dict[str, Any]:
    """One good answer of every method that a sample exists for."""
    web, bo = client(kit), kit.sandbox.user_id(BO)
    room = kit.sandbox.state.channel("hot-leads").id
    sent = kit.surface().send("#hot-leads", CARD)
    ts = sent.remote_id.partition(":")[2]
    kit.sandbox.state.triggers["1.2.3"] = bo
    answers = {
        "api.test": web.api_test(foo="bar"),
        "auth.test": web.auth_test(),
        "users.lookupByEmail": web.users_lookupByEmail(email=BO),
        "users.info": web.users_info(user=bo),
        "users.list": web.users_list(),
        "users.profile.get": web.users_profile_get(user=bo),
        "dnd.info": web.dnd_info(user=bo),
        "dnd.teamInfo": web.dnd_teamInfo(users=[bo]),
        "conversations.open.pruned": web.conversations_open(users=bo, return_im=True),
        "conversations.list": web.conversations_list(),
        "conversations.info": web.conversations_info(channel=room),
        "chat.postMessage.pruned": web.chat_postMessage(channel=room, text="hi"),
        "chat.update.pruned": web.chat_update(channel=room, ts=ts, text="new"),
        "conversations.history.pruned": web.conversations_history(
            channel=room, include_all_metadata=True
        ),
        "chat.getPermalink": web.chat_getPermalink(channel=room, message_ts=ts),
        "chat.postEphemeral": web.chat_postEphemeral(channel=room, user=bo, text="psst"),
        "chat.delete": web.chat_delete(channel=room, ts=ts),
        "views.open": web.views_open(trigger_id="1.2.3", view=MODAL),
        "views.publish": web.views_publish(user_id=bo, view=MODAL | {"type": "home"}),
        "apps.connections.open": web.apps_connections_open(app_token=kit.sandbox.app_token),
    }
    return {name: answer.data for name, answer in answers.items()}


@pytest.mark.shared
@needs_samples
def test_every_answer_has_only_keys_and_types_of_the_published_samples(kit: Kit) -> None:
    faults: list[str] = []
    for name, ours in exchange(kit).items():
        theirs = json.loads((SAMPLES / "api" / f"{name}.json").read_text())
        faults += judge(ours, theirs, name)
    assert faults == []


@pytest.mark.shared
@needs_samples
def test_a_press_has_only_keys_and_types_of_the_published_sample(kit: Kit) -> None:
    channel, ts = kit.surface().send("#hot-leads", CARD).remote_id.split(":")
    envelope_id = kit.sandbox.press(BO, channel, ts, "snooze")
    path = SAMPLES / "app-backend/interactive-components/BlockActionPayload.json"
    ours = kit.sandbox.sockets.waiting(envelope_id)
    assert list(judge(ours, json.loads(path.read_text()), "press")) == []


def test_a_method_that_does_not_exist_is_unknown(kit: Kit) -> None:
    assert refused(kit, "chat.shout") == "unknown_method"


@pytest.mark.parametrize(
    ("method", "token", "error"),
    [
        ("auth.test", "", "not_authed"),
        ("auth.test", "xoxb-no", "invalid_auth"),
        ("apps.connections.open", "xoxb-sandbox-bot", "not_allowed_token_type"),
        ("auth.test", "xapp-sandbox-app", "not_allowed_token_type"),
    ],
)
def test_tokens_are_told_apart(kit: Kit, method: str, token: str, error: str) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.post(f"{kit.url}/api/{method}", headers=headers, timeout=5)
    assert answer.status_code == 200
    assert answer.json() == {"ok": False, "error": error}


def test_a_missing_scope_names_what_is_needed_and_what_is_there(kit: Kit) -> None:
    kit.sandbox.scopes = frozenset({"users:read"})
    with pytest.raises(SlackApiError) as caught:
        client(kit).users_lookupByEmail(email=BO)
    data = caught.value.response.data
    assert (data["needed"], data["provided"]) == ("users:read.email", "users:read")


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"{", "application/json", "invalid_json"),
        (b"[1]", "application/json", "json_not_object"),
        (b"<a/>", "text/xml", "invalid_post_type"),
    ],
)
def test_a_body_that_is_not_read_is_refused(kit: Kit, body: bytes, kind: str, error: str) -> None:
    answer = requests.post(
        f"{kit.url}/api/api.test", data=body, headers={"Content-Type": kind}, timeout=5
    )
    assert answer.json() == {"ok": False, "error": error}


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ({}, "invalid_arguments"),
        ({"channel": "hot-leads"}, "no_text"),
        ({"channel": "hot-leads", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "hot-leads", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": "hot-leads", "text": "x", "metadata": {"x": 1}}, "invalid_metadata_format"),
        ({"channel": "hot-leads", "text": "x", "thread_ts": "1.2"}, "thread_not_found"),
        ({"channel": "C0000000000", "text": "x"}, "channel_not_found"),
        ({"channel": "U0HOTLEAD1", "text": "x"}, "cannot_dm_bot"),
    ],
)
def test_a_post_is_refused_as_slack_does(kit: Kit, args: dict[str, Any], error: str) -> None:
    assert refused(kit, "chat.postMessage", **args) == error


def text(value: str, kind: str = "plain_text") -> dict[str, str]:
    return {"type": kind, "text": value}


def button(**more: object) -> dict[str, object]:
    return {"type": "button", "text": text("Go"), "action_id": "go", **more}


@pytest.mark.parametrize(
    ("blocks", "pointer"),
    [
        ([{"type": "divider"}] * 51, "/blocks"),
        ([{"type": "wish"}], "/blocks/0/type"),
        ([{"type": "header", "text": text("x" * 151)}], "/blocks/0/text/text"),
        ([{"type": "header", "text": text("x", "mrkdwn")}], "/blocks/0/text/type"),
        ([{"type": "section", "text": text("x" * 3001)}], "/blocks/0/text/text"),
        ([{"type": "section", "text": text("")}], "/blocks/0/text/text"),
        ([{"type": "section"}], "/blocks/0"),
        ([{"type": "section", "fields": [text("x")] * 11}], "/blocks/0/fields"),
        ([{"type": "section", "fields": [text("x" * 2001)]}], "/blocks/0/fields/0/text"),
        ([{"type": "context", "elements": [text("x")] * 11}], "/blocks/0/elements"),
        ([{"type": "actions", "elements": []}], "/blocks/0/elements"),
        ([{"type": "actions", "elements": [button()] * 2}], "/blocks/0/elements/1/action_id"),
        (
            [{"type": "actions", "elements": [button(text=text("x" * 76))]}],
            "/blocks/0/elements/0/text/text",
        ),
        (
            [{"type": "actions", "elements": [button(value="x" * 2001)]}],
            "/blocks/0/elements/0/value",
        ),
        (
            [{"type": "actions", "elements": [button(action_id="x" * 256)]}],
            "/blocks/0/elements/0/action_id",
        ),
        (
            [{"type": "actions", "elements": [button(url="javascript:1")]}],
            "/blocks/0/elements/0/url",
        ),
        ([{"type": "divider", "block_id": "a"}] * 2, "/blocks/1/block_id"),
    ],
)
def test_blocks_over_a_limit_are_refused_with_the_place(
    kit: Kit, blocks: list[dict[str, Any]], pointer: str
) -> None:
    with pytest.raises(SlackApiError) as caught:
        client(kit).chat_postMessage(channel="hot-leads", text="x", blocks=blocks)
    answer = caught.value.response
    assert answer["error"] == "invalid_blocks"
    assert f"[json-pointer:{pointer}]" in answer["errors"][0]


def test_metadata_is_given_back_only_when_asked_for(kit: Kit) -> None:
    kit.surface().send("#hot-leads", CARD)
    web, room = client(kit), kit.sandbox.state.channel("hot-leads").id
    (without,) = web.conversations_history(channel=room)["messages"]
    (given,) = web.conversations_history(channel=room, include_all_metadata=True)["messages"]
    assert "metadata" not in without
    assert given["metadata"] == {
        "event_type": "hotlead_alert",
        "event_payload": {"key": CARD.key},
    }


def test_history_pages_newest_first_between_its_bounds(kit: Kit) -> None:
    web, room = client(kit), kit.sandbox.state.channel("hot-leads").id
    stamps = [web.chat_postMessage(channel=room, text=f"{n}")["ts"] for n in range(7)]
    assert stamps == sorted(set(stamps))
    pages = [
        [one["ts"] for one in page["messages"]]
        for page in web.conversations_history(channel=room, limit=2, oldest=stamps[1])
    ]
    assert pages == [stamps[6:4:-1], stamps[4:2:-1], stamps[2:1:-1]]
    assert refused(kit, "conversations.history", channel=room, cursor="?") == "invalid_cursor"
    assert refused(kit, "conversations.history", channel=room, oldest="x") == "invalid_ts_oldest"


def test_replies_stay_out_of_history_and_stand_in_their_thread(kit: Kit) -> None:
    web, room = client(kit), kit.sandbox.state.channel("hot-leads").id
    top = web.chat_postMessage(channel=room, text="top")["ts"]
    web.chat_postMessage(channel=room, text="reply", thread_ts=top)
    assert len(web.conversations_history(channel=room)["messages"]) == 1
    thread = web.conversations_replies(channel=room, ts=top)["messages"]
    assert [one["text"] for one in thread] == ["top", "reply"]


def test_only_the_apps_own_messages_can_be_changed(kit: Kit) -> None:
    channel, ts = kit.surface().send("#hot-leads", CARD).remote_id.split(":")
    kit.sandbox.state.channels[channel].messages[ts].user = kit.sandbox.user_id(EVA)
    args = {"channel": channel, "ts": ts, "text": "x"}
    assert refused(kit, "chat.update", **args) == "cant_update_message"
    assert refused(kit, "chat.delete", **args) == "cant_delete_message"
    assert refused(kit, "chat.update", channel=channel, ts="1.2", text="x") == "message_not_found"


def test_a_status_is_seen_with_its_end(kit: Kit) -> None:
    kit.sandbox.set_status(BO, "Vacationing", ":palm_tree:", 1_900_000_000)
    profile = client(kit).users_profile_get(user=kit.sandbox.user_id(BO))["profile"]
    assert profile["status_emoji"] == ":palm_tree:"
    assert profile["status_expiration"] == 1_900_000_000


def test_calls_are_logged_without_tokens(kit: Kit) -> None:
    requests.get(f"{kit.url}/api/auth.test?token={kit.sandbox.bot_token}", timeout=5)
    (call,) = kit.sandbox.calls
    assert (call.method, call.error, call.args) == ("auth.test", "", {})
