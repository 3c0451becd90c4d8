"""``hotlead latency``: the number that the manager asks for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from routing.latency import HolderSummary, Summary
from worker.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, clock, opened_store
from worker.cli.output import console, minutes, print_json, print_table
from worker.report import holder_summaries, latency_records, latency_summaries

_MARKS = {"good": "within 2 h", "fair": "2 to 6 h", "bad": "over 6 h", "none": "–"}

_MINUTES = ("median", "P90", "working median", "working P90")


class By(StrEnum):
    """Whom the minutes count for."""

    REP = "rep"
    HOLDER = "holder"


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead latency --by holder --json")
    def latency(
        config: ConfigOption = DEFAULT_CONFIG,
        by: Annotated[
            By | None,
            typer.Option(help="By who answered, or by whose the alert was. Both when not given."),
        ] = None,
        as_json: JsonOption = False,
    ) -> None:
        """Median alert-to-response latency of the last 30 days, for the team and each rep.

        An alert that is claimed by another or handed over has a clock of several holders: by
        holder, it counts for each with the time for which it was theirs.
        """
        with opened_store(config) as store, store.read() as conn:
            summaries = latency_summaries(conn, clock.now())
            holders = holder_summaries(conn, clock.now())
        if as_json:
            print_json(latency_records(holders if by is By.HOLDER else summaries))
            return
        if by is not By.HOLDER:
            _print_reps(summaries)
        if by is By.HOLDER or (by is None and holders):
            _print_holders(holders)
        if by is not By.HOLDER:
            console.print("Healthy: a working median within 2 h. Over 6 h: a routing problem.")


def _print_reps(summaries: Sequence[Summary]) -> None:
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
    columns = ("", "n", "answered", "unanswered", *_MINUTES, "mark")
    print_table("Alert to response, last 30 days", columns, rows)


def _print_holders(holders: Sequence[HolderSummary]) -> None:
    rows = [
        (
            one.holder,
            one.alerts,
            one.answered,
            one.passed_on,
            one.open,
            minutes(one.median),
            minutes(one.p90),
            minutes(one.working_median),
            minutes(one.working_p90),
        )
        for one in holders
    ]
    columns = ("holder", "alerts", "answered", "passed on", "open", *_MINUTES)
    print_table("For how long alerts were whose, last 30 days", columns, rows)
