"""What only the worker knows of a policy's words: regions with holidays, and surfaces."""

from __future__ import annotations

from routing.policy import Policy
from worker.includes import Origins
from worker.regions import is_region
from worker.validation import nearest, shown
from worker.yaml_file import FileProblem, KeyPath

SURFACES = ("slack",)
"""Where people can be told, by the names of ``worker.adapters.surfaces_for``."""


def unknown_words(policy: Policy, origins: Origins) -> list[FileProblem]:
    """The regions and surfaces that nobody knows, each at its place."""
    return [*_regions(policy, origins), *_surfaces(policy, origins)]


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
