"""The dispatch: runs jobs after commits, in this process or on any worker of a PostgreSQL."""

from __future__ import annotations

from worker.dispatch.base import Dispatch
from worker.store.engine import Store


def dispatch_for(store: Store, *, threads: int = 8, slow: frozenset[str] = frozenset()) -> Dispatch:
    """The dispatch that fits the store: in-process on SQLite, Procrastinate on PostgreSQL.

    ``slow`` names the jobs that may take minutes; they have threads of their own. Raises
    StoreError when the packages for PostgreSQL are missing.
    """
    if store.is_sqlite:
        from worker.dispatch.in_process import InProcess

        return InProcess(threads, slow)
    from worker.dispatch.on_postgres import OnPostgres

    return OnPostgres(store.url, threads, slow)
