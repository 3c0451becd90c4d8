"""``hotlead signals``: what came in and how each ended, also what disturbed nobody."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, opened_store
from worker.cli.output import console, print_json, print_table
from worker.report import signal_records


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead signals --ended explain --limit 20")
    def signals(
        config: ConfigOption = DEFAULT_CONFIG,
        prospect: Annotated[
            str | None, typer.Option(help="Only of the prospect with this e-mail.", metavar="EMAIL")
        ] = None,
        ended: Annotated[
            Literal["alert", "join", "digest", "explain"] | None,
            typer.Option(help="Only those that ended so."),
        ] = None,
        limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 50,
        as_json: JsonOption = False,
    ) -> None:
        """List the latest signals: who has each now, or why nobody was disturbed."""
        with opened_store(config) as store, store.read() as conn:
            records = signal_records(conn, prospect=prospect, outcome=ended, limit=limit)
        if as_json:
            print_json(records)
            return
        if not records:
            console.print("No such signals yet.")
            return
        rows = [
            (
                one["received_at"][:16].replace("T", " "),
                one["prospect_name"] or one["prospect"],
                one["kind"].replace("_", " "),
                one["outcome"] or "not yet decided",
                one["with"] or "nobody",
                one["why"],
            )
            for one in records
        ]
        print_table("Signals", ("came (UTC)", "prospect", "kind", "ended as", "with", "why"), rows)
