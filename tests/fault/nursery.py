"""Runs ``hotlead run`` again and again, importing it once: a fork for each line of input.

A line names a configuration; the answer is the process id of the worker that runs it.
"""

from __future__ import annotations

import os
import signal
import sys

import alembic.command  # noqa: F401 - imported ahead of the forks, as all below
import fastapi
import slack_sdk.socket_mode
import uvicorn.protocols.http.h11_impl
import uvicorn.protocols.websockets.auto

import connectors.people_csv
import connectors.salesforce
import worker.cli.main
import worker.cli.run
import worker.run

WARMED = (fastapi, slack_sdk, uvicorn, connectors, worker)


def main() -> None:
    """Serve until the input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            sys.argv = ["hotlead", "run", "-c", line.strip()]
            worker.cli.main.main()
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
