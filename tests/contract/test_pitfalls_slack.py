"""Traps of Socket Mode that no other test holds; see docs/pitfalls.md."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from connectors.base import ButtonPress
from tests.contract.slack_kit import BO, CARD, Kit, wait_until, workspace


@pytest.fixture
def kit() -> Iterator[Kit]:
    with workspace(ack_seconds=20) as made:  # Slack waits three; a busy machine may take longer
        yield made


@pytest.mark.pitfall("R15", "what is not acknowledged within three seconds is told again")
def test_r15_a_press_is_acknowledged_before_it_is_worked_on(kit: Kit) -> None:
    slack, working, release = kit.surface(), threading.Event(), threading.Event()
    channel, ts = slack.send("#hot-leads", CARD).remote_id.split(":")

    def slow(_: ButtonPress) -> None:
        working.set()
        release.wait(30)

    slack.listen(slow)
    kit.sandbox.press(BO, channel, ts, "acknowledge")
    try:
        assert working.wait(30)
        wait_until(lambda: kit.sandbox.acknowledged, seconds=15)
        assert [one.tries for one in kit.sandbox.acknowledged] == [1], "not told again"
    finally:
        release.set()


@pytest.mark.pitfall("R15", "a socket says that it is connected and has heard nothing for hours")
def test_r15_health_tells_for_how_long_the_socket_was_silent(kit: Kit) -> None:
    slack = kit.surface(ping_seconds=60, stale_seconds=600)
    slack.listen(print)
    wait_until(lambda: slack.health()["ok"])

    def silent() -> float:
        report = slack.health()["socket"]
        assert isinstance(report, dict)
        return float(report["silent_seconds"])

    wait_until(lambda: silent() >= 0.2)
