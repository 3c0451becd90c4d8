"""What is wrong with a policy whose parts are each right by themselves.

Every problem reads ``key: what is wrong; the mend``, and says where in the policy it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from routing.terms import RungKind, SignalClass

if TYPE_CHECKING:
    from routing.policy import Policy, Route, Rung

_PERSON = re.compile(r"person:[^@\s]+@[^@\s]+")
_TARGETS = ("named_rep", "claim_channel")
_RESERVED = (*_TARGETS, "pool", "queue")
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, with its mend, and where: keys and numbers from the policy's top."""

    path: Path
    text: str


class PolicyError(ValueError):
    """All problems of a policy. The text is the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].text)
        self.problems = tuple(problems)


def problems_of(policy: Policy) -> Iterator[Problem]:
    """The problems of the policy as a whole; none when it can always name somebody."""
    yield from _no_catch_all(policy)
    yield from _unreachable(policy)
    yield from _doubles(policy)
    yield from _unknown_targets(policy)
    yield from _unknown_lists(policy)
    yield from _circles(policy)
    yield from _ladders(policy)
    yield from _missing_places(policy)


def _no_catch_all(policy: Policy) -> Iterator[Problem]:
    if not policy.stage_classes or not policy.stage_classes[-1].always:
        yield Problem(
            ("stage_classes", len(policy.stage_classes) - 1),
            "stage_classes: the last rule must have no condition; end with '- stage: prospecting'",
        )
    last = policy.routes[-1]
    if not last.when.always or last.goes_on:
        yield Problem(
            ("routes", len(policy.routes) - 1),
            "routes: the last route must be a catch-all without 'when'; end with "
            "'- {name: Everything else, to: claim_channel}'",
        )


def _unreachable(policy: Policy) -> Iterator[Problem]:
    stages = [rule.always for rule in policy.stage_classes]
    for kind, rules in (
        ("stage_classes", stages),
        ("routes", [not route.goes_on and route.when.always for route in policy.routes]),
    ):
        if True in rules[:-1]:
            number = rules.index(True) + 1
            yield Problem(
                (kind, number - 1),
                f"{kind}: number {number} has no condition, so nothing after it is ever reached; "
                "move it to the end",
            )
    yield from _dead_routes(policy)
    yield from _dead_stages(policy)


def _dead_routes(policy: Policy) -> Iterator[Problem]:
    assigning = [one for one in enumerate(policy.routes) if not one[1].goes_on]
    for number, later in assigning:
        for before, earlier in assigning:
            if before < number and not earlier.when.always and earlier.when.covers(later.when):
                yield Problem(
                    ("routes", number),
                    f"routes: {later.name!r} is never reached, as {earlier.name!r} before it takes "
                    "all of its signals; move it up, or take it out",
                )
                break


def _dead_stages(policy: Policy) -> Iterator[Problem]:
    conditions = [
        rule.model_dump(exclude={"stage"}, exclude_none=True) for rule in policy.stage_classes
    ]
    for number, later in enumerate(conditions):
        for before, earlier in enumerate(conditions[:number]):
            if earlier and earlier.items() <= later.items():
                yield Problem(
                    ("stage_classes", number),
                    f"stage_classes: number {number + 1} is never reached, as number {before + 1} "
                    "takes all of its accounts; move it up, or take it out",
                )
                break


def _doubles(policy: Policy) -> Iterator[Problem]:
    listed: list[tuple[str, Path, Iterable[tuple[int, str]]]] = [
        ("ladder", ("ladder",), _kinds(policy.ladder)),
        *(
            (f"ladders: {name}", ("ladders", name), _kinds(rungs))
            for name, rungs in policy.ladders.items()
        ),
        (
            "named_accounts",
            ("named_accounts",),
            enumerate(row.account.lower() for row in policy.named_accounts),
        ),
        ("routes", ("routes",), enumerate(route.name for route in policy.routes)),
        *(
            (
                f"pools: {name}",
                ("pools", name, "members"),
                enumerate(one.person for one in pool.members),
            )
            for name, pool in policy.pools.items()
        ),
    ]
    for kind, path, names in listed:
        seen: set[str] = set()
        for number, name in names:
            if name in seen:
                yield Problem((*path, number), f"{kind}: {name!r} is named twice; keep one of them")
            seen.add(name)


def _kinds(rungs: Sequence[Rung]) -> Iterator[tuple[int, str]]:
    for number, rung in enumerate(rungs):
        if rung.to is not RungKind.REMIND:
            yield number, rung.to.value


def _unknown_targets(policy: Policy) -> Iterator[Problem]:
    for role in policy.roles:
        if role in _RESERVED or role.startswith(("person:", "pool:", "queue:", "#")):
            yield Problem(
                ("roles", role),
                f"roles: {role!r} has a meaning of its own; give the role another name",
            )
    known = {*policy.roles, *_TARGETS, *(f"pool:{name}" for name in policy.pools)}
    for number, route in enumerate(policy.routes):
        for place, target in enumerate(route.to):
            if not _is_known(target, known):
                yield Problem(
                    ("routes", number, "to", place),
                    f"routes: {route.name!r} goes to {target!r}, which is no role; "
                    f"use one of {', '.join(sorted(known))} or person:E-MAIL",
                )
        yield from _unknown_watchers(number, route, known)


def _unknown_watchers(number: int, route: Route, known: set[str]) -> Iterator[Problem]:
    for place, name in enumerate(route.watchers):
        if not name.startswith("#") and not _is_known(name, known):
            yield Problem(
                ("routes", number, "watchers", place),
                f"routes: {route.name!r} is watched by {name!r}, which is no role; "
                f"use one of {', '.join(sorted(known))}, person:E-MAIL or a #channel",
            )


def _is_known(target: str, known: set[str]) -> bool:
    queue = target.startswith("queue:") and len(target) > len("queue:")
    return target in known or queue or bool(_PERSON.fullmatch(target))


def _unknown_lists(policy: Policy) -> Iterator[Problem]:
    rules = [(("routes", place), one.name, one.when) for place, one in enumerate(policy.routes)]
    rules += [
        (("suppress", place), one.name, one.when) for place, one in enumerate(policy.suppress)
    ]
    for path, rule, when in rules:
        for name in when.account_list or ():
            if name not in policy.account_lists:
                yield Problem(
                    (*path, "when", "account_list"),
                    f"{path[0]}: {rule!r} asks for the list {name!r}, which account_lists lacks; "
                    "add it, or correct the name",
                )
    for place, one in enumerate(policy.suppress):
        if one.when.always:
            yield Problem(
                ("suppress", place),
                f"suppress: {one.name!r} has no condition, so nobody would ever be told; "
                "say when it holds",
            )


def _circles(policy: Policy) -> Iterator[Problem]:
    told: set[str] = set()
    for first in policy.backups:
        seen = [first]
        while (following := policy.backups.get(seen[-1])) is not None:
            if following in seen:
                circle = seen[seen.index(following) :]
                if told.isdisjoint(circle):  # each circle once, whoever leads into it
                    yield Problem(
                        ("backups", circle[0]),
                        f"backups: {' → '.join([*circle, following])} goes round in a circle; "
                        "take one of these lines out",
                    )
                told.update(circle)
                break
            seen.append(following)


def _ladders(policy: Policy) -> Iterator[Problem]:
    named: set[str] = set()
    for place, route in enumerate(policy.routes):
        if route.ladder is not None and route.ladder not in {*policy.ladders, *named}:
            yield Problem(
                ("routes", place, "ladder"),
                f"routes: the ladder {route.ladder!r} is not in ladders; add it, or correct the "
                "name",
            )
        named |= {route.ladder} if route.ladder is not None else set()
    used = named | {one.value for one in SignalClass}
    for name in sorted(policy.ladders.keys() - used):
        yield Problem(
            ("ladders", name),
            f"ladders: {name!r} is used by no route and is no signal class, so nothing climbs it; "
            "name it in a route, or take it out",
        )
    for name, path, rungs in _all_ladders(policy):
        if rungs[0].to is RungKind.REMIND:
            yield Problem(
                (*path, 0), f"{name}: begins with a reminder of nothing; put the assignee before it"
            )


def _all_ladders(policy: Policy) -> Iterator[tuple[str, Path, tuple[Rung, ...]]]:
    yield "ladder", ("ladder",), policy.ladder
    for name, rungs in policy.ladders.items():
        yield f"ladders: {name}", ("ladders", name), rungs


def _missing_places(policy: Policy) -> Iterator[Problem]:
    places = policy.places
    needs = {
        "coverage_channel": places.coverage_channel or places.claim_channel,
        "claim_channel": places.claim_channel,
    }
    claiming = [place for place, one in enumerate(policy.routes) if "claim_channel" in one.to]
    for name, path, rungs in _all_ladders(policy):
        for number, rung in enumerate(rungs):
            if rung.to.value in needs and needs[rung.to.value] is None:
                yield Problem(
                    (*path, number),
                    f"{name}: {rung.to.value} is used but places.{rung.to.value} is not set; "
                    "set it, or take the rung out",
                )
        if claiming and all(rung.to.value == "admin" for rung in rungs):
            yield Problem(
                path,
                f"{name}: it holds admins alone, so nothing ever reaches the claim channel; "
                "add '- {to: claim_channel}'",
            )
    if claiming and places.claim_channel is None:
        yield Problem(
            ("routes", claiming[0], "to"),
            "routes: claim_channel is used but places.claim_channel is not set; set it, or name a "
            "role or person:E-MAIL instead",
        )
