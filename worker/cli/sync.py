"""``hotlead sync``: bring the mirror up to date by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, UsageError, clock, load
from worker.cli.output import console, errors, print_json, print_table


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead sync --once")
    def sync(
        config: ConfigOption = DEFAULT_CONFIG,
        once: Annotated[
            bool, typer.Option("--once", help="Read everything once and stop.")
        ] = False,
        as_json: JsonOption = False,
    ) -> None:
        """Mirror the CRM and read who is away now. The running worker does this by itself."""
        if not once:
            raise UsageError("sync reads once; say so with: hotlead sync --once")
        from worker.mirror_report import mirror_report
        from worker.run import Worker

        settings, secrets = load(config)
        worker = Worker(settings, secrets, clock)
        try:
            with SyncProgress() as progress:
                done = worker.sync_all(progress)
            report = mirror_report(worker.ctx)
            mirror = [one.name for one in worker.ctx.crm.objects]
        finally:
            worker.close()
        report["complete"] = done
        if as_json:
            print_json(report)
        else:
            _print(report, done, mirror)
        # A source of absences that does not answer makes people unsure, and the mirror no less.
        if not all(done[name] for name in mirror):
            raise typer.Exit(1)


def _print(report: dict[str, object], done: dict[str, bool], mirror: Sequence[str]) -> None:
    rows = [(name, value) for name, value in report.items() if isinstance(value, int | float)]
    print_table("The mirror", ("what", "count"), rows)
    failed = report["errors"]
    if isinstance(failed, dict):
        for name, error in failed.items():
            style = "red" if name in mirror else "yellow"
            errors.print(f"{name} was not read to its end: {error}", markup=False, style=style)
    if all(done.values()):
        console.print("Complete.")


class SyncProgress:
    """A line for each CRM object with records read so far; callable as ``sync`` expects."""

    def __init__(self) -> None:
        self._bars: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.completed:,.0f} records"),
            TimeElapsedColumn(),
            console=errors,
            transient=True,
        )

    def __call__(self, name: str, records: int, total: int | None) -> None:
        """Show how far one object is."""
        if name not in self._bars:
            self._bars[name] = self._progress.add_task(name, total=total)
        self._progress.update(self._bars[name], completed=records, total=total)

    def __enter__(self) -> SyncProgress:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
