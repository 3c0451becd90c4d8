"""``hotlead schema``: the JSON Schema of hotlead.yaml."""

from __future__ import annotations

import typer

from worker.schema import schema_text


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead schema > hotlead.schema.json")
    def schema() -> None:
        """Print the JSON Schema of hotlead.yaml, for editors and CI."""
        typer.echo(schema_text(), nl=False)
