"""What only the worker knows of a policy's words: regions with holidays, and surfaces."""

from __future__ import annotations

from collections.abc import Collection

from routing.policy import Policy
from worker.includes import Origins
from worker.regions import is_region
from worker.validation import nearest, shown
from worker.yaml_file import FileProblem, KeyPath

SURFACES = ("slack", "email")
"""Where people can be told, by the names of ``worker.adapters.surfaces_for``."""
_BY_ADDRESS = ("email",)
"""Those whose channels are e-mail addresses, such as those of lists."""


def unknown_words(policy: Policy, origins: Origins, sections: Collection[str]) -> list[FileProblem]:
    """The regions, surfaces and channels that nobody knows, each at its place.

    ``sections`` are the surfaces that have what they need in hotlead.yaml.
    """
    return [
        *_regions(policy, origins),
        *_surfaces(policy, origins),
        *_unset(policy, origins, sections),
        *_channels(policy, origins),
    ]


def surfaces_of(policy: Policy) -> list[str]:
    """The surfaces on which somebody can be told: the policy's own, then those that reps choose."""
    return list(dict.fromkeys((policy.surface, *policy.rep_choice.surfaces)))


def _regions(policy: Policy, origins: Origins) -> list[FileProblem]:
    rule = policy.holidays
    named: list[tuple[KeyPath, str]] = [(("people", who), one) for who, one in rule.people.items()]
    if rule.region:
        named.insert(0, (("region",), rule.region))
    found = []
    for place, region in named:
        if is_region(region):
            continue
        what = f"{shown(region)!r} is no region with known holidays"
        mend = "write one like US, US-CA or DE-BY"
        source, at = origins.of(("policy", "holidays", *place))
        found.append(source.problem(at, what, mend))
    return found


def _surfaces(policy: Policy, origins: Origins) -> list[FileProblem]:
    """A rep might choose one on which nothing could be sent."""
    found = []
    for number, name in enumerate(policy.rep_choice.surfaces):
        if name not in SURFACES:
            source, at = origins.of(("policy", "rep_choice", "surfaces", number))
            what = f"{shown(name)!r} is no surface"
            found.append(source.problem(at, what, nearest(name, SURFACES)))
    return found


def _unset(policy: Policy, origins: Origins, sections: Collection[str]) -> list[FileProblem]:
    """A surface that has no section of its own in hotlead.yaml."""
    named: list[tuple[KeyPath, str]] = [(("surface",), policy.surface)]
    chosen = enumerate(policy.rep_choice.surfaces)
    named += [(("rep_choice", "surfaces", number), name) for number, name in chosen]
    found = []
    for place, name in named:
        if name in SURFACES and name not in sections:
            source, at = origins.of(("policy", *place))
            mend = f"add the section {name!r} with host and sender to hotlead.yaml"
            found.append(source.problem(at, f"surface {name} is not set up", mend))
    return found


def _channels(policy: Policy, origins: Origins) -> list[FileProblem]:
    """Channels are posted to on the policy's own surface, so that they must be of its kind."""
    places = policy.places
    by_address = policy.surface in _BY_ADDRESS
    named: list[tuple[KeyPath, str]] = [
        (("places", key), channel)
        for key in ("claim_channel", "coverage_channel", "watch_channel")
        if (channel := getattr(places, key))
    ]
    for number, route in enumerate(policy.routes):
        watchers = enumerate(route.watchers)
        named += [
            (("routes", number, "watchers", place), name)
            for place, name in watchers
            if name.startswith("#")
        ]
    found = []
    for place, name in named:
        if ("@" in name) == by_address:
            continue
        what = f"{shown(name)!r} is no place on the surface {policy.surface}"
        mend = "name a channel, such as '#hot-leads'"
        if by_address:
            mend = "name the e-mail address of a list, such as 'hot-leads@acme.com'"
            if place[-2:-1] == ("watchers",):
                mend = "name a role or person:E-MAIL, or set watch_channel to the address of a list"
        source, at = origins.of(("policy", *place))
        found.append(source.problem(at, what, mend))
    return found
