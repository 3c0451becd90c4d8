"""Made-up orgs of several shapes, as the profile sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from connectors.base import OwnerField
from routing.coverage import AccountFacts
from routing.nouns import Account, Deal, GroupMember, Person, RoleHolding, Stage, Territory
from routing.policy import Policy
from routing.snapshot import Snapshot
from tests.unit.routing_kit import NOW, policy
from worker.profile.facts import OrgFacts, StageUse
from worker.profile.measure import Case
from worker.profile.proposal import Proposal, propose

STAGES = (
    Stage(id="s1", label="Prospecting", position=1),
    Stage(id="s2", label="Proposal", position=2),
    Stage(id="won", label="Closed Won", position=3, is_closed=True, is_won=True),
    Stage(id="lost", label="Closed Lost", position=4, is_closed=True),
)


class Org:
    """An org that is told step by step; people are by key, and so are accounts."""

    def __init__(self, stages: Sequence[Stage] = STAGES) -> None:
        self.stages = {one.id: one for one in stages}
        self.people: dict[str, Person] = {}
        self.accounts: dict[str, Account] = {}
        self.deals: list[Deal] = []
        self.holdings: list[RoleHolding] = []
        self.territories: dict[str, Territory] = {}
        self.of_territory: dict[str, list[str]] = {}
        self.members: list[GroupMember] = []
        self.fields: list[OwnerField] = []

    def person(self, key: str, title: str = "", **more: Any) -> None:
        """Somebody of this title."""
        values: dict[str, Any] = {"id": key, "email": f"{key}@team.example", "name": key.title()}
        self.people[key] = Person(**{**values, "title": title, **more})

    def account(self, key: str, owner: str | None = None, kind: str = "", **fields: str) -> None:
        """An account with these fields."""
        self.accounts[key] = Account(
            id=key, name=key.title(), owner_id=owner, kind=kind, fields=fields
        )

    def deal(self, account: str, stage: str, owner: str, **fields: str) -> None:
        """A deal of an account."""
        known = self.stages[stage]
        self.deals.append(
            Deal(
                id=f"d{len(self.deals)}",
                name=f"Deal {len(self.deals)}",
                stage_id=stage,
                account_id=account,
                owner_id=owner,
                is_closed=known.is_closed,
                is_won=known.is_won,
                fields=fields,
            )
        )

    def on_team(self, account: str, person: str, role: str) -> None:
        """A place in the team of an account."""
        key = f"h{len(self.holdings)}"
        row = RoleHolding(id=key, person_id=person, role=role, account_id=account)
        self.holdings.append(row)

    def in_territory(self, name: str, accounts: Sequence[str], **people: str) -> None:
        """A territory with its accounts and with people by role."""
        self.territories[name] = Territory(id=name, name=name)
        for account in accounts:
            self.of_territory.setdefault(account, []).append(name)
        for role, person in people.items():
            key = f"m{len(self.members)}"
            row = GroupMember(id=key, group_id=name, person_id=person, role=role)
            self.members.append(row)

    def field(self, noun: Any, name: str, label: str = "") -> None:
        """A field that names a person."""
        self.fields.append(OwnerField(noun=noun, name=name, label=label or name))

    def facts(self) -> OrgFacts:
        """The counts, as the gathering makes them of a mirror."""
        open_deals = [one for one in self.deals if not one.is_closed]
        holders = {}
        for one in self.fields:
            records: Sequence[Account | Deal] = [*self.accounts.values()]
            records = self.deals if one.noun == "deal" else records
            named = Counter(row.fields.get(one.name, "") for row in records)
            holders[f"{one.noun}.{one.name}"] = {k: n for k, n in named.items() if k}
        return OrgFacts(
            crm="salesforce",
            people={key: one for key, one in self.people.items() if not one.queue},
            accounts=len(self.accounts),
            deals=len(self.deals),
            stages=tuple(
                StageUse(
                    label=one.label,
                    closed=one.is_closed,
                    won=one.is_won,
                    owners=Counter(
                        row.owner_id or "" for row in open_deals if row.stage_id == one.id
                    ),
                )
                for one in self.stages.values()
            ),
            kinds=Counter(one.kind for one in self.accounts.values() if one.kind),
            won_accounts=len({one.account_id for one in self.deals if one.is_won}),
            account_roles=Counter(one.role for one in self.holdings),
            territories=len(self.territories),
            territory_roles=Counter(one.role for one in self.members),
            account_owners=Counter(one.owner_id or "" for one in self.accounts.values()),
            fields=self.fields,
            holders=holders,
        )

    def cases(self) -> list[Case]:
        """Every account, without prospects who take part in deals."""
        return [
            (
                AccountFacts(
                    account=one,
                    deals=tuple(deal for deal in self.deals if deal.account_id == key),
                    holdings=tuple(row for row in self.holdings if row.account_id == key),
                    territories=tuple(self.of_territory.get(key, ())),
                ),
                (),
            )
            for key, one in self.accounts.items()
        ]

    def proposed(self, present: Policy | None = None) -> Proposal:
        """What is proposed for it."""
        team = Snapshot(
            people=self.people,
            stages=self.stages,
            territories=tuple(self.territories.values()),
            group_members=tuple(self.members),
        )
        return propose(self.facts(), self.cases(), team, present or policy(), NOW, {})


def standing_in_all(org: Org, ae: str) -> None:
    """Accounts a, b (prospecting), c, d (active deal) and e, f (customer) of one AE."""
    for key in "abcdef":
        if key not in org.accounts:
            org.account(key, owner=ae)
    for key in "cd":
        org.deal(key, "s2", ae)
    for key in "ef":
        org.deal(key, "won", ae)


def sources(proposal: Proposal) -> dict[str, list[str]]:
    """The sources of each proposed role."""
    return {one.role: [each.source for each in one.sources] for one in proposal.roles}


def share(proposal: Proposal, role: str) -> tuple[int, int]:
    """How many accounts of its stage a role resolves for, and of how many."""
    [found] = [one for one in proposal.roles if one.role == role]
    return found.resolved, found.of
