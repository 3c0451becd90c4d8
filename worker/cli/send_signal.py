"""``hotlead send-signal``: report signals from a file or standard input to a running worker."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer

from worker.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    UsageError,
    clock,
    secrets_for,
)
from worker.cli.output import console, print_json, print_table
from worker.credentials import CredentialFile
from worker.secrets import DEFAULT_CREDENTIALS, load_secrets
from worker.settings import load_settings

_TIMEOUT = (5, 60)


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(
        "send-signal",
        epilog="Example: hotlead send-signal signal.json   or   cat signals.json | "
        "hotlead send-signal -",
    )
    def send_signal(
        file: Annotated[str, typer.Argument(help="A JSON file, or - for standard input.")],
        config: ConfigOption = DEFAULT_CONFIG,
        url: Annotated[
            str, typer.Option("--url", help="The worker's address, if not the configured one.")
        ] = "",
        as_json: JsonOption = False,
    ) -> None:
        """Send one signal or a batch to a running worker, signed if a secret is set."""
        body = _read(file)
        base = url or _address(config)
        status, answer = _post(f"{base.rstrip('/')}/v1/signals", body, _secret(config))
        if as_json:
            print_json({"status": status, **answer})
        else:
            _print(status, answer)
        if status != 202 or answer.get("rejected"):
            raise typer.Exit(1)


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}; check the path") from error


def _address(config: Path) -> str:
    web = load_settings(config).web
    host = f"[{web.host}]" if ":" in web.host else web.host
    return f"http://{host}:{web.port}"


def _secret(config: Path) -> str:
    """What to sign with, or ''; without a configuration its file is looked for all the same."""
    if config.exists():
        secrets = secrets_for(load_settings(config))
    else:
        secrets = load_secrets(os.environ, CredentialFile(config.parent / DEFAULT_CREDENTIALS))
    found = secrets.signals_secret
    return found.get_secret_value().split()[0] if found is not None else ""


def _post(url: str, body: bytes, secret: str) -> tuple[int, dict[str, Any]]:
    import requests

    from worker.intake.signature import sign

    headers = {"content-type": "application/json"}
    if secret:
        headers |= sign(secret, f"msg_{uuid4().hex}", clock.now(), body)
    try:
        answer = requests.post(url, data=body, headers=headers, timeout=_TIMEOUT)
        value = answer.json()
    except requests.RequestException as error:
        raise UsageError(
            f"no worker answers at {url} ({type(error).__name__}); start it with: hotlead run"
        ) from error
    return answer.status_code, value if isinstance(value, dict) else {"answer": value}


def _print(status: int, answer: dict[str, Any]) -> None:
    if "error" in answer:
        console.print(f"Refused ({status}): {answer['error']}. {answer['mend']}", markup=False)
        return
    rows = [(one["source"], one["id"], one["status"]) for one in answer.get("signals", [])]
    for one in answer.get("rejected", []):
        problems = "; ".join(
            f"{problem['path']}: {problem['what']} ({problem['mend']})"
            for problem in one["problems"]
        )
        rows.append(("", f"number {one['index'] + 1} {one['id']}", f"refused: {problems}"))
    print_table("Signals", ("source", "id", "status"), rows)
