"""``hotlead init``: a first configuration for one of four team patterns."""

from __future__ import annotations

from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.common import DEFAULT_CONFIG, UsageError
from worker.cli.output import console
from worker.schema import SCHEMA, schema_text


class Pattern(StrEnum):
    """The four team patterns."""

    SOLO = "solo"
    SMALL_TEAM = "small-team"
    BDR_AE = "bdr-ae"
    NAMED_ACCOUNTS = "named-accounts"


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead init --pattern bdr-ae")
    def init(
        pattern: Annotated[
            Pattern,
            typer.Option(
                help="solo: everything to one person. small-team: 3 to 5 AEs with a claim "
                "channel. bdr-ae: 10 to 15 BDRs and AEs by stage. named-accounts: hard "
                "assignment with a backup for each account."
            ),
        ],
        output: Annotated[
            Path, typer.Option("--output", "-o", help="Where to write it.", metavar="FILE")
        ] = DEFAULT_CONFIG,
        force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    ) -> None:
        """Write a first configuration to edit."""
        if output.exists() and not force:
            raise UsageError(f"{output} is there already; name another with -o, or add --force")
        text = files("config").joinpath(f"{pattern.value}.yaml").read_text(encoding="utf-8")
        schema = output.with_name(SCHEMA)
        try:
            output.write_text(f"# yaml-language-server: $schema={SCHEMA}\n{text}", encoding="utf-8")
            schema.write_text(schema_text(), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"cannot write {output}: {error.strerror}") from error
        console.print(
            f"Wrote {output}, and {schema} by which editors complete it. "
            "Edit the e-mails and channels, then: hotlead check"
        )
