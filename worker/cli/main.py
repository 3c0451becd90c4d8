"""``hotlead``: takes each hot lead to the rep who must act, and the response to the CRM."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import typer
from rich.text import Text
from sqlalchemy.exc import DatabaseError

from connectors.errors import ConnectorError
from worker.cli.common import UsageError
from worker.cli.output import errors
from worker.secrets import SecretsError
from worker.settings import SettingsError
from worker.store.engine import StoreError

_MODULES = (
    *("demo", "init", "connect", "profile", "check", "schema", "doctor", "run", "sync"),
    *("send_signal", "signals", "alerts", "latency", "coverage", "explain", "replay"),
    *("policy_test", "shadow", "policy", "drill", "who", "away", "settings"),
)
"""In the order of the help."""
_NAMES = {"test": "policy_test", "back": "away", "send-signal": "send_signal"}
"""Modules of commands that are called otherwise."""


def command_line(words: Sequence[str] = ()) -> typer.Typer:
    """The command that the first word names; all of them when it names none.

    A command that loads only what is its own starts in half the time.
    """
    app = typer.Typer(
        name="hotlead",
        callback=_hotlead,  # with it a single command keeps its name
        help="Takes engagement signals about prospects to the rep who must act, reroutes when the "
        "rep is away or silent, and writes the response back to the CRM.",
        epilog="Start with: hotlead demo",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    first = words[0] if words else ""
    named = _NAMES.get(first, first)
    for name in (named,) if named in _MODULES else _MODULES:
        import_module(f"worker.cli.{name}").add_to(app)
    return app


def _hotlead() -> None:
    """What comes before every command: nothing."""


_EXPECTED = (UsageError, SettingsError, SecretsError, StoreError, ConnectorError)


def main() -> None:
    """The entry point: an error that a user can cause is a sentence, never a traceback."""
    try:
        command_line(sys.argv[1:])(prog_name="hotlead")
    except _EXPECTED as error:
        mend = getattr(error, "mend", "")
        text = f"hotlead: {error}" + (f"\nMend: {mend}" if mend else "")
        errors.print(Text(text), style="red", soft_wrap=True)
        sys.exit(2)
    except DatabaseError as error:
        text = f"hotlead: the store cannot be used: {error.orig}\nMend: see that store.url is "
        text += "right, its server runs, and its disk has room"
        errors.print(Text(text), style="red", soft_wrap=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
