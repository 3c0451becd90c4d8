"""What is wrong with a policy whose parts are each right by themselves.

Every problem reads ``key: what is wrong; the mend``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from routing.terms import RungKind, SignalClass

if TYPE_CHECKING:
    from routing.policy import Policy, Route, Rung

_PERSON = re.compile(r"person:[^@\s]+@[^@\s]+")
_TARGETS = ("named_rep", "claim_channel")
_RESERVED = (*_TARGETS, "pool", "queue")


def problems_of(policy: Policy) -> Iterator[str]:
    """The problems of the policy as a whole; none when it can always name somebody."""
    yield from _no_catch_all(policy)
    yield from _unreachable(policy)
    yield from _doubles(policy)
    yield from _unknown_targets(policy)
    yield from _unknown_lists(policy)
    yield from _circles(policy)
    yield from _ladders(policy)
    yield from _missing_places(policy)


def _no_catch_all(policy: Policy) -> Iterator[str]:
    if not policy.stage_classes or not policy.stage_classes[-1].always:
        yield (
            "stage_classes: the last rule must have no condition; end with '- stage: prospecting'"
        )
    last = policy.routes[-1]
    if not last.when.always or last.goes_on:
        yield (
            "routes: the last route must be a catch-all without 'when'; end with "
            "'- {name: Everything else, to: claim_channel}'"
        )


def _unreachable(policy: Policy) -> Iterator[str]:
    stages = [rule.always for rule in policy.stage_classes]
    assigning = [route for route in policy.routes if not route.goes_on]
    for kind, rules in (
        ("stage_classes", stages),
        ("routes", [not route.goes_on and route.when.always for route in policy.routes]),
    ):
        if True in rules[:-1]:
            number = rules.index(True) + 1
            yield (
                f"{kind}: number {number} has no condition, so nothing after it is ever reached; "
                "move it to the end"
            )
    for number, later in enumerate(assigning):
        for earlier in assigning[:number]:
            if not earlier.when.always and earlier.when.covers(later.when):
                yield (
                    f"routes: {later.name!r} is never reached, as {earlier.name!r} before it takes "
                    "all of its signals; move it up, or take it out"
                )
                break


def _doubles(policy: Policy) -> Iterator[str]:
    listed: list[tuple[str, Iterable[str]]] = [
        ("ladder", _kinds(policy.ladder)),
        *((f"ladders: {name}", _kinds(rungs)) for name, rungs in policy.ladders.items()),
        ("named_accounts", [row.account.lower() for row in policy.named_accounts]),
        ("routes", [route.name for route in policy.routes]),
        *(
            (f"pools: {name}", [one.person for one in pool.members])
            for name, pool in policy.pools.items()
        ),
    ]
    for kind, names in listed:
        seen: set[str] = set()
        for name in names:
            if name in seen:
                yield f"{kind}: {name!r} is named twice; keep one of them"
            seen.add(name)


def _kinds(rungs: Iterable[Rung]) -> list[str]:
    return [rung.to.value for rung in rungs if rung.to is not RungKind.REMIND]


def _unknown_targets(policy: Policy) -> Iterator[str]:
    for role in policy.roles:
        if role in _RESERVED or role.startswith(("person:", "pool:", "queue:", "#")):
            yield f"roles: {role!r} has a meaning of its own; give the role another name"
    known = {*policy.roles, *_TARGETS, *(f"pool:{name}" for name in policy.pools)}
    for route in policy.routes:
        for target in route.to:
            if not _is_known(target, known):
                yield (
                    f"routes: {route.name!r} goes to {target!r}, which is no role; "
                    f"use one of {', '.join(sorted(known))} or person:E-MAIL"
                )
        yield from _unknown_watchers(route, known)


def _unknown_watchers(route: Route, known: set[str]) -> Iterator[str]:
    for name in route.watchers:
        if not name.startswith("#") and not _is_known(name, known):
            yield (
                f"routes: {route.name!r} is watched by {name!r}, which is no role; "
                f"use one of {', '.join(sorted(known))}, person:E-MAIL or a #channel"
            )


def _is_known(target: str, known: set[str]) -> bool:
    queue = target.startswith("queue:") and len(target) > len("queue:")
    return target in known or queue or bool(_PERSON.fullmatch(target))


def _unknown_lists(policy: Policy) -> Iterator[str]:
    rules = [("routes", one.name, one.when) for one in policy.routes]
    rules += [("suppress", one.name, one.when) for one in policy.suppress]
    for kind, rule, when in rules:
        for name in when.account_list or ():
            if name not in policy.account_lists:
                yield (
                    f"{kind}: {rule!r} asks for the list {name!r}, which account_lists lacks; "
                    "add it, or correct the name"
                )
    for one in policy.suppress:
        if one.when.always:
            yield (
                f"suppress: {one.name!r} has no condition, so nobody would ever be told; "
                "say when it holds"
            )


def _circles(policy: Policy) -> Iterator[str]:
    for first in policy.backups:
        seen = [first]
        while (following := policy.backups.get(seen[-1])) is not None:
            if following in seen:
                circle = " → ".join([*seen, following])
                yield f"backups: {circle} goes round in a circle; take one of these lines out"
                break
            seen.append(following)


def _ladders(policy: Policy) -> Iterator[str]:
    named = {route.ladder for route in policy.routes if route.ladder is not None}
    for name in sorted(named - policy.ladders.keys()):
        yield f"routes: the ladder {name!r} is not in ladders; add it, or correct the name"
    used = named | {one.value for one in SignalClass}
    for name in sorted(policy.ladders.keys() - used):
        yield (
            f"ladders: {name!r} is used by no route and is no signal class, so nothing climbs it; "
            "name it in a route, or take it out"
        )
    for name, rungs in (("ladder", policy.ladder), *_named_ladders(policy)):
        if rungs[0].to is RungKind.REMIND:
            yield f"{name}: begins with a reminder of nothing; put the assignee before it"


def _named_ladders(policy: Policy) -> Iterator[tuple[str, tuple[Rung, ...]]]:
    for name, rungs in policy.ladders.items():
        yield f"ladders: {name}", rungs


def _missing_places(policy: Policy) -> Iterator[str]:
    places = policy.places
    needs = {
        "coverage_channel": places.coverage_channel or places.claim_channel,
        "claim_channel": places.claim_channel,
    }
    to_channel = any("claim_channel" in route.to for route in policy.routes)
    for name, rungs in (("ladder", policy.ladder), *_named_ladders(policy)):
        for rung in rungs:
            if rung.to.value in needs and needs[rung.to.value] is None:
                yield (
                    f"{name}: {rung.to.value} is used but places.{rung.to.value} is not set; "
                    "set it, or take the rung out"
                )
        if to_channel and all(rung.to.value == "admin" for rung in rungs):
            yield (
                f"{name}: it holds admins alone, so nothing ever reaches the claim channel; "
                "add '- {to: claim_channel}'"
            )
    if to_channel and places.claim_channel is None:
        yield (
            "routes: claim_channel is used but places.claim_channel is not set; set it, or name a "
            "role or person:E-MAIL instead"
        )
