"""A running Slack sandbox, the surface that talks to it, and cards to send."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from connectors.base import Button, Card
from connectors.sandbox.serving import Serving
from connectors.sandbox.slack import SlackSandbox
from connectors.sandbox.world import World, WorldPerson
from connectors.slack.settings import SlackSecrets, SlackSettings
from connectors.slack.surface import Slack

BO = "bo.lin@example.com"
EVA = "eva.stone@example.com"
GONE = "gone@example.com"

WORLD = World(
    people=(
        WorldPerson(key="bo", name="Bo Lin", email=BO, role="AE", title="Account Executive"),
        WorldPerson(key="eva", name="Eva Stone", email=EVA, role="Manager"),
        WorldPerson(key="gone", name="Gone", email=GONE, role="BDR", active=False),
        WorldPerson(key="off", name="Off Slack", email="off@x.test", role="BDR", on_slack=False),
    )
)

CARD = Card(
    key="delivery-1",
    alert_id="alert-1",
    title="Dana Reed · Acme",
    summary='Dana Reed opened "Pricing follow-up" twice in the past 35 minutes',
    facts=(("Stage", "Proposal"), ("Assigned rep", "Bo Lin")),
    status="Waiting for Bo Lin",
    thread_url="https://mail.example.com/t/1?a=1&b=2",
    crm_url="https://crm.example.com/003",
    buttons=(
        Button(label="Acknowledge", action="acknowledge"),
        Button(label="Snooze", action="snooze"),
        Button(label="Not mine", action="not_mine"),
        Button(label="Noise", action="noise"),
    ),
    footer="Why you: you own the open deal",
)


class MovedClock:
    """The machine's time, moved by hand."""

    def __init__(self) -> None:
        self.by = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@dataclass
class Kit:
    sandbox: SlackSandbox
    serving: Serving
    url: str
    clock: MovedClock
    surfaces: list[Slack] = field(default_factory=list)

    def surface(self, *, bot_token: str = "", app_token: str | None = "", **more: float) -> Slack:
        """A surface of our own making on the sandbox, closed with the kit."""
        settings = SlackSettings.model_validate(
            {"base_url": f"{self.url}/api", "timeout_seconds": 5, "ping_seconds": 0.2, **more}
        )
        app = self.sandbox.app_token if app_token == "" else app_token
        secrets = SlackSecrets(
            bot_token=SecretStr(bot_token or self.sandbox.bot_token),
            app_token=SecretStr(app) if app is not None else None,
        )
        made = Slack(settings, secrets)
        self.surfaces.append(made)
        return made


@contextmanager
def workspace(*, enforce_limits: bool = False, ack_seconds: float = 3.0) -> Iterator[Kit]:
    """A loaded sandbox that serves; everything is closed at the end."""
    clock = MovedClock()
    sandbox = SlackSandbox(clock.now, enforce_limits=enforce_limits, ack_seconds=ack_seconds)
    sandbox.load(WORLD)
    serving = Serving(sandbox.app)
    kit = Kit(sandbox, serving, serving.url, clock)
    try:
        yield kit
    finally:
        for surface in kit.surfaces:
            surface.close()
        kit.serving.stop()


def wait_until(holds: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for a condition; AssertionError when it does not come."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "what was waited for did not happen"
        time.sleep(0.01)


def card(**changes: object) -> Card:
    """The usual card with changes."""
    return replace(CARD, **changes)  # type: ignore[arg-type]
