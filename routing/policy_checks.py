"""What is wrong with a policy whose parts are each right by themselves.

Every problem reads ``key: what is wrong; the mend``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routing.policy import Policy

_PERSON = re.compile(r"person:[^@\s]+@[^@\s]+")
_TARGETS = ("named_rep", "claim_channel")


def problems_of(policy: Policy) -> Iterator[str]:
    """The problems of the policy as a whole; none when it can always name somebody."""
    yield from _no_catch_all(policy)
    yield from _unreachable(policy)
    yield from _doubles(policy)
    yield from _unknown_targets(policy)
    yield from _circles(policy)
    yield from _missing_places(policy)


def _no_catch_all(policy: Policy) -> Iterator[str]:
    if not policy.stage_classes or not policy.stage_classes[-1].always:
        yield (
            "stage_classes: the last rule must have no condition; end with '- stage: prospecting'"
        )
    if not policy.routes[-1].when.always:
        yield (
            "routes: the last route must be a catch-all without 'when'; end with "
            "'- {name: Everything else, to: claim_channel}'"
        )


def _unreachable(policy: Policy) -> Iterator[str]:
    for kind, rules in (
        ("stage_classes", [rule.always for rule in policy.stage_classes]),
        ("routes", [route.when.always for route in policy.routes]),
    ):
        if True in rules[:-1]:
            number = rules.index(True) + 1
            yield (
                f"{kind}: number {number} has no condition, so nothing after it is ever reached; "
                "move it to the end"
            )


def _doubles(policy: Policy) -> Iterator[str]:
    for kind, names in (
        ("ladder", [rung.to.value for rung in policy.ladder]),
        ("named_accounts", [row.account.lower() for row in policy.named_accounts]),
    ):
        seen: set[str] = set()
        for name in names:
            if name in seen:
                yield f"{kind}: {name!r} is named twice; keep one of them"
            seen.add(name)


def _unknown_targets(policy: Policy) -> Iterator[str]:
    for role in policy.roles:
        if role in _TARGETS or role.startswith("person:"):
            yield f"roles: {role!r} has a meaning of its own; give the role another name"
    known = {*policy.roles, *_TARGETS}
    for route in policy.routes:
        for target in route.to:
            if target not in known and not _PERSON.fullmatch(target):
                yield (
                    f"routes: {route.name!r} goes to {target!r}, which is no role; "
                    f"use one of {', '.join(sorted(known))} or person:E-MAIL"
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


def _missing_places(policy: Policy) -> Iterator[str]:
    places = policy.places
    needs = {
        "coverage_channel": places.coverage_channel or places.claim_channel,
        "claim_channel": places.claim_channel,
    }
    for rung in policy.ladder:
        if rung.to.value in needs and needs[rung.to.value] is None:
            yield (
                f"ladder: {rung.to.value} is used but places.{rung.to.value} is not set; "
                "set it, or take the rung out"
            )
    goes_to_channel = any("claim_channel" in route.to for route in policy.routes)
    if goes_to_channel and places.claim_channel is None:
        yield (
            "routes: claim_channel is used but places.claim_channel is not set; set it, or name a "
            "role or person:E-MAIL instead"
        )
    if goes_to_channel and all(rung.to.value == "admin" for rung in policy.ladder):
        yield (
            "ladder: it holds admins alone, so nothing ever reaches the claim channel; "
            "add '- {to: claim_channel}'"
        )
