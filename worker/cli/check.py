"""``hotlead check``: is the configuration right, and what does it say?"""

from __future__ import annotations

from pathlib import Path

import typer

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, secrets_for
from worker.cli.output import console, print_json
from worker.placeholders import placeholders
from worker.secrets import Secrets
from worker.settings import Settings, load_settings, missing_secrets


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead check -c hotlead.yaml")
    def check(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
        """Validate the configuration and say in words what it does. Touches nothing."""
        settings = load_settings(config)
        secrets = secrets_for(settings)
        missing = missing_secrets(settings, secrets)
        left = placeholders(config)
        if as_json:
            print_json(
                {
                    "ok": not missing and not left,
                    "crm": settings.crm,
                    "policy_hash": settings.policy.hash,
                    "missing_secrets": missing,
                    "notes": list(secrets.notes),
                    "placeholders": left,
                    "says": _says(settings),
                }
            )
        else:
            _print(config, settings, secrets, missing)
            for line in left:
                console.print(f"Not yet filled in: {line}", markup=False, soft_wrap=True)
        if missing or left:
            raise typer.Exit(1)


def _print(config: Path, settings: Settings, secrets: Secrets, missing: list[str]) -> None:
    console.print(
        f"{config} is valid (policy {settings.policy.hash}).", markup=False, soft_wrap=True
    )
    for line in _says(settings):
        console.print(f"  {line}", markup=False, soft_wrap=True)
    for note in secrets.notes:
        console.print(f"Note: {note}", markup=False, soft_wrap=True)
    for name in missing:
        told = f"Missing secret: set {name}, or {name}_FILE to a file, or put it into "
        console.print(f"{told}{settings.credentials}", markup=False, soft_wrap=True)


def _says(settings: Settings) -> list[str]:
    """The policy read aloud."""
    policy = settings.policy
    lines = [f"CRM: {settings.crm}; surface: {policy.surface}"]
    lines += [f"Route “{route.name}” → {', else '.join(route.to)}" for route in policy.routes]
    rungs = " → ".join(f"{rung.to.value} ({rung.wait} min)" for rung in policy.ladder)
    lines.append(f"Ladder: {rungs}")
    urgent = ", ".join(one.value for one in policy.priority.real_time)
    lines.append(
        f"Interrupts for: {urgent or 'nothing'}; the rest in the {policy.digest_at:%H:%M} digest"
    )
    lines.append(f"Nobody left: {', '.join(policy.places.admins)}")
    return lines
