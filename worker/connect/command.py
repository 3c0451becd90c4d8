"""What ``hotlead connect`` does: one playing, by the terminal, unattended, or as a page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from connectors.base import Check
from worker.cli.common import UsageError, clock
from worker.connect.config_file import UnwritableError
from worker.connect.guided import Guided, UnknownNameError
from worker.connect.guides import guide_of
from worker.connect.on_terminal import RefusedError, attended, installed, tried, unattended
from worker.connect.outcome import Outcome, finished
from worker.connect.terminal import Terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asks for."""

    config: Path
    flow: str = ""
    pattern: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    open_browser: bool = True
    install: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended."""

    ok: bool
    report: Mapping[str, Any]

    def as_json(self) -> Mapping[str, Any]:
        """For programs."""
        return self.report


def run(system: str, wishes: Wishes, out: Console, *, web: bool, ask: bool) -> Ended:
    """Play the guide of a system. Raises UsageError and what unusable files raise."""
    terminal = Terminal(out)
    try:
        guided = prepared(system, wishes)
        if wishes.install and not guided.guide.installs:
            raise UsageError(f"there is nothing to install in {guided.guide.title}")
        if web:
            outcome = _by_page(guided, wishes, terminal)
        elif ask:
            outcome = _with_a_person(guided, wishes, terminal)
        else:
            outcome = unattended(guided, terminal)
            if wishes.install:
                outcome = _with_installed(guided, terminal, outcome, ask=False)
            outcome = finished(guided, outcome)
    except RefusedError as error:
        if not ask:
            terminal.list_of(f"{error}; nothing was written.", _failed(error.checks))
        else:
            terminal.say(f"{error}; nothing was written.", "red")
        return Ended(False, _refusal(system, error))
    except (UnknownNameError, UnwritableError) as error:
        raise UsageError(str(error)) from error
    report(outcome, terminal)
    return Ended(not outcome.missing, outcome.as_json())


def prepared(system: str, wishes: Wishes) -> Guided:
    """The playing with what the command line said."""
    guided = Guided(
        guide_of(system),
        wishes.config,
        os.environ,
        clock,
        redirect_uri=f"http://localhost:{wishes.port}/callback",
        pattern=wishes.pattern,
    )
    if wishes.flow:
        guided.choose_flow(wishes.flow)
    for path, value in wishes.settings.items():
        guided.set(path, value)
    guided.check_file()
    return guided


def report(outcome: Outcome, terminal: Terminal) -> None:
    """The end, for people."""
    title = outcome.guide.title
    terminal.list_of(f"Missing, which Hotlead needs of {title}:", outcome.missing)
    terminal.list_of("Works without, but:", outcome.lesser)
    terminal.say()
    if outcome.missing:
        terminal.say(f"{title} is connected, but not all that is needed is there.")
        terminal.say(f"Mend them, then run again: hotlead connect {outcome.guide.name}")
    else:
        terminal.say(f"{title} is connected. Nothing that is needed is missing.", "green")
    for step in outcome.following:
        terminal.say(f"Next: {step.text}:  {step.command}")


def _with_a_person(guided: Guided, wishes: Wishes, terminal: Terminal) -> Outcome:
    outcome = attended(guided, terminal, open_browser=wishes.open_browser)
    guide = guided.guide
    if wishes.install or guide.wants_install(outcome.checks):
        outcome = _with_installed(guided, terminal, outcome, ask=True)
    while outcome.missing:
        terminal.list_of(
            f"Stored. Still missing, which Hotlead needs of {guide.title}:", outcome.missing
        )
        said = terminal.ask("Mend it, then press Enter to look again; q ends")
        if said.lower() == "q":
            break
        outcome = replace(outcome, checks=tried(guided, terminal), installed=())
    return finished(guided, outcome)


def _with_installed(guided: Guided, terminal: Terminal, outcome: Outcome, *, ask: bool) -> Outcome:
    parts = installed(guided, terminal, ask=ask)
    if not parts:
        return outcome
    return replace(outcome, installed=parts, checks=tried(guided, terminal))


def _by_page(guided: Guided, wishes: Wishes, terminal: Terminal) -> Outcome:
    from worker.connect.page import show

    desk = show(
        guided,
        terminal,
        port=wishes.port,
        open_browser=wishes.open_browser,
        install=wishes.install,
    )
    if desk.outcome is None:
        raise UsageError("the page was closed before anything was written")
    return desk.outcome


def _failed(checks: list[Check]) -> list[Check]:
    return [one for one in checks if one.state == "fail"]


def _refusal(system: str, error: RefusedError) -> dict[str, Any]:
    return {
        "ok": False,
        "system": system,
        "written": [],
        "missing": [asdict(one) for one in _failed(error.checks)],
        "checks": [asdict(one) for one in error.checks],
        "next": [],
    }
