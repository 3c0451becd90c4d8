"""What a sentence makes up besides: an account with its deal, and absences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from routing.coverage import AccountFacts
from routing.nouns import Account, Deal, OutOfOffice
from routing.policy import Policy
from routing.sentence_parts import MadeUp
from routing.snapshot import Snapshot


def invented(made_up: MadeUp, team: Snapshot) -> AccountFacts:
    """The account that a sentence makes up, with its deal and its territories."""

    def person(text: str) -> str:
        found = team.by_email(text) if "@" in text else None
        return found.id if found is not None else text

    account = Account(
        id="made-up",
        name=made_up.name,
        domain=made_up.domain,
        owner_id=person(made_up.owner) if made_up.owner else None,
        kind=made_up.kind,
        fields={name: person(value) for name, value in made_up.fields.items()},
    )
    wanted = {name.casefold() for name in made_up.territory}
    mine = (one.id for one in team.territories if one.name.casefold() in wanted)
    deals: tuple[Deal, ...] = ()
    if made_up.deal is not None:
        said = made_up.deal
        label = said.stage.casefold()
        stages = (one.id for one in team.stages.values() if one.label.casefold() == label)
        deal = Deal(
            id="made-up-deal",
            name=f"The deal of {made_up.name}",
            stage_id=next(stages, said.stage),
            account_id=account.id,
            pipeline_id=said.pipeline,
            owner_id=person(said.owner) if said.owner else None,
            amount=said.amount,
            fields={name: person(value) for name, value in said.fields.items()},
        )
        deals = (deal,)
    return AccountFacts(account=account, deals=deals, territories=tuple(sorted(mine)))


def without(
    away: tuple[str, ...], team: Snapshot, policy: Policy, moments: Sequence[datetime]
) -> Snapshot:
    """The team with these people away on every one of the days."""
    source = next((one for one in policy.availability.precedence if one != "holiday"), "manual")
    people = (team.by_email(email) for email in away)
    rows = tuple(
        OutOfOffice(
            id=f"supposed-{person.id}",
            person_id=person.id,
            starts_at=min(moments) - timedelta(days=1),
            ends_at=max(moments) + timedelta(days=1),
            source=source,
        )
        for person in people
        if person is not None
    )
    gone = {row.person_id for row in rows}
    kept = (row for row in team.out_of_office if not (row.available and row.person_id in gone))
    return replace(team, out_of_office=(*kept, *rows))
