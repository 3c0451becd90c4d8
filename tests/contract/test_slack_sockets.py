"""Buttons over Socket Mode: each press is heard once, whatever happens to the socket."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from connectors.base import Button, ButtonPress, Question
from connectors.errors import ConfigError, PermanentError
from connectors.sandbox.faults import Fault
from connectors.sandbox.serving import Serving
from connectors.slack.listening import read_press
from connectors.slack.surface import Slack
from tests.contract.slack_kit import BO, CARD, EVA, Kit, card, wait_until, workspace

OPEN = "/api/apps.connections.open"


@pytest.fixture
def kit() -> Iterator[Kit]:
    with workspace() as made:
        yield made


def posted(kit: Kit, slack: Slack, place: str = "#hot-leads") -> tuple[str, str]:
    channel, ts = slack.send(place, CARD).remote_id.split(":")
    return channel, ts


@contextmanager
def raw_socket(kit: Kit) -> Iterator[ClientConnection]:
    """A socket opened by hand, past its greeting."""
    headers = {"Authorization": f"Bearer {kit.sandbox.app_token}"}
    url = requests.post(kit.url + OPEN, headers=headers, timeout=5).json()["url"]
    with connect(url) as made:
        assert json.loads(made.recv(timeout=10))["type"] == "hello"
        yield made


def test_a_press_is_heard_with_who_what_and_where(kit: Kit) -> None:
    slack, heard = kit.surface(), list[ButtonPress]()
    channel, ts = posted(kit, slack)
    slack.listen(heard.append)
    kit.sandbox.press(EVA, channel, ts, "acknowledge")
    wait_until(lambda: heard)
    (press,) = heard
    assert (press.address, press.action) == (kit.sandbox.user_id(EVA), "acknowledge")
    assert (press.alert_id, press.remote_id) == (CARD.alert_id, f"{channel}:{ts}")
    assert abs((press.at - kit.clock.now()).total_seconds()) < 60
    assert press.details["name"] == "eva.stone"
    assert (press.choice, press.words) == ("", None)
    wait_until(lambda: kit.sandbox.acknowledged)


def test_every_button_of_a_card_is_heard_also_the_one_that_opens_a_link(kit: Kit) -> None:
    slack, heard = kit.surface(), list[ButtonPress]()
    channel, ts = posted(kit, slack)
    slack.listen(heard.append)
    actions = ["open_thread", "acknowledge", "snooze", "not_mine", "noise"]
    for action in actions:
        kit.sandbox.press(BO, channel, ts, action)
    wait_until(lambda: len(heard) == len(actions))
    assert {press.action for press in heard} == set(actions)


def test_a_choice_of_a_menu_is_heard_with_its_alert(kit: Kit) -> None:
    choices = (("30m", "30 minutes"), ("tomorrow", "Tomorrow morning"))
    slack, heard = kit.surface(), list[ButtonPress]()
    made = card(buttons=(Button(label="Snooze", action="snooze", choices=choices),))
    channel, ts = slack.send("#hot-leads", made).remote_id.split(":")
    slack.listen(heard.append)
    kit.sandbox.press(BO, channel, ts, "snooze", "tomorrow")
    with pytest.raises(LookupError):
        kit.sandbox.press(BO, channel, ts, "snooze", "never")
    wait_until(lambda: heard)
    (press,) = heard
    assert (press.action, press.choice, press.alert_id) == ("snooze", "tomorrow", CARD.alert_id)


def test_a_presser_is_asked_for_words_and_these_come_as_the_same_press(kit: Kit) -> None:
    question = Question(
        title="A title of a view that is far too long",
        label="Why?",
        hint="h",
        submit="Go",
        longest=20,
    )
    slack, heard = kit.surface(), list[ButtonPress]()
    made = card(buttons=(Button(label="Noise", action="noise", choices=(("other", "Other"),)),))
    channel, ts = slack.send("#hot-leads", made).remote_id.split(":")
    slack.listen(heard.append)
    kit.sandbox.press(BO, channel, ts, "noise")
    wait_until(lambda: heard)
    slack.ask(heard[0], question)
    with pytest.raises(PermanentError, match="invalid_trigger_id"):
        slack.ask(heard[0], question)  # a trigger works once
    with pytest.raises(LookupError):
        kit.sandbox.submit(BO, "longer than they may write")
    kit.sandbox.submit(BO, "a <b>student</b>")
    wait_until(lambda: len(heard) == 2)
    asked, said = heard
    assert (asked.words, said.words) == (None, "a <b>student</b>")
    for name in ("action", "alert_id", "choice", "place", "remote_id", "address"):
        assert getattr(asked, name) == getattr(said, name)
    assert kit.sandbox.asked(BO) is None


def test_a_view_of_somebody_else_or_a_broken_one_is_no_press() -> None:
    view = {"id": "V1", "callback_id": "hotlead_words", "private_metadata": "{", "state": {}}
    of_bo = {"type": "view_submission", "user": {"id": "U1"}}
    assert read_press(of_bo | {"view": view}) is None
    assert read_press(of_bo | {"view": view | {"callback_id": "theirs"}}) is None
    assert read_press({"type": "view_submission"}) is None


def test_the_presser_alone_is_told_also_in_a_direct_message(kit: Kit) -> None:
    slack, heard = kit.surface(), list[ButtonPress]()
    slack.listen(heard.append)
    bo = kit.sandbox.user_id(BO)
    for place in ("#hot-leads", bo):
        channel, ts = posted(kit, slack, place)
        kit.sandbox.press(BO, channel, ts, "snooze")
    wait_until(lambda: len(heard) == 2)
    for press in heard:
        slack.tell(press, "Already claimed by <!channel>")
    assert [one["user"] for one in kit.sandbox.ephemerals] == [bo, bo]
    assert "<!channel>" not in kit.sandbox.ephemerals[0]["text"]


def test_a_press_before_anybody_listens_waits(kit: Kit) -> None:
    slack, heard = kit.surface(), list[ButtonPress]()
    channel, ts = posted(kit, slack)
    kit.sandbox.press(BO, channel, ts, "noise")
    slack.listen(heard.append)
    wait_until(lambda: heard)


@pytest.mark.pitfall("R15", "a press that is told again is acted upon again")
def test_a_press_that_slack_tells_again_is_handled_once() -> None:
    with workspace(ack_seconds=0.0) as kit:
        slack, heard = kit.surface(), list[ButtonPress]()
        channel, ts = posted(kit, slack)
        slack.listen(heard.append)
        kit.sandbox.press(BO, channel, ts, "snooze")
        wait_until(lambda: kit.sandbox.sockets.redelivered and heard)
        kit.sandbox.press(BO, channel, ts, "noise")
        wait_until(lambda: len(heard) >= 2)
        assert [press.action for press in heard] == ["snooze", "noise"]


def test_two_presses_of_one_button_are_two_presses(kit: Kit) -> None:
    slack, heard = kit.surface(), list[ButtonPress]()
    channel, ts = posted(kit, slack)
    slack.listen(heard.append)
    for _ in range(2):
        kit.sandbox.press(BO, channel, ts, "snooze")
    wait_until(lambda: len(heard) == 2)
    assert len({press.press_id for press in heard}) == 2


def test_two_workers_share_the_presses_and_none_is_heard_twice(kit: Kit) -> None:
    one, two = kit.surface(), kit.surface()
    first, second = list[ButtonPress](), list[ButtonPress]()
    channel, ts = posted(kit, one)
    one.listen(first.append)
    two.listen(second.append)
    wait_until(lambda: kit.sandbox.sockets.open == 2)
    for _ in range(10):
        kit.sandbox.press(BO, channel, ts, "snooze")
    wait_until(lambda: len(first) + len(second) == 10)
    assert first
    assert second
    assert len({press.press_id for press in first + second}) == 10


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
def test_buttons_work_on_after_slack_asks_to_reconnect(kit: Kit, reason: str) -> None:
    slack, heard = kit.surface(), list[ButtonPress]()
    channel, ts = posted(kit, slack)
    slack.listen(heard.append)
    wait_until(lambda: kit.sandbox.sockets.open == 1)
    kit.sandbox.disconnect_sockets(reason)
    kit.sandbox.press(BO, channel, ts, "snooze")
    wait_until(lambda: heard)
    opened = [call for call in kit.sandbox.calls if call.method == "apps.connections.open"]
    assert len(opened) >= 2 or reason == "warning"


@pytest.mark.pitfall("R15", "the first connection fails, and there is no second")
def test_listening_begins_as_soon_as_slack_can_be_reached(kit: Kit) -> None:
    slack, heard = kit.surface(), list[ButtonPress]()
    channel, ts = posted(kit, slack)
    kit.sandbox.faults.order(Fault(kind="status", path=OPEN, status=503, times=-1))
    slack.listen(heard.append)
    wait_until(lambda: slack.health()["problem"])
    assert slack.health()["ok"] is False
    kit.sandbox.faults.clear()
    kit.sandbox.press(BO, channel, ts, "snooze")
    wait_until(lambda: heard)
    wait_until(lambda: slack.health()["ok"])


def test_an_outage_of_slack_ends_and_buttons_are_heard_again() -> None:
    with workspace() as kit:
        slack, heard = kit.surface(), list[ButtonPress]()
        channel, ts = posted(kit, slack)
        slack.listen(heard.append)
        wait_until(lambda: kit.sandbox.sockets.open == 1)
        port = int(kit.url.rpartition(":")[2])
        kit.serving.stop()
        wait_until(lambda: slack.health()["ok"] is False)
        kit.serving = Serving(kit.sandbox.app, port)
        kit.sandbox.press(BO, channel, ts, "snooze")
        wait_until(lambda: heard)


class DeafRelay:
    """Passes a socket's handshake on and then lets nothing come back, until ``deaf`` is lifted."""

    def __init__(self, port: int) -> None:
        self.deaf = True
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._server.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            stays_deaf = self.deaf
            threading.Thread(target=self._pass, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, stays_deaf), daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket, handshake_only: bool) -> None:
        head, greeted = b"", False
        with source, sink:
            while True:
                try:
                    data = source.recv(65536)
                    if not data:
                        return
                    if handshake_only and greeted:
                        continue
                    if handshake_only:
                        head += data
                        end = head.find(b"\r\n\r\n")
                        greeted = end >= 0
                        data = head[: end + 4] if greeted else b""
                    sink.sendall(data)
                except OSError:
                    return

    def close(self) -> None:
        self._server.close()


