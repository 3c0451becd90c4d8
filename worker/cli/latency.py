"""``hotlead latency``: the number that the manager asks for."""

from __future__ import annotations

import typer

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, clock, opened_store
from worker.cli.output import console, minutes, print_json, print_table
from worker.report import latency_records, latency_summaries

_MARKS = {"good": "within 2 h", "fair": "2 to 6 h", "bad": "over 6 h", "none": "–"}


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead latency --json")
    def latency(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
        """Median alert-to-response latency of the last 30 days, for the team and each rep."""
        with opened_store(config) as store, store.read() as conn:
            summaries = latency_summaries(conn, clock.now())
        if as_json:
            print_json(latency_records(summaries))
            return
        rows = [
            (
                one.rep,
                one.n,
                one.answered,
                one.unanswered,
                minutes(one.median),
                minutes(one.p90),
                minutes(one.working_median),
                minutes(one.working_p90),
                _MARKS[one.mark],
            )
            for one in summaries
        ]
        columns = (
            "",
            "n",
            "answered",
            "unanswered",
            "median",
            "P90",
            "working median",
            "working P90",
            "mark",
        )
        print_table("Alert to response, last 30 days", columns, rows)
        console.print("Healthy: a working median within 2 h. Over 6 h: a routing problem.")
