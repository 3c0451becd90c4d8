"""What the worker's libraries weigh before it has done anything."""

from __future__ import annotations

import importlib

from tests.bench.processes import peak_memory, say

_IMPORTED = (
    "alembic.command",
    "apscheduler.schedulers.background",
    "fastapi",
    "rich.console",
    "ruamel.yaml",
    "simple_salesforce",
    "slack_sdk.socket_mode.builtin",
    "sqlmodel",
    "standardwebhooks",
    "tenacity",
    "typer",
    "uvicorn",
)


def main() -> None:
    """Import them and say how much memory that took."""
    for name in _IMPORTED:
        importlib.import_module(name)
    say(peak=peak_memory())


if __name__ == "__main__":
    main()