@pytest.mark.pitfall("R15", "a socket says that it is connected and is deaf")
def test_a_socket_that_only_looks_connected_is_replaced(kit: Kit) -> None:
    relay = DeafRelay(int(kit.url.rpartition(":")[2]))
    kit.sandbox.socket_url = relay.url
    slack, heard = kit.surface(stale_seconds=1.0), list[ButtonPress]()
    channel, ts = posted(kit, slack)
    slack.listen(heard.append)
    wait_until(lambda: kit.sandbox.sockets.open == 1)
    relay.deaf = False
    kit.sandbox.press(BO, channel, ts, "snooze")
    wait_until(lambda: heard)
    report = slack.health()["socket"]
    assert isinstance(report, dict)
    assert report["rebuilt"] >= 1
    relay.close()


def test_a_press_that_cannot_be_saved_is_admitted_to_the_presser(kit: Kit) -> None:
    slack = kit.surface()
    channel, ts = posted(kit, slack)

    def broken(_: ButtonPress) -> None:
        raise RuntimeError("the store is full")

    slack.listen(broken)
    kit.sandbox.press(BO, channel, ts, "snooze")
    wait_until(lambda: kit.sandbox.ephemerals)
    assert "press the button again" in kit.sandbox.ephemerals[0]["text"]


