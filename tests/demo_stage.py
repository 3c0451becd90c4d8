"""The demo's cast on stage with its page, for tests that look at it or call it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from connectors.sandbox.world import World, WorldContact
from worker.clock import SystemClock
from worker.demo.cast import Cast
from worker.demo.company import demo_policy, demo_world
from worker.demo.live import LiveControls
from worker.demo.page import router

MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""Ten o'clock in New York on a working day."""
HOSTILE = "<img src=x onerror=alert(1)> & *Zoë* <!channel>"


@contextmanager
def playing(crm: str) -> Iterator[Cast]:
    """A cast that is started and serves the page at ``worker.url``."""
    clock = SystemClock()
    clock.forward(MONDAY - clock.now())
    cast = Cast(crm, _world(clock.now()), demo_policy(), clock, 0)
    try:
        cast.mirror()
        cast.worker.serve_also(router(LiveControls(cast)))
        cast.start()
        yield cast
    finally:
        cast.stop()


def _world(now: datetime) -> World:
    """The made-up company with one contact whose name is an attack."""
    world = demo_world(now)
    hostile = WorldContact(
        key="hostile", name=HOSTILE, email="hostile@solstice.example", account="solstice"
    )
    return replace(world, contacts=(*world.contacts, hostile))
