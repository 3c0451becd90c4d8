"""``hotlead settings``: what a rep chooses for themselves, within the policy."""

from __future__ import annotations

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
from worker.cli.output import print_json, print_table
from worker.cli.people import the_person
from worker.settings import load_settings

_CLASSES = "Signal classes, with commas."


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        epilog="Example: hotlead settings ann@example.com --silent open --quiet 18:00-08:00"
    )
    def settings(
        email: Annotated[str, typer.Argument(help="Whose choices.")],
        config: ConfigOption = DEFAULT_CONFIG,
        real_time: Annotated[
            str | None, typer.Option(help=f"What interrupts. {_CLASSES}", metavar="CLASS,…")
        ] = None,
        digest: Annotated[
            str | None,
            typer.Option(help=f"What waits for the digest. {_CLASSES}", metavar="CLASS,…"),
        ] = None,
        silent: Annotated[
            str | None, typer.Option(help=f"What is never told. {_CLASSES}", metavar="CLASS,…")
        ] = None,
        quiet: Annotated[
            str | None,
            typer.Option(
                help="Quiet hours on the rep's own clock, or none.", metavar="18:00-08:00"
            ),
        ] = None,
        surface: Annotated[
            str | None, typer.Option(help="Where the rep is told, or none for the policy's.")
        ] = None,
        reset: Annotated[
            bool, typer.Option("--reset", help="Follow the policy in all that is not given here.")
        ] = False,
        as_json: JsonOption = False,
    ) -> None:
        """Show a rep's own choices, or change them. What the policy does not allow is refused,
        and then nothing changes."""
        from worker.own_choices import RefusedChoiceError, Wish, in_words, own_choices, wished
        from worker.store.history import set_preference

        policy = load_settings(config).policy
        wish = Wish(
            real_time=real_time,
            digest=digest,
            silent=silent,
            quiet=quiet,
            surface=surface,
            reset=reset,
        )
        with opened_store(config) as store, store.write() as tx:
            person = the_person(tx.conn, email)
            before = own_choices(tx.conn, person.id)
            try:
                own = wished(before, wish, policy)
            except RefusedChoiceError as error:
                raise UsageError(str(error)) from error
            if own != before:
                set_preference(tx, person.id, own, clock.now())
        rows = in_words(own, policy)
        if as_json:
            print_json({"person": person.email, "choices": dict(rows)})
        else:
            print_table(f"Choices of {person.name}", ("what", "how"), rows)
