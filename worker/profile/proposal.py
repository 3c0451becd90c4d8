"""The whole proposal, worked out of facts and accounts alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from routing.nouns import Person
from routing.policy import Policy, Route
from routing.snapshot import Snapshot
from routing.terms import StageClass
from worker.profile.facts import OrgFacts, role_of_person
from worker.profile.measure import Case, Progress, Values, measure
from worker.profile.routes import asked, propose_routes, roles_of
from worker.profile.shares import Failure, RoleShare, Shares
from worker.profile.sources import Candidate, candidates, meant_for
from worker.profile.stages import StageLine, propose_stages
from worker.profile.words import runs_the_crm

_ADMIN = re.compile(r"\badmin(istrator)?\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed, and what it stands on. ``kept`` are roles of the present policy."""

    facts: OrgFacts
    stages: tuple[StageLine, ...]
    in_stage: Mapping[StageClass, int]
    roles: tuple[RoleShare, ...]
    asked: Mapping[StageClass, Sequence[str]]
    routes: tuple[Route, ...]
    failures: Sequence[Failure]
    useless: Sequence[Candidate]
    admin: Person | None = None
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def sources(self) -> dict[str, tuple[str, ...]]:
        """The sources of every role, in order."""
        proposed = {one.role: tuple(each.source for each in one.sources) for one in self.roles}
        return proposed | dict(self.kept)

    def deal_fields(self) -> tuple[str, ...]:
        """The deal fields that the roles read, which the mapping must name."""
        prefix = "field:deal."
        names = [one for some in self.sources().values() for one in some if one.startswith(prefix)]
        return tuple(dict.fromkeys(one.removeprefix(prefix) for one in names))


def propose(
    facts: OrgFacts,
    accounts: Iterable[Case],
    team: Snapshot,
    present: Policy,
    now: datetime,
    more: Values,
    progress: Progress = lambda _: None,
) -> Proposal:
    """The proposal for an org. ``more`` are fields of accounts and deals that are not mirrored."""
    stages = propose_stages(facts)
    rules = present.model_copy(update={"stage_classes": tuple(one.rule for one in stages)})
    found = candidates(facts)
    sources = tuple(dict.fromkeys(one.source for one in found))
    rows = measure(accounts, team, rules, sources, now, more, progress)
    shares = Shares(facts, found, sources, rows)
    roles = shares.roles()
    claimed = present.places.claim_channel is not None
    goes_to = asked((one.role for one in roles), claimed=claimed)
    routes = propose_routes(present, goes_to)
    proposed = {one.role for one in roles}
    needed = roles_of(routes) & present.roles.keys() - proposed
    return Proposal(
        facts=facts,
        stages=stages,
        in_stage=shares.stages,
        roles=roles,
        asked=goes_to,
        routes=routes,
        failures=shares.failures(roles, goes_to),
        useless=shares.useless(roles),
        admin=_admin(facts),
        kept={name: present.roles[name] for name in present.roles if name in needed},
        notes=tuple(_notes(facts, roles)),
    )


def _admin(facts: OrgFacts) -> Person | None:
    """Who runs the CRM, by title, role or profile, where that is one person alone."""
    active = [one for one in facts.people.values() if one.active and one.email]
    named = [one for one in active if runs_the_crm((one.title, one.role_name))]
    by_profile = [one for one in active if _ADMIN.search(f"{one.profile_name} {one.role_name}")]
    some = named or by_profile
    return some[0] if len(some) == 1 else None


def _notes(facts: OrgFacts, roles: Sequence[RoleShare]) -> Iterable[str]:
    there = {one.role for one in roles}
    lost = sum(n for key, n in facts.account_owners.items() if not facts.is_active(key))
    if lost * 10 > facts.accounts:
        yield f"{lost:,} accounts belong to nobody who is an active person"
    counted = Counter(role_of_person(one) for one in facts.people.values() if one.active)
    for role in ("bdr", "csm"):
        if role not in there:
            people = counted[role]
            title = f", though {people} people are {role.upper()}s by title" if people else ""
            yield f"nothing in the CRM says who is {role.upper()} of an account{title}"
    for one in facts.fields:
        if one.noun == "prospect" and one.filled:
            role, _ = meant_for(facts, one.noun, one.name, one.label)
            if role:
                yield (
                    f"{one.name} ({role.upper()}) is filled on {one.filled:,} contacts and leads; "
                    f"to use it, add field:prospect.{one.name} to {role} and {one.name} to "
                    "mapping.fields.prospect"
                )
    if facts.territories and not any(facts.territory_roles):
        yield f"{facts.territories:,} territories give their people no role, so none is read"
    waiting = {name: n for name, n in facts.queues.items() if n}
    if waiting:
        shown = ", ".join(f"{name} ({n})" for name, n in list(waiting.items())[:3])
        more = f" and {len(waiting) - 3} more" if len(waiting) > 3 else ""
        yield f"queues with members: {shown}{more}; a route may go to queue:NAME"
