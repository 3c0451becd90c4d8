"""``hotlead run``: the worker against real systems."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Annotated

import typer

from worker.cli.common import DEFAULT_CONFIG, ConfigOption, clock, load
from worker.cli.output import errors


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(epilog="Example: hotlead run -c hotlead.yaml")
    def run(
        config: ConfigOption = DEFAULT_CONFIG,
        verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    ) -> None:
        """Mirror the CRM, take signals, deliver alerts and see responses until stopped."""
        from worker.logs import log_to_stderr
        from worker.run import Worker

        log_to_stderr(logging.DEBUG if verbose else logging.INFO)
        settings, secrets = load(config)
        worker = Worker(settings, secrets, clock)
        stopping = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopping.set())
        worker.start()
        errors.print(f"Hotlead serves on {worker.url} (health: {worker.url}/healthz)")
        while not stopping.wait(0.5):
            continue
        errors.print("Stopping: finishing the work in hand.")
        worker.stop()
