"""Clock job: forgets the past values of facts that are older than the setting says."""

from __future__ import annotations

import logging

from worker.context import Context
from worker.store.history import purge_history

log = logging.getLogger(__name__)


def forget(ctx: Context) -> None:
    """Clock job: purge the history, in small transactions between which others write."""
    before = ctx.clock.now() - ctx.patience.history
    gone = sum(purge_history(ctx.store, before))
    if gone:
        log.info("forgot %d past values from before %s", gone, before.isoformat())
