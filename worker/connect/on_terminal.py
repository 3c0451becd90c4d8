"""The order of a playing on the terminal, and of one that asks nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from connectors.base import Check
from connectors.guiding import Ask, Blame
from worker.cli.common import UsageError
from worker.connect.browser import consent_by_browser
from worker.connect.config_file import PATTERNS
from worker.connect.guided import Guided
from worker.connect.outcome import Outcome
from worker.connect.terminal import Terminal

_STOPPED = "stopped before anything was written"


class RefusedError(Exception):
    """What was given does not work; nothing was written. ``checks`` say why."""

    def __init__(self, message: str, checks: Sequence[Check]) -> None:
        super().__init__(message)
        self.checks = list(checks)


def unattended(guided: Guided, terminal: Terminal) -> Outcome:
    """Connect with what there is in the environment and the files. Raises UsageError,
    RefusedError, and what the files raise."""
    if guided.config.needs_pattern:
        raise UsageError(
            f"there is no {guided.config.path} yet; choose what it begins as with --pattern "
            f"({', '.join(PATTERNS)})"
        )
    lacking = [_how_to_give(ask) for ask in guided.lacking()]
    if guided.flow.consents and not guided.consented():
        lacking.append(f"  {guided.guide.refresh_token}, which a log-in in a browser gives")
    if lacking:
        raise UsageError("without input, these must be given:\n" + "\n".join(lacking))
    checks = tried(guided, terminal)
    if guided.refused(checks):
        names = [name for blame in guided.blamed(checks) for name in blame.asks]
        about = f" ({', '.join(names)})" if names else ""
        raise RefusedError(f"{guided.guide.title} was not connected{about}", checks)
    written = _written(guided, terminal, ask=False)
    return Outcome(guide=guided.guide, flow=guided.flow.name, checks=checks, written=written)


def attended(guided: Guided, terminal: Terminal, *, open_browser: bool = True) -> Outcome:
    """Connect with a person, step by step. Raises as ``unattended`` does."""
    _greet(guided, terminal)
    if guided.config.needs_pattern:
        question = f"There is no {guided.config.path} yet. Which team is it for?"
        guided.choose_pattern(terminal.choose(question, list(PATTERNS.items())))
    if not _as_it_is(guided, terminal):
        for number, step in enumerate(guided.flow.steps, start=1):
            terminal.step(guided, number, step)
            for ask in step.asks:
                terminal.answer(guided, ask)
            if not step.asks:
                terminal.ask("   Press Enter when this is done")
        if guided.flow.consents:
            consent_by_browser(guided, terminal, open_browser=open_browser)
    checks = _tried_until_taken(guided, terminal, open_browser=open_browser)
    written = _written(guided, terminal, ask=True)
    return Outcome(guide=guided.guide, flow=guided.flow.name, checks=checks, written=written)


def tried(guided: Guided, terminal: Terminal) -> list[Check]:
    """Every check, each shown as soon as it is made."""
    terminal.say()
    terminal.say(f"Testing {guided.guide.title}, without changing anything there.", "bold")
    return _shown(terminal, guided.look())


def installed(guided: Guided, terminal: Terminal, *, ask: bool) -> list[Check]:
    """Install what ships for the system, asked for by the org first. A check for each part."""
    guide = guided.guide
    terminal.say()
    terminal.say(f"Asking {guide.title} whether it takes {guide.installs}.", "bold")
    allowed = _shown(terminal, guided.install(check_only=True))
    if not any(one.state == "ok" for one in allowed):
        return allowed
    if ask and not terminal.yes(f"Install this in {guide.title}?"):
        return []
    terminal.say()
    terminal.say(f"Installing in {guide.title}.", "bold")
    return _shown(terminal, guided.install(check_only=False))


def _shown(terminal: Terminal, checks: Iterator[Check]) -> list[Check]:
    made = []
    for check in checks:
        made.append(check)
        terminal.check(check)
    return made


def _how_to_give(ask: Ask) -> str:
    if ask.secret:
        return f"  {ask.name} (or {ask.name}_FILE) in the environment: {ask.label}"
    return f"  --set {ask.name}={ask.example or 'VALUE'}: {ask.label}"


def _greet(guided: Guided, terminal: Terminal) -> None:
    guide = guided.guide
    terminal.say(f"Connect {guide.title}: {guided.flow.title}", "bold")
    terminal.say(guide.need)
    terminal.say(
        "Secrets go into "
        f"{guided.credentials_shown} (only you can read it), settings into {guided.config.path}."
    )
    for other in guide.flows:
        if other is not guided.flow:
            terminal.say(f"Another way: --flow {other.name}: {other.title}. {other.summary}", "dim")


def _as_it_is(guided: Guided, terminal: Terminal) -> bool:
    """Whether everything is there from an earlier run, and shall be tested as it is."""
    complete = not guided.lacking() and not (guided.flow.consents and not guided.consented())
    return complete and terminal.yes("Everything is there already. Test it as it is?")


def _tried_until_taken(guided: Guided, terminal: Terminal, *, open_browser: bool) -> list[Check]:
    while True:
        checks = tried(guided, terminal)
        if not guided.refused(checks):
            return checks
        blames = guided.blamed(checks)
        _explain(guided, terminal, checks, blames)
        names = {name for blame in blames for name in blame.asks}
        again = [ask for ask in guided.flow.asks() if ask.name in names]
        ours = [ask for ask in again if guided.source(ask) != "environment"]
        if guided.guide.refresh_token in names:
            consent_by_browser(guided, terminal, open_browser=open_browser)
        elif ours:
            for ask in ours:
                terminal.answer(guided, ask)
        elif again:
            raise RefusedError(f"change {again[0].name} in the environment", checks)
        elif terminal.ask("Press Enter to try again, q to stop").lower() == "q":
            raise RefusedError(_STOPPED, checks)


def _explain(
    guided: Guided, terminal: Terminal, checks: Sequence[Check], blames: Sequence[Blame]
) -> None:
    terminal.say()
    for blame in blames:
        terminal.say(f"✗ {blame.says}. Nothing was written yet.", "red")
    if not blames:
        terminal.list_of(f"{guided.guide.title} was not reached:", checks[:1])


def _written(guided: Guided, terminal: Terminal, *, ask: bool) -> list[Path]:
    """Show what is to be written, and write it; the files. Raises UsageError for a no."""
    if not guided.anything_new():
        return []
    _tell_change(guided, terminal)
    if ask and not terminal.yes("Write it?"):
        raise UsageError(_STOPPED)
    return guided.keep()


def _tell_change(guided: Guided, terminal: Terminal) -> None:
    config, diff, names = guided.config, guided.diff(), guided.new_secrets()
    terminal.say()
    if not config.exists:
        told = f"{config.path} is written new, as the pattern {guided.pattern}"
        terminal.say(f"{told}, with these changes:" if diff else f"{told}.", "bold")
    elif diff:
        terminal.say(f"This changes in {config.path}:", "bold")
    for line in diff.splitlines():
        terminal.say(f"  {line}", {"+": "green", "-": "red"}.get(line[:1], "dim"))
    if names:
        terminal.say(f"These are stored in {guided.credentials_shown}: {', '.join(names)}")
