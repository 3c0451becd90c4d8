"""``hotlead alerts``: what fired, who has it, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, clock, opened_store
from worker.cli.output import console, minutes, print_json, print_table
from worker.noise import Tally, noise_tallies, reason_in_words, tally_json
from worker.outsiders import Outsider, outsiders
from worker.report import WINDOW, alert_records


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead alerts --limit 20")
    def alerts(
        config: ConfigOption = DEFAULT_CONFIG,
        limit: Annotated[int, typer.Option(help="How many, newest first.", min=1)] = 50,
        noise: Annotated[
            bool,
            typer.Option("--noise", help="Only what was noise: by reason, signal and route."),
        ] = False,
        as_json: JsonOption = False,
    ) -> None:
        """List the latest alerts, and what was noise in the last 30 days."""
        with opened_store(config) as store, store.read() as conn:
            records = [] if noise else alert_records(conn, limit=limit)
            tallies = noise_tallies(conn, clock.now() - WINDOW)
            unknown = outsiders(conn)
        if as_json:
            print_json([tally_json(one) for one in tallies] if noise else records)
            return
        if not noise:
            _print_alerts(records)
        if tallies or noise:
            _print_noise(tallies)
        for one in unknown:
            console.print(_refused(one), markup=False, highlight=False, soft_wrap=True)


def _print_alerts(records: Sequence[dict[str, Any]]) -> None:
    if not records:
        console.print("No alerts yet.")
        return
    rows = [
        (
            one["fired_at"][:16].replace("T", " "),
            f"{one['prospect_name']} ({one['account'] or 'no account'})",
            one["signal"].replace("_", " "),
            f"{one['recipient']} ({one['rung'].replace('_', ' ')})",
            _state(one),
            _took(one),
            one["reason"],
        )
        for one in records
    ]
    columns = ("fired (UTC)", "prospect", "signal", "with", "state", "latency", "why")
    print_table("Alerts", columns, rows)


def _state(one: dict[str, Any]) -> str:
    if one["state"] == "noise":
        said = one["noise_words"] or reason_in_words(one["noise_reason"] or "")
        return f"noise ({said})"
    if one["state"] == "snoozed":
        return f"snoozed until {one['snoozed_until'][:16].replace('T', ' ')}"
    return str(one["state"])


def _took(one: dict[str, Any]) -> str:
    """The latency and, where it was several people's clock, whose for how long."""
    took = minutes(one["latency_minutes"])
    if len(one["holders"]) < 2:
        return took
    parts = [f"{held['name'] or 'nobody'} {minutes(held['minutes'])}" for held in one["holders"]]
    return f"{took}: {', '.join(parts)}"


def _print_noise(tallies: Sequence[Tally]) -> None:
    if not tallies:
        console.print("No alert was noise in the last 30 days.")
        return
    rows = [
        (
            reason_in_words(one.reason),
            one.signal.replace("_", " "),
            one.route,
            one.noise,
            f"{one.noise / one.alerts:.0%} of {one.alerts}",
        )
        for one in tallies
    ]
    columns = ("reason", "signal", "route", "noise", "share of its alerts")
    print_table("Noise, last 30 days", columns, rows)


def _refused(one: Outsider) -> str:
    times = "once" if one.presses == 1 else f"{one.presses} times, last"
    return (
        f"{one.shown} pressed a button {times} {one.last_at:%Y-%m-%d %H:%M} UTC and was refused: "
        "no active user of the CRM has this e-mail. Give the CRM user the e-mail that is used in "
        f"{one.surface.capitalize()}."
    )
