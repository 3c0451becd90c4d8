"""``hotlead shadow``: a candidate decided beside the live policy, for nobody to see but you."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from worker.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    UsageError,
    clock,
    opened_store,
)
from worker.cli.output import console, print_json, print_table
from worker.settings import load_settings
from worker.store.engine import Store

_SHOWN, _KEPT = 30, 1000
ByOption = Annotated[str, typer.Option(help="Who says so; your name on this machine, if left out.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Take it although it was refused.")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead shadow new-policy.yaml")
    def shadow(
        file: Annotated[
            Path | None, typer.Argument(help="The candidate.", metavar="FILE", show_default=False)
        ] = None,
        config: ConfigOption = DEFAULT_CONFIG,
        listed: Annotated[
            bool, typer.Option("--list", help="Show what the candidate decides otherwise.")
        ] = False,
        stop: Annotated[bool, typer.Option("--stop", help="Take the candidate away.")] = False,
        by: ByOption = "",
        force: ForceOption = False,
        as_json: JsonOption = False,
    ) -> None:
        """Have the running worker decide each new signal by a candidate, too.

        Nothing goes out by it. Refuses one that hotlead check refuses or that opens new holes.
        """
        if sum((file is not None, listed, stop)) != 1:
            raise UsageError("name a candidate, or write --list or --stop")
        with opened_store(config) as store:
            if stop:
                _stop(store)
            elif file is not None:
                _start(store, config, file, by, force=force)
            else:
                _list(store, as_json=as_json)


def _start(store: Store, config: Path, file: Path, by: str, *, force: bool) -> None:
    from worker.proof.candidate import load_candidate
    from worker.proof.promoting import rules_text
    from worker.proof.shadowing import start
    from worker.proof.versions import user

    live, candidate = load_settings(config).policy, load_candidate(config, file)
    refuse_holes(store, live, candidate, file, force=force)
    text, now = rules_text(file), clock.now()
    with store.write() as tx:
        start(tx, candidate, file=str(file), text=text, by=by or user(), now=now)
    console.print(
        f"{file} (policy {candidate.hash}) is now decided beside the live policy. "
        "hotlead shadow --list shows where they disagree.",
        markup=False,
        soft_wrap=True,
    )


def refuse_holes(store: Store, live: Any, candidate: Any, file: Path, *, force: bool) -> None:
    """Raises UsageError for a candidate that is not filled in or opens new holes."""
    from worker.proof.promoting import refusals

    found = list(refusals(store, live, candidate, file, clock.now()))
    if found and not force:
        raise UsageError("\n".join([f"{file} is refused (--force takes it all the same):", *found]))
    for line in found:
        console.print(f"Taken all the same: {line}", markup=False, soft_wrap=True)


def _stop(store: Store) -> None:
    from worker.proof.shadowing import stop

    with store.write() as tx:
        was = stop(tx, clock.now())
    if not was:
        raise UsageError("no candidate is on trial; hotlead shadow FILE begins with one")
    console.print("The candidate is taken away. What it found is kept: hotlead shadow --list.")


def _list(store: Store, *, as_json: bool) -> None:
    from worker.proof.shadowing import disagreements, shadows

    with store.read() as conn:
        found = shadows(conn)
        latest = disagreements(conn, found[0]["id"], _KEPT) if found else []
    records = [_record(row) for row in found]
    if as_json:
        print_json({"shadows": records, "disagreements": latest})
        return
    if not records:
        console.print("No candidate was ever on trial. hotlead shadow FILE begins with one.")
        return
    if latest:
        rows = [
            (
                one["at"][:16].replace("T", " "),
                one["prospect"],
                ", ".join(one["kinds"]),
                f"{one['before']} ({one['before_route'] or '–'})",
                f"{one['after']} ({one['after_route'] or '–'})",
            )
            for one in latest[:_SHOWN]
        ]
        columns = ("when (UTC)", "prospect", "differs in", "live", "candidate")
        print_table("Where the candidate disagrees", columns, rows)
    for one in records:
        state = "on trial" if one["running"] else f"until {one['stopped_at']}"
        said = (
            f"{one['file']} ({one['policy']}) by {one['by']}, from {one['started_at']}, {state}: "
        )
        said += f"{one['disagreements']} of {one['signals']} signals decided otherwise."
        said += f" It could not go on: {one['error']}" if one["error"] else ""
        console.print(said, markup=False, highlight=False, soft_wrap=True)


def _record(row: Any) -> dict[str, Any]:
    stopped = row["stopped_at"]
    return {
        "file": row["file"],
        "policy": row["hash"],
        "by": row["by"],
        "running": row["running"],
        "started_at": row["started_at"].isoformat(),
        "stopped_at": stopped.isoformat() if stopped else None,
        "signals": row["signals"],
        "disagreements": row["disagreements"],
        "error": row["error"],
    }
