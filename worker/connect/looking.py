"""Tries a system with settings and secrets that need not be stored yet: doctor's own checks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import make_url

from connectors.base import Check, Surface
from connectors.checking import probe
from connectors.guiding import Guide
from routing.nouns import Person
from worker.adapters import crm_for, surface_for
from worker.clock import Clock
from worker.doctor.examine import channels, hasty, logged_in
from worker.doctor.people import people_checks
from worker.doctor.store import opened
from worker.secrets import Secrets
from worker.settings import Settings
from worker.store.engine import Store
from worker.store.mirror import count


def look(guide: Guide, settings: Settings, secrets: Secrets, clock: Clock) -> Iterator[Check]:
    """Each check of the system as soon as it is made, the log-in first; changes nothing."""
    settings = hasty(settings)
    with ExitStack() as stack:
        if guide.kind == "crm":
            crm = crm_for(settings, secrets, clock)
            stack.callback(crm.close)
            yield from crm.checks(clock.now)
            return
        surface = surface_for(guide.name, settings, secrets)
        stack.callback(surface.close)
        if (yield from logged_in(surface.checks(channels(settings.policy)))):
            yield from probe(
                f"{guide.name} people", lambda: _people(surface, settings, clock, stack)
            )


def install(
    guide: Guide, settings: Settings, secrets: Secrets, clock: Clock, *, check_only: bool
) -> Iterator[Check]:
    """Put what ships for the system into it, each part a check; ``check_only`` asks alone."""
    if guide.kind == "crm":
        crm = crm_for(settings, secrets, clock)
        try:
            yield from crm.install(check_only=check_only)
        finally:
            crm.close()


def _people(
    surface: Surface, settings: Settings, clock: Clock, stack: ExitStack
) -> Iterator[Check]:
    """Who of the mirrored reps is not on the surface; needs a mirror to know the reps."""
    store = _mirror(settings, stack)
    if store is None:
        yield Check(
            name=f"{surface.name} people",
            state="warn",
            text=f"nobody is mirrored yet, so who has no {surface.name.capitalize()} user is not "
            "known",
            mend="hotlead connect your CRM, then hotlead sync --once, then hotlead doctor",
        )
        return
    yield from people_checks(store, surface, settings.policy, clock.now())


def _mirror(settings: Settings, stack: ExitStack) -> Store | None:
    """The store if it holds a mirror; none is made by looking."""
    address = make_url(settings.store.url)
    if address.drivername == "sqlite" and not Path(str(address.database)).exists():
        return None
    store = opened(settings.store.url)
    stack.callback(store.close)
    with store.read() as conn:
        return store if count(conn, Person) else None
