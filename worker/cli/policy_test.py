"""``hotlead test``: do the team's own sentences about its policy hold?"""

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
from worker.cli.output import console, errors, print_json, printable
from worker.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.sentences import Verdict


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(name="test", epilog="Example: hotlead test policy-tests.yaml")
    def test(
        file: Annotated[Path, typer.Argument(help="The sentences.", metavar="FILE")] = Path(
            "policy-tests.yaml"
        ),
        config: ConfigOption = DEFAULT_CONFIG,
        policy: Annotated[
            Path | None,
            typer.Option(help="A policy on trial in place of the live one.", metavar="FILE"),
        ] = None,
        junit: Annotated[
            Path | None, typer.Option(help="Also write JUnit XML to this file.", metavar="FILE")
        ] = None,
        as_json: JsonOption = False,
    ) -> None:
        """Hold the team's own sentences against every account of the mirror.

        Ends with 1 when one does not hold, and shows a case in which it does not.
        """
        from worker.proof.candidate import load_candidate
        from worker.proof.coverage import count_accounts
        from worker.proof.sentences import as_json as json_of
        from worker.proof.sentences import as_junit, hear, load_sentences

        rules = load_candidate(config, policy) if policy else load_settings(config).policy
        sentences, found = load_sentences(file, rules)
        with opened_store(config) as store:
            total = count_accounts(store)
            if not total:
                raise UsageError("no account is mirrored yet; run hotlead sync --once first")
            with _bar() as progress:
                task = progress.add_task("accounts", total=total)
                verdicts = hear(
                    store,
                    sentences,
                    found,
                    rules,
                    clock.now(),
                    lambda number: progress.update(task, completed=number),
                )
        if junit is not None:
            _write(junit, as_junit(verdicts, found))
        if as_json:
            print_json(json_of(verdicts, found))
        else:
            _print(verdicts)
        if not all(one.ok for one in verdicts):
            raise typer.Exit(1)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), console=errors, transient=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}; name another") from error


def _print(verdicts: Sequence[Verdict]) -> None:
    from worker.proof.sentences import problem_of

    for one in verdicts:
        many = "1 account" if one.accounts == 1 else f"{one.accounts:,} accounts"
        mark = "✓" if one.ok else "✗"
        line = f"{mark} {printable(one.sentence.say)} ({many})"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
        if not one.ok:
            why = printable(problem_of(one))
            console.print(f"    {why}", markup=False, highlight=False, soft_wrap=True)
            if one.failing > 1:
                console.print(f"    and {one.failing - 1:,} more accounts like this")
    failed = sum(not one.ok for one in verdicts)
    console.print(f"{len(verdicts) - failed} hold, {failed} do not.")
