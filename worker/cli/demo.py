"""``hotlead demo``: the whole product at work on a sandbox, without any account."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from worker.cli.common import UsageError


class DemoCrm(StrEnum):
    """The CRMs that the sandbox can be."""

    SALESFORCE = "salesforce"
    HUBSPOT = "hubspot"


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        epilog="Example: hotlead demo   or   hotlead demo --once --crm hubspot --json out.json"
    )
    def demo(
        crm: Annotated[DemoCrm, typer.Option(help="Which CRM to stand in.")] = DemoCrm.SALESFORCE,
        once: Annotated[
            bool, typer.Option("--once", help="Play the story with a moved clock, then end.")
        ] = False,
        json_file: Annotated[
            Path | None, typer.Option("--json", help="Write the outcome here.", metavar="FILE")
        ] = None,
        data: Annotated[
            Path | None,
            typer.Option(
                "--data",
                help="A CRM export (accounts.csv, sales_teams.csv, sales_pipeline.csv, "
                "products.csv) to use instead of the made-up company.",
                metavar="DIR",
            ),
        ] = None,
        port: Annotated[
            int, typer.Option(help="Port of the page; 0 takes any.", min=0, max=65535)
        ] = 8370,
    ) -> None:
        """Start a Salesforce or HubSpot and a Slack in small, and play a morning on them."""
        if data is not None and not data.is_dir():
            raise UsageError(f"there is no folder {data}; name the folder of the CRM export")
        if json_file is not None and not json_file.resolve().parent.is_dir():
            raise UsageError(
                f"there is no folder {json_file.resolve().parent} for {json_file.name}"
            )
        from worker.demo.show import show

        show(crm.value, once=once, json_file=json_file, data=data, port=port)
