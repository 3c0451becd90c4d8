"""``hotlead connect``: from nothing to a tested connection, step by step."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, UsageError
from worker.cli.output import console, errors, print_json

DEFAULT_PORT = 8371
"""Fixed, as the address that a vendor sends the browser back to is registered with the vendor."""


class System(StrEnum):
    """What can be connected."""

    SALESFORCE = "salesforce"
    HUBSPOT = "hubspot"
    SLACK = "slack"


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        epilog="Example: hotlead connect salesforce   or   hotlead connect slack --web   or   "
        "hotlead connect hubspot --no-input --json"
    )
    def connect(
        system: Annotated[System, typer.Argument(help="What to connect.")],
        config: ConfigOption = DEFAULT_CONFIG,
        flow: Annotated[
            str, typer.Option(help="Another way to log in; the guide names those there are.")
        ] = "",
        web: Annotated[
            bool, typer.Option("--web", help="Guide on a page of this machine instead.")
        ] = False,
        pattern: Annotated[
            str, typer.Option(help="What a new configuration begins as; see hotlead init.")
        ] = "",
        settings: Annotated[
            list[str] | None,
            typer.Option(
                "--set",
                help="A setting, such as salesforce.login_url=https://acme.my.salesforce.com.",
                metavar="NAME=VALUE",
            ),
        ] = None,
        no_input: Annotated[
            bool,
            typer.Option("--no-input", help="Ask nothing: secrets come from the environment."),
        ] = False,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print the outcome as JSON at the end.")
        ] = False,
        port: Annotated[
            int,
            typer.Option(
                help="Port of the page and of the way back from a log-in.", min=0, max=65535
            ),
        ] = DEFAULT_PORT,
        install: Annotated[
            bool,
            typer.Option("--install", help="Also put our fields into the CRM; it is asked first."),
        ] = False,
        no_browser: Annotated[
            bool, typer.Option("--no-browser", help="Open no browser; only print the address.")
        ] = False,
    ) -> None:
        """Say what to click, take the credentials, test them, and name what is missing.

        Secrets go into hotlead.credentials beside the configuration, settings into the
        configuration; what is there stays. Ends with 1 when something that is needed is missing.
        """
        from worker.connect.command import Wishes, run

        wishes = Wishes(
            config=config,
            flow=flow,
            pattern=pattern,
            settings=dict(_pair(one) for one in settings or ()),
            port=port,
            open_browser=not no_browser,
            install=install,
        )
        out = errors if as_json else console
        outcome = run(system.value, wishes, out, web=web, ask=not no_input)
        if as_json:
            print_json(outcome.as_json())
        if not outcome.ok:
            raise typer.Exit(1)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name or not value:
        raise UsageError(f"--set {name}: write it like --set salesforce.login_url=https://…")
    return name, value
