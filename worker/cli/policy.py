"""``hotlead policy``: promote a candidate, and look at the versions that there were."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

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
from worker.cli.shadow import ByOption, ForceOption, refuse_holes
from worker.settings import load_settings
from worker.store.engine import Store


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    policy = typer.Typer(
        help="Promote a candidate to the live policy, and look at its versions.",
        epilog="Example: hotlead policy promote new-policy.yaml --by dana@example.com",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    _add_promote(policy)
    _add_versions(policy)
    app.add_typer(policy, name="policy")


def _add_promote(policy: typer.Typer) -> None:
    @policy.command(epilog="Example: hotlead policy promote new-policy.yaml")
    def promote(
        file: Annotated[
            Path | None,
            typer.Argument(
                help="The candidate; the one that is on trial, if left out.",
                metavar="FILE",
                show_default=False,
            ),
        ] = None,
        config: ConfigOption = DEFAULT_CONFIG,
        by: ByOption = "",
        force: ForceOption = False,
    ) -> None:
        """Make a candidate the live policy; comments stay, and the old one is kept as a version.

        Refuses one that hotlead check refuses or that opens new holes. A running worker takes it
        up by itself, unless it reads something else of the CRM; then it says so.
        """
        with opened_store(config) as store, _candidate(store, file, config) as candidate:
            _promote(store, config, candidate, by, force=force)


@contextmanager
def _candidate(store: Store, file: Path | None, config: Path) -> Iterator[Path]:
    """The file, or one with the text of the candidate that is on trial."""
    if file is not None:
        yield file
        return
    from worker.proof.shadowing import running

    with store.read() as conn:
        row = running(conn)
    if row is None:
        raise UsageError("no candidate is on trial; name the file to promote")
    handle, name = tempfile.mkstemp(prefix="candidate-", suffix=".yaml", dir=config.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(row["text"])
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _promote(store: Store, config: Path, file: Path, by: str, *, force: bool) -> None:
    from worker.connect.config_file import UnwritableError
    from worker.policy_words import surfaces_of
    from worker.proof import promoting
    from worker.proof.candidate import load_candidate
    from worker.proof.shadowing import running, stop
    from worker.proof.taking_up import why_restart
    from worker.proof.versions import keep_text, note_version, user
    from worker.store.receipts import keep_policy

    settings, candidate = load_settings(config), load_candidate(config, file)
    live = settings.policy
    if live.hash == candidate.hash:
        raise UsageError(f"this is the live policy already ({live.hash})")
    refuse_holes(store, live, candidate, file, force=force)
    who, now = by or user(), clock.now()
    try:
        place = promoting.live_place(config)
        old = promoting.rules_text(config)
        text = promoting.rules_text(file)
        after = promoting.promoted(config, candidate, text)
        with store.write() as tx:
            keep_policy(tx, live, now)
            keep_policy(tx, candidate, now)
            keep_text(tx, live.hash, old, by=who, now=now)
            note_version(tx, candidate.hash, "promoted", by=who, now=now, text=text)
            on_trial = running(tx.conn)
            if on_trial is not None and on_trial["hash"] == candidate.hash:
                stop(tx, now)
            promoting.write(config, after)  # last: when it fails nothing was noted
    except (promoting.RefusedError, UnwritableError) as error:
        raise UsageError(str(error)) from error
    said = f"{place.file} now holds policy {candidate.hash} (before: {live.hash}). "
    told_on = {*surfaces_of(live), *(["email"] if settings.email is not None else [])}
    why = why_restart(settings, told_on, candidate)
    if why:
        said += f"Start hotlead run again to take it up, as {why}. The old one is kept: "
    else:
        said += "A running worker takes it up in a few seconds. The old one is kept: "
    said += f"hotlead policy show {live.hash}"
    console.print(said, markup=False, highlight=False, soft_wrap=True)


def _add_versions(policy: typer.Typer) -> None:
    @policy.command(epilog="Example: hotlead policy versions")
    def versions(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
        """List what was the live policy, since when, and by whom."""
        from worker.proof.versions import versions as all_versions

        with opened_store(config) as store, store.read() as conn:
            found = [
                {"policy": row["hash"], "at": row["at"].isoformat(), "by": row["by"]}
                | {"how": row["how"], "text_kept": bool(row["text"])}
                for row in all_versions(conn)
            ]
        if as_json:
            print_json(found)
        elif not found:
            console.print("No worker has run yet, so there is no version.")
        else:
            rows = [
                (one["policy"], str(one["at"])[:16].replace("T", " "), one["by"], one["how"])
                for one in found
            ]
            print_table("Versions of the policy", ("policy", "at (UTC)", "by", "how"), rows)

    @policy.command(epilog="Example: hotlead policy show 1a2b3c > old-policy.yaml")
    def show(
        version: Annotated[str, typer.Argument(help="The hash, or its beginning.")],
        config: ConfigOption = DEFAULT_CONFIG,
    ) -> None:
        """Print a version, as it was written where that is kept."""
        from worker.proof.versions import NoVersionError, text_of

        with opened_store(config) as store, store.read() as conn:
            try:
                _, text = text_of(conn, version)
            except NoVersionError as error:
                raise UsageError(str(error)) from error
        sys.stdout.write(text if text.endswith("\n") else text + "\n")

    @policy.command(epilog="Example: hotlead policy diff 1a2b3c 4d5e6f")
    def diff(
        one: Annotated[str, typer.Argument(help="The hash, or its beginning.")],
        other: Annotated[str, typer.Argument(help="The hash, or its beginning.")],
        config: ConfigOption = DEFAULT_CONFIG,
    ) -> None:
        """Show what two versions say differently."""
        from worker.proof.versions import NoVersionError, difference

        with opened_store(config) as store, store.read() as conn:
            try:
                text = difference(conn, one, other)
            except NoVersionError as error:
                raise UsageError(str(error)) from error
        sys.stdout.write(text or "They say the same.\n")
