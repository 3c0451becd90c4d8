"""``hotlead profile``: read the CRM's own shape, and propose the policy that fits it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, UsageError, clock, load
from worker.cli.output import console, errors, print_json, printable
from worker.cli.sync import SyncProgress


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        epilog="Example: hotlead profile --failing failing.csv   or   "
        "hotlead profile -o hotlead.yaml --force"
    )
    def profile(
        config: ConfigOption = DEFAULT_CONFIG,
        output: Annotated[
            Path | None,
            typer.Option(
                "--output",
                "-o",
                help="Where the proposal goes; a file beside the policy when not named.",
                metavar="FILE",
            ),
        ] = None,
        force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
        failing: Annotated[
            Path | None,
            typer.Option(
                "--failing", help="List the accounts that nobody holds, as CSV.", metavar="FILE"
            ),
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
    ) -> None:
        """Propose stage classes and roles from what the CRM holds, with the evidence for each.

        Reads the mirror, and of the CRM which fields name people. Writes a file to look at, and
        never over an existing policy without --force; the CRM and the mirror stay as they are.
        Ends with 1 when the proposal was not written, as a file is in the way.
        """
        from worker.profile.report import as_json as json_of
        from worker.profile.report import failing_csv, screen
        from worker.profile.run import NothingMirroredError
        from worker.profile.run import profile as profiled
        from worker.profile.target import changed, target_of
        from worker.profile.text import UnfitError
        from worker.store.engine import Store
        from worker.store.migrate import migrate

        settings, secrets = load(config)
        target = target_of(config)
        store = Store(settings.store.url)
        try:
            migrate(store)
            with SyncProgress() as progress:
                proposal = profiled(settings, secrets, store, clock, progress)
            change = changed(target, proposal, settings.policy)
        except NothingMirroredError as error:
            raise UsageError(
                "nothing is mirrored yet from which anything could be proposed; first run: "
                "hotlead sync --once"
            ) from error
        except UnfitError as error:
            raise UsageError(str(error)) from error
        finally:
            store.close()
        if failing is not None:
            claimed = settings.policy.places.claim_channel is not None
            _put(failing, failing_csv(proposal.failures, claimed=claimed))
        place = output or target.beside
        written = _write(place, change.text, force=force)
        if as_json:
            print_json(json_of(proposal, change) | {"file": str(place), "written": written})
        else:
            for line in screen(proposal):
                console.print(Text(printable(line)), soft_wrap=True)
            _tell(change.diff, target.path, place, written=written)
        if not written:
            raise typer.Exit(1)


def _write(place: Path, text: str, *, force: bool) -> bool:
    """Whether the file now holds the text."""
    if place.exists() and place.read_bytes() == text.encode():
        return True
    if place.exists() and not force:
        return False
    _put(place, text)
    return True


def _put(place: Path, text: str) -> None:
    from worker.connect.config_file import UnwritableError, write_whole

    try:
        write_whole(place, text)
    except UnwritableError as error:
        raise UsageError(str(error)) from error


def _tell(diff: tuple[str, ...], present: Path, place: Path, *, written: bool) -> None:
    console.print()
    if diff:
        console.print(f"This differs from {present}:", markup=False, soft_wrap=True)
    else:
        console.print(f"{present} says all of this already.", markup=False, soft_wrap=True)
    for line in diff:
        colour = "green" if line.startswith("+") else "red"
        console.print(Text(f"  {printable(line)}", style=colour), soft_wrap=True)
    if not written:
        said = f"{place} is there already and stays as it is; add --force, or name another with -o"
        errors.print(Text(said), style="red", soft_wrap=True)
        return
    said = (
        f"Written to {place}; the evidence for each line is in it. Next: hotlead check -c {place}"
    )
    console.print(Text(said), soft_wrap=True)
    if diff and place != present:
        take = f"To take it over: hotlead profile -o {present} --force"
        console.print(Text(take), soft_wrap=True)
