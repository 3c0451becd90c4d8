"""``hotlead coverage``: does every account have somebody, on every day to come?"""

from __future__ import annotations

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
from worker.settings import load_settings

if TYPE_CHECKING:
    from worker.proof.coverage import Places, Proof

_SHOWN = 30


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead coverage --html coverage.html")
    def coverage(
        config: ConfigOption = DEFAULT_CONFIG,
        days: Annotated[int, typer.Option(help="How many days from today.", min=1, max=92)] = 30,
        present: Annotated[
            bool, typer.Option("--present", help="Only the stage that each account is in now.")
        ] = False,
        html: Annotated[
            Path | None, typer.Option(help="Write a heat map page to this file.", metavar="FILE")
        ] = None,
        as_json: JsonOption = False,
    ) -> None:
        """Ask of every account, stage and signal class who would be told on each day to come.

        Reads the mirror alone. Ends with 1 when there is a hole: a signal that would reach
        nobody but an admin.
        """
        from worker.proof.coverage import Places, count_accounts, prove
        from worker.proof.coverage import as_json as json_of

        policy = load_settings(config).policy
        with opened_store(config) as store:
            total = count_accounts(store)
            if not total:
                raise UsageError("no account is mirrored yet; run hotlead sync --once first")
            with _bar() as progress:
                task = progress.add_task("accounts", total=total)
                proof = prove(
                    store,
                    policy,
                    clock.now(),
                    days=days,
                    present_only=present,
                    progress=lambda number: progress.update(task, completed=number),
                )
        places = Places(config)
        if html is not None:
            _write(html, proof, places)
        if as_json:
            print_json(json_of(proof, places))
        else:
            _print(proof, places)
        if proof.holes:
            raise typer.Exit(1)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=errors, transient=True)


def _write(path: Path, proof: Proof, places: Places) -> None:
    from worker.proof.coverage_page import page

    try:
        path.write_text(page(proof, places), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; name another") from error
    errors.print(f"Heat map: {path}", markup=False, soft_wrap=True)


def _print(proof: Proof, places: Places) -> None:
    from worker.proof.coverage import when

    of = len(proof.coverage.days)
    rows = [
        (
            one.kind.value.replace("_", " "),
            one.text,
            one.accounts or "",
            when(one.days, of),
            f"{one.mend} ({places.line(one.path)})",
        )
        for one in proof.findings[:_SHOWN]
    ]
    if rows:
        print_table("What to mend", ("kind", "what", "accounts", "when", "mend"), rows)
    more = len(proof.findings) - len(rows)
    if more:
        console.print(f"… and {more} more; --json has them all.")
    said = f"{proof.coverage.accounts:,} accounts, {of} days: "
    thin = len(proof.findings) - proof.holes
    said += f"{proof.holes} {'hole' if proof.holes == 1 else 'holes'}, "
    said += f"{thin} thin {'spot' if thin == 1 else 'spots'}."
    console.print(said)
