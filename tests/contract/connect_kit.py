"""A system in small to be connected, and what a right admin would answer to its guide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from connectors.base import Check
from connectors.guiding import Ask
from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.serving import Serving
from connectors.sandbox.slack import SlackSandbox
from tests.story.world import small_world
from worker.cli.common import UsageError
from worker.cli.main import command_line
from worker.clock import SystemClock
from worker.connect.desk import Desk
from worker.connect.guided import Guided
from worker.connect.guides import guide_of
from worker.connect.local_server import listening_on, serving
from worker.connect.page import Page
from worker.settings import SettingsError

NOTHING = "http://127.0.0.1:9"
"""An address at which nobody answers."""


@dataclass
class Site:
    """One sandbox that serves, and a folder without any configuration yet."""

    system: str
    sandbox: Any
    url: str
    folder: Path
    right: dict[str, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        """Where hotlead.yaml is or will be."""
        return self.folder / "hotlead.yaml"

    @property
    def credentials(self) -> Path:
        """Where the credentials are or will be."""
        return self.folder / "hotlead.credentials"

    def guided(
        self,
        *,
        flow: str = "",
        pattern: str = "small-team",
        env: Mapping[str, str] | None = None,
    ) -> Guided:
        """A playing to which nothing was answered yet."""
        made = Guided(guide_of(self.system), self.config, env or {}, SystemClock(), pattern=pattern)
        if flow:
            made.choose_flow(flow)
        for path, value in self.settings.items():
            made.set(path, value)
        return made

    def answered(self, **changes: str) -> Guided:
        """A playing with the right answers, but for ``changes``."""
        guided = self.guided()
        for ask in guided.flow.asks():
            assert guided.give(ask, changes.get(ask.name, self.right[ask.name])) == ""
        return guided

    def connected(self) -> Guided:
        """A playing that was stored."""
        guided = self.answered()
        guided.keep()
        return guided

    def written(self) -> list[str]:
        """The names of the files that are there."""
        return sorted(path.name for path in self.folder.glob("*") if path.suffix != ".lock")


def ask_of(guided: Guided, name: str) -> Ask:
    """What is asked under this name."""
    return next(ask for ask in guided.flow.asks() if ask.name == name)


def failed(checks: list[Check]) -> dict[str, str]:
    """The text of each failed check, by name."""
    return {one.name: one.text for one in checks if one.state == "fail"}


def connect(at: Site, *words: str, typed: str = "", env: Any = None) -> tuple[int, str]:
    """``hotlead connect`` in this process: its exit code and all that was said.

    A sentence of an error ends it, as in ``main``. No secret may be among it.
    """
    path = ("-c", str(at.config))
    sets = [word for name, value in at.settings.items() for word in ("--set", f"{name}={value}")]
    command = ["connect", at.system, *path, *sets, *words]
    done = CliRunner().invoke(
        command_line(), command, input=typed, env={"COLUMNS": "300"} | (env or {})
    )
    if isinstance(done.exception, SettingsError):
        raise done.exception
    if isinstance(done.exception, UsageError):
        return 2, f"{done.output}\n{done.exception}"
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    for name, secret in at.right.items():
        assert "." in name or secret not in done.output
    return done.exit_code, done.output


@contextmanager
def page_of(guided: Guided) -> Iterator[tuple[str, Page, Desk]]:
    """The page of a playing, served: its address, and what stands behind it."""
    desk = Desk(guided)
    page = Page(desk)
    listening = listening_on(0)
    url = f"http://localhost:{listening.getsockname()[1]}"
    guided.redirect_uri = f"{url}/callback"
    with serving(page.app(), listening):
        yield url, page, desk


@contextmanager
def site(system: str, folder: Path, **options: Any) -> Iterator[Site]:
    """The system, filled with the small team."""

    def now() -> datetime:
        return datetime.now(UTC)

    made: dict[str, Any] = {
        "salesforce": SalesforceSandbox,
        "hubspot": HubspotSandbox,
        "slack": SlackSandbox,
    }
    sandbox = made[system](now, **options)
    sandbox.load(small_world())
    with Serving(sandbox.app) as server:
        at = Site(system, sandbox, server.url, folder)
        if system == "salesforce":
            at.right = {
                "salesforce.login_url": server.url,
                "HOTLEAD_SALESFORCE_CLIENT_ID": sandbox.client_id,
                "HOTLEAD_SALESFORCE_CLIENT_SECRET": sandbox.client_secret,
            }
        elif system == "hubspot":
            at.right = {"HOTLEAD_HUBSPOT_TOKEN": sandbox.token}
            at.settings = {"hubspot.base_url": server.url}
        else:
            at.right = {
                "HOTLEAD_SLACK_BOT_TOKEN": sandbox.bot_token,
                "HOTLEAD_SLACK_APP_TOKEN": sandbox.app_token,
            }
            at.settings = {"slack.base_url": f"{server.url}/api/"}
        yield at
