"""``hotlead check``: is the configuration right, and what does it say?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, secrets_for
from worker.cli.output import console, print_json, printable
from worker.placeholders import placeholders
from worker.secrets import Secrets
from worker.settings import Settings, load_settings, missing_secrets

if TYPE_CHECKING:
    from worker.against_mirror import Held


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead check -c hotlead.yaml")
    def check(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
        """Validate the configuration and say in words what it does. Touches nothing.

        Where the CRM is mirrored already, everything that the policy names is looked up there.
        Ends with 2 for a file that cannot be used, and with 1 when something is missing: a secret,
        a value to be filled in, or a name that the CRM does not know.
        """
        from worker.against_mirror import held_against_mirror

        settings = load_settings(config)
        secrets = secrets_for(settings)
        missing = missing_secrets(settings, secrets)
        left = placeholders(config)
        held = held_against_mirror(config, settings.store.url, settings.policy)
        if as_json:
            print_json(
                {
                    "ok": not missing and not left and not held.failing,
                    "crm": settings.crm,
                    "policy_hash": settings.policy.hash,
                    "missing_secrets": missing,
                    "notes": list(secrets.notes),
                    "placeholders": left,
                    "mirror": _as_json(held),
                    "says": _says(settings),
                }
            )
        else:
            _print(config, settings, secrets, missing)
            for line in left:
                console.print(f"Not yet filled in: {line}", markup=False, soft_wrap=True)
            _print_held(held)
        if missing or left or held.failing:
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


def _print_held(held: Held) -> None:
    if held.why_not:
        what = "Not looked up in the CRM, so people, stages and fields may be misspelt"
        line = f"{what}: {held.why_not}. Mend: {held.mend}"
        console.print(line, markup=False, soft_wrap=True)
        return
    for mark, problems in (("✗", held.failing), ("!", held.doubtful)):
        for problem in problems:
            line = printable(f"{mark} {problem}")
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    as_of = f"{held.as_of:%Y-%m-%d %H:%M} UTC" if held.as_of else "its first read"
    count = f"{len(held.failing)} unknown, {len(held.doubtful)} doubtful"
    told = count if held.failing or held.doubtful else "everything that the policy names is there"
    console.print(f"Looked up in the mirror as of {as_of}: {told}.", markup=False, soft_wrap=True)


def _as_json(held: Held) -> dict[str, Any]:
    return {
        "looked_up": not held.why_not,
        "why_not": held.why_not,
        "as_of": held.as_of.isoformat() if held.as_of else None,
        "unknown": [asdict(one) for one in held.failing],
        "doubtful": [asdict(one) for one in held.doubtful],
    }


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