def test_listening_without_an_app_token_says_what_to_make(kit: Kit) -> None:
    with pytest.raises(ConfigError, match="app-level token") as caught:
        kit.surface(app_token=None).listen(print)
    assert "connections:write" in caught.value.mend


def test_an_interaction_that_is_not_ours_is_acknowledged_and_left_alone(kit: Kit) -> None:
    slack, heard = kit.surface(), list[ButtonPress]()
    slack.listen(heard.append)
    for kind, payload in (
        ("interactive", {"type": "view_submission"}),
        ("interactive", {"type": "block_actions", "actions": [{"action_id": "other"}]}),
        ("events_api", {"event": {"type": "app_home_opened"}}),
    ):
        kit.sandbox.sockets.push(kind, payload)
    wait_until(lambda: len(kit.sandbox.acknowledged) == 3)
    assert heard == []


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "block_actions"},
        {"type": "block_actions", "actions": [], "container": None, "user": None},
        {"type": "block_actions", "actions": [{"action_id": "claim", "action_ts": "x"}]},
    ],
)
def test_a_payload_that_is_not_a_press_is_none(payload: dict[str, object]) -> None:
    assert read_press(payload) is None


def test_an_unacknowledged_press_goes_to_another_socket() -> None:
    with workspace(ack_seconds=0.3) as kit:
        channel, ts = posted(kit, kit.surface())
        with raw_socket(kit) as one, raw_socket(kit) as two:
            envelope_id = kit.sandbox.press(BO, channel, ts, "snooze")
            got = [json.loads(each.recv(timeout=10)) for each in (one, two)]
            assert [each["envelope_id"] for each in got] == [envelope_id] * 2
            two.send(json.dumps({"envelope_id": envelope_id}))
            wait_until(lambda: kit.sandbox.acknowledged)
            assert kit.sandbox.acknowledged[0].tries >= 2


def test_a_press_on_a_socket_that_closes_goes_to_the_next_one(kit: Kit) -> None:
    channel, ts = posted(kit, kit.surface())
    with raw_socket(kit) as one:
        envelope_id = kit.sandbox.press(BO, channel, ts, "snooze")
        one.recv(timeout=10)
    with raw_socket(kit) as two:
        assert json.loads(two.recv(timeout=10))["envelope_id"] == envelope_id


def test_a_socket_address_works_once(kit: Kit) -> None:
    headers = {"Authorization": f"Bearer {kit.sandbox.app_token}"}
    url = requests.post(kit.url + OPEN, headers=headers, timeout=5).json()["url"]
    with connect(url):
        pass
    with pytest.raises(InvalidStatus), connect(url):
        pass


def test_what_waits_for_a_socket_is_bounded_and_the_rest_counted_as_lost(kit: Kit) -> None:
    channel, ts = posted(kit, kit.surface())
    for _ in range(1005):
        kit.sandbox.press(BO, channel, ts, "snooze")
    assert kit.sandbox.sockets.lost == 5


def test_nobody_can_press_what_is_not_there_or_not_theirs(kit: Kit) -> None:
    slack = kit.surface()
    channel, ts = posted(kit, slack, kit.sandbox.user_id(BO))
    for who, where, button in ((EVA, ts, "snooze"), (BO, "1.2", "snooze"), (BO, ts, "launch")):
        with pytest.raises(LookupError):
            kit.sandbox.press(who, channel, where, button)
    slack.update(f"{channel}:{ts}", card(buttons=()))
    assert kit.sandbox.press(BO, channel, ts, "snooze"), "a screen may be behind"
