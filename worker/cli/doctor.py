"""``hotlead doctor``: is all well outside, too, and how is it mended where it is not?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import typer
from rich.text import Text

from connectors.base import Check
from worker.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, clock, load
from worker.cli.output import console, print_json, printable
from worker.doctor.credentials import credential_checks
from worker.placeholders import placeholders
from worker.secrets import Secrets
from worker.settings import Settings, signature_required

_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead doctor --json")
    def doctor(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
        """Try everything that the worker needs, and say how to mend what is wrong.

        Looks at the store, the CRM, the mirror, Slack or the mail server, and the policy. Changes
        nothing outside. Ends with 1 when a check failed, with 2 when the configuration cannot be
        used.
        """
        from worker.doctor.examine import examine

        settings, secrets = load(config)
        made: list[Check] = []
        for check in chain(
            _configuration(config, settings, secrets), examine(settings, secrets, clock)
        ):
            made.append(check)
            if not as_json:
                _print(check)
        counts = Counter(check.state for check in made)
        if as_json:
            print_json(
                {
                    "ok": not counts["fail"],
                    "counts": {state: counts[state] for state in ("ok", "warn", "fail")},
                    "checks": [asdict(check) for check in made],
                }
            )
        else:
            console.print(
                f"{counts['ok']} well, {counts['warn']} to look at, {counts['fail']} failed."
            )
        if counts["fail"]:
            raise typer.Exit(1)


def _configuration(config: Path, settings: Settings, secrets: Secrets) -> Iterator[Check]:
    name, left = "configuration", placeholders(config)
    if left:
        text, mend = f"not yet filled in: {', '.join(left)}", "put in what is yours"
        yield Check(name=name, state="fail", text=text, mend=mend)
    else:
        text = f"{config} is valid (policy {settings.policy.hash}), no secret is missing"
        yield Check(name=name, state="ok", text=text)
    yield from credential_checks(settings, secrets)
    if signature_required(settings, secrets):
        yield Check(name="signals", state="ok", text="signals must be signed")
    else:
        text = f"anybody who reaches {settings.web.listen} can send signals"
        mend = "set HOTLEAD_SIGNALS_SECRET, and let your tracker sign with it"
        yield Check(name="signals", state="warn", text=text, mend=mend)


def _print(check: Check) -> None:
    mark, colour = _MARKS[check.state]
    line = Text.assemble((mark, colour), f" {printable(check.name)}: {printable(check.text)}")
    if check.mend and check.state != "ok":
        line.append(f" → {printable(check.mend)}", style="dim")
    console.print(line, soft_wrap=True)
