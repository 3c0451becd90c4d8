"""``hotlead replay``: what another policy would have done with the signals of the past."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from worker.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    UsageError,
    clock,
    opened_store,
)
from worker.cli.output import console, errors, print_json, print_table

if TYPE_CHECKING:
    from routing.differences import Share
    from worker.proof.replaying import Replay

_SHOWN = 20
_UNITS = {"d": "days", "h": "hours", "m": "minutes", "w": "weeks"}
SinceOption = Annotated[
    str, typer.Option(help="How far back, such as 30d or 12h, or a date: 2026-11-01.")
]


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead replay --policy new-policy.yaml --since 30d")
    def replay(
        policy: Annotated[
            Path,
            typer.Option(
                help="The policy on trial: rules alone, or a whole configuration.", metavar="FILE"
            ),
        ],
        config: ConfigOption = DEFAULT_CONFIG,
        since: SinceOption = "30d",
        fail: Annotated[
            bool, typer.Option("--fail", help="End with 1 when anything differs; for CI.")
        ] = False,
        as_json: JsonOption = False,
    ) -> None:
        """Decide recorded signals again by another policy, with the facts as they were.

        Says who would have been told otherwise, when and where. Writes nothing.
        """
        from worker.proof.candidate import load_candidate
        from worker.proof.replaying import as_json as json_of
        from worker.proof.replaying import count_recorded
        from worker.proof.replaying import replay as replayed

        start = moment_of(since, clock.now())
        rules = load_candidate(config, policy)
        with opened_store(config) as store:
            total = count_recorded(store, start)
            if not total:
                raise UsageError(f"no signal was decided since {start:%Y-%m-%d %H:%M} UTC")
            with _bar() as progress:
                task = progress.add_task("signals", total=total)
                made = replayed(
                    store, rules, start, lambda number: progress.update(task, completed=number)
                )
        if as_json:
            print_json(json_of(made))
        else:
            _print(made)
        if fail and made.comparison.changed:
            raise typer.Exit(1)


def moment_of(text: str, now: datetime) -> datetime:
    """The moment that ``30d``, ``12h`` or an ISO date or time means. Raises UsageError."""
    found = re.fullmatch(r"(\d{1,5})([mhdw])", text.strip())
    try:
        if found:
            return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--since {text} is no time; write 30d, 12h, or a date like 2026-11-01"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=errors, transient=True)


def _print(made: Replay) -> None:
    found = made.comparison
    if found.examples:
        rows = [
            (
                f"{one.at:%Y-%m-%d %H:%M}",
                one.prospect,
                ", ".join(one.kinds),
                f"{one.before} ({one.before_route or '–'})",
                f"{one.after} ({one.after_route or '–'})",
            )
            for one in found.examples[:_SHOWN]
        ]
        columns = ("when (UTC)", "prospect", "differs in", "recorded", "on trial")
        print_table("What would have been otherwise", columns, rows)
        more = found.changed - len(rows)
        if more:
            console.print(f"… and {more} more; --json has the first 200.")
        _print_shares("Alerts of each rep and channel", found.reps)
        _print_shares("Alerts of each role", found.roles)
    for line in summary(made):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _print_shares(title: str, shares: dict[str, Share]) -> None:
    changed = {name: one for name, one in sorted(shares.items()) if one.gained or one.lost}
    if changed:
        rows = [
            (name, one.before, one.after, f"+{one.gained} −{one.lost}")
            for name, one in changed.items()
        ]
        print_table(title, ("who", "recorded", "on trial", "change"), rows)


def _noise(made: Replay) -> list[str]:
    """What would become of the noise, where reps have called something so."""
    from worker.proof.replaying import noise_json

    found = noise_json(made.comparison.noise)
    if not found["recorded"]:
        return []
    said = f"Noise: {found['removed']} of {found['recorded']} removed"
    if found["added_about"]:
        said += f", about {found['added_about']:g} added, by the share of noise of each signal"
    lost = found["answered_removed"]
    return [f"{said}. Alerts that were answered: {lost} removed."]


def summary(made: Replay) -> list[str]:
    """The verdict in a few lines."""
    found = made.comparison
    kinds = ", ".join(f"{number} in {kind.value}" for kind, number in sorted(found.kinds.items()))
    lines = [
        f"{found.signals:,} signals since {made.since:%Y-%m-%d %H:%M} UTC: {found.changed:,} would "
        f"have been decided otherwise" + (f" ({kinds})." if kinds else ".")
    ]
    if found.rule_only:
        lines.append(f"{found.rule_only:,} more in the same way by a rule of another name.")
    lines.append(
        f"Alerts: {found.alerts_added} added, {found.alerts_removed} removed. "
        f"Holes: {found.holes_opened} opened, {found.holes_closed} closed."
    )
    lines += _noise(made)
    used = {
        "receipt": "as their receipts hold them",
        "history": "as the mirror's history has them",
        "incomplete": "as far as receipts hold them, as the history does not go back so far",
    }
    parts = [f"{number:,} {used[name]}" for name, number in sorted(made.facts.items())]
    lines.append(f"Facts: {'; '.join(parts)}.")
    return lines
