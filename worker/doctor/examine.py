"""All checks of one configuration, one after the other; one that fails stops no other."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from connectors.base import Check, Crm
from connectors.checking import probe
from connectors.errors import ConnectorError
from routing.policy import Policy
from worker.adapters import crm_for, surface_for
from worker.clock import Clock
from worker.doctor.absences import absence_checks
from worker.doctor.guard import guard_checks
from worker.doctor.mirror import mirror_checks
from worker.doctor.people import outsider_check, people_checks
from worker.doctor.policy import policy_checks
from worker.doctor.store import opened, store_checks
from worker.policy_words import surfaces_of
from worker.secrets import Secrets
from worker.settings import Settings
from worker.store.engine import Store, StoreError

_TRIES, _READ_SECONDS, _CONNECT_SECONDS, _LONGEST_WAIT = 2, 10.0, 5.0, 2.0
"""Somebody is waiting for the answer."""


def examine(settings: Settings, secrets: Secrets, clock: Clock) -> Iterator[Check]:
    """Every check, as soon as it is made. Secrets must have been seen to be complete."""
    settings = hasty(settings)
    with ExitStack() as stack:
        store = yield from _store(settings, stack)
        crm = yield from _crm(settings, secrets, clock, stack)
        answers = crm is not None and (yield from logged_in(crm.checks(clock.now)))
        if store is not None and crm is not None:
            yield from probe(
                "mirror", lambda: mirror_checks(store, crm, clock.now(), answers=answers)
            )
            if answers:
                yield from probe("API forecast", lambda: guard_checks(store, crm, settings, clock))
            yield from probe("policy", lambda: policy_checks(store, settings.policy))
        surface = surface_for(settings.policy.surface, settings, secrets)
        stack.callback(surface.close)
        reached = yield from logged_in(surface.checks(channels(settings.policy)))
        yield from _chosen_by_reps(settings, secrets, stack)
        if reached and store is not None:
            yield from probe(
                f"{surface.name} people",
                lambda: people_checks(store, surface, settings.policy, clock.now()),
            )
        if reached and store is not None:
            yield outsider_check(store, surface.name)
        if store is not None:
            mute = () if reached else (surface.name,)
            yield from probe(
                "absences", lambda: absence_checks(settings, secrets, store, clock, mute)
            )


def _chosen_by_reps(settings: Settings, secrets: Secrets, stack: ExitStack) -> Iterator[Check]:
    """The surfaces besides the policy's own; no channel is posted to there."""
    for name in surfaces_of(settings.policy)[1:]:
        surface = surface_for(name, settings, secrets)
        stack.callback(surface.close)
        yield from surface.checks(())


def channels(policy: Policy) -> list[str]:
    """The channels that the policy names, each once."""
    places = policy.places
    named = (places.claim_channel, places.coverage_channel, places.watch_channel)
    return list(dict.fromkeys(one for one in named if one))


def hasty(settings: Settings) -> Settings:
    """The same with limits on each call that a person can wait for."""
    given = settings.http
    http = given.model_copy(
        update={
            "tries": min(given.tries, _TRIES),
            "read_timeout": min(given.read_timeout, _READ_SECONDS),
            "connect_timeout": min(given.connect_timeout, _CONNECT_SECONDS),
            "longest_wait": min(given.longest_wait, _LONGEST_WAIT),
        }
    )
    return settings.model_copy(update={"http": http})


def _store(settings: Settings, stack: ExitStack) -> Generator[Check, Any, Store | None]:
    try:
        store = opened(settings.store.url)
        stack.callback(store.close)
        yield from store_checks(store)
    except StoreError as error:
        yield Check(name="store", state="fail", text=str(error))
        return None
    except (SQLAlchemyError, OSError) as error:
        # The driver's own words; the address, which may hold a password, is not in them.
        said = " ".join(str(getattr(error, "orig", None) or error).split())
        mend = "see that store.url is right, its server runs, and its disk has room"
        text = f"the store cannot be used: {said}"
        yield Check(name="store", state="fail", text=text, mend=mend)
        return None
    return store


def _crm(
    settings: Settings, secrets: Secrets, clock: Clock, stack: ExitStack
) -> Generator[Check, Any, Crm | None]:
    try:
        crm = crm_for(settings, secrets, clock)
    except ConnectorError as error:
        yield Check(name=f"{settings.crm} log-in", state="fail", text=str(error), mend=error.mend)
        return None
    stack.callback(crm.close)
    return crm


def logged_in(checks: Iterator[Check]) -> Generator[Check, Any, bool]:
    """Hand the checks on; whether the first, which is of the log-in, did not fail."""
    first = True
    answers = True
    for check in checks:
        answers = check.state != "fail" if first else answers
        first = False
        yield check
    return answers
