"""A worker process to be killed: says which row it began to look at, and never finishes."""

from __future__ import annotations

import sys
import threading

from tests.waiting import PATIENCE
from worker.dispatch.on_postgres import OnPostgres


def main() -> None:
    """Run jobs ``look`` of the database whose URL comes on standard input."""
    dispatch = OnPostgres(sys.stdin.readline().strip(), heartbeat=0.3, dead_after=2)

    def look(row_id: str) -> None:
        print(row_id, flush=True)
        threading.Event().wait()

    dispatch.start({"look": look})
    threading.Event().wait(PATIENCE * 3)


if __name__ == "__main__":
    main()
