"""``hotlead alerts``: what fired, who has it, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, opened_store
from worker.cli.output import console, minutes, print_json, print_table
from worker.report import alert_records


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead alerts --limit 20")
    def alerts(
        config: ConfigOption = DEFAULT_CONFIG,
        limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 50,
        as_json: JsonOption = False,
    ) -> None:
        """List the latest alerts."""
        with opened_store(config) as store, store.read() as conn:
            records = alert_records(conn, limit=limit)
        if as_json:
            print_json(records)
            return
        if not records:
            console.print("No alerts yet.")
            return
        rows = [
            (
                one["fired_at"][:16].replace("T", " "),
                f"{one['prospect_name']} ({one['account'] or 'no account'})",
                one["signal"].replace("_", " "),
                f"{one['recipient']} ({one['rung'].replace('_', ' ')})",
                one["state"],
                minutes(one["latency_minutes"]),
                one["reason"],
            )
            for one in records
        ]
        columns = ("fired (UTC)", "prospect", "signal", "with", "state", "latency", "why")
        print_table("Alerts", columns, rows)
