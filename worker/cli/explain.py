"""``hotlead explain``: why an alert went where it went, and where one would go now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from routing.terms import SignalClass
from worker.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    UsageError,
    clock,
    need_people,
    opened_store,
)
from worker.cli.output import console, print_json, printable
from worker.settings import load_settings

if TYPE_CHECKING:
    from worker.proof.explaining import Explained


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead explain dana@acme.example --signal positive_reply")
    def explain(
        subject: Annotated[
            str,
            typer.Argument(
                help="An alert (its id or the beginning of it), an e-mail, or an account (id, "
                "name or domain).",
                metavar="ALERT|EMAIL|ACCOUNT",
            ),
        ],
        config: ConfigOption = DEFAULT_CONFIG,
        signal: Annotated[
            list[SignalClass] | None,
            typer.Option(help="For an e-mail or account: only this signal class; may be repeated."),
        ] = None,
        as_json: JsonOption = False,
    ) -> None:
        """Tell in plain sentences why an alert went where it went.

        For an e-mail or an account: where each signal class would go now. Writes nothing.
        """
        from worker.proof.explaining import as_json as json_of
        from worker.proof.explaining import explain_subject, latest_alerts
        from worker.proof.subjects import NoSubjectError, find_subject

        policy = load_settings(config).policy
        with opened_store(config) as store, store.read() as conn:
            need_people(conn)
            try:
                meant = find_subject(conn, subject)
            except NoSubjectError as error:
                raise UsageError(str(error)) from error
            wanted = tuple(signal or SignalClass)
            found = explain_subject(conn, meant, policy, clock.now(), wanted)
            before = [(row["id"], row["fired_at"]) for row in latest_alerts(conn, meant)]
        if not found:
            raise UsageError("the receipt of this alert is kept no more, so nothing is to be told")
        if as_json:
            print_json([json_of(one) for one in found])
            return
        for one in found:
            _print(one)
        if before:
            ids = ", ".join(f"{key[:8]} ({at:%Y-%m-%d %H:%M} UTC)" for key, at in before)
            console.print(f"Latest alerts: {ids}. hotlead explain ID tells why.", soft_wrap=True)


def _print(explained: Explained) -> None:
    told = explained.explanation
    console.print(printable(explained.title), style="bold", markup=False, soft_wrap=True)
    console.print(printable(told.headline), markup=False, highlight=False, soft_wrap=True)
    for section in told.sections:
        console.print(f"\n{section.title}", style="bold", markup=False)
        for sentence in section.sentences:
            line = f"  {printable(sentence)}"
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    console.print()
