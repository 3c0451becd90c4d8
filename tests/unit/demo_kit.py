"""Decides on the prospects of a world without any CRM: its keys serve as record ids."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.sandbox.world import World
from routing.decide import decide
from routing.nouns import Account, Deal, OutOfOffice, Person, Prospect, Signal, SignalKind, Stage
from routing.policy import Policy
from routing.receipt import Decision
from routing.snapshot import Snapshot


def decide_for(world: World, policy: dict[str, Any], email: str, now: datetime) -> Decision:
    """What a double open of the contact with this e-mail would lead to."""
    return decide(
        Signal(
            source="test",
            event_id="1",
            prospect_email=email,
            occurred_at=now,
            received_at=now,
            kind=SignalKind.MULTI_OPEN,
            tier=1,
            count=2,
        ),
        snapshot(world, email),
        Policy.model_validate(policy),
        now,
    )


def snapshot(world: World, email: str) -> Snapshot:
    """The facts about the contact with this e-mail."""
    contact = next(one for one in world.contacts if one.email == email)
    account = next((one for one in world.accounts if one.key == contact.account), None)
    stages = {stage.key: (number, stage) for number, stage in enumerate(world.stages)}
    deals = [deal for deal in world.deals if account and deal.account == account.key]
    return Snapshot(
        prospect=Prospect(
            id=contact.key,
            kind="contact" if account else "lead",
            email=email,
            name=contact.name,
            account_id=contact.account,
            owner_id=contact.owner,
        ),
        account=Account(
            id=account.key,
            name=account.name,
            domain=account.domain,
            kind=account.kind,
            owner_id=account.owner,
            fields={"BDR__c": account.bdr or "", "CSM__c": account.csm or ""},
        )
        if account
        else None,
        deals=tuple(
            Deal(
                id=deal.key,
                name=deal.name,
                stage_id=deal.stage,
                account_id=deal.account,
                owner_id=deal.owner,
                amount=deal.amount,
                is_closed=stages[deal.stage][1].is_closed,
                is_won=stages[deal.stage][1].is_won,
                closed_at=deal.closed,
            )
            for deal in deals
        ),
        prospect_deals=frozenset(one.key for one in deals if contact.key in one.contacts),
        stages={
            key: Stage(
                id=key,
                label=stage.label,
                position=number,
                is_closed=stage.is_closed,
                is_won=stage.is_won,
            )
            for key, (number, stage) in stages.items()
        },
        people={
            one.key: Person(
                id=one.key,
                email=one.email,
                name=one.name,
                manager_id=one.manager,
                backup_id=one.backup,
            )
            for one in world.people
        },
        out_of_office=tuple(
            OutOfOffice(
                id=one.key, person_id=one.key, starts_at=starts, ends_at=ends, source="test"
            )
            for one in world.people
            for starts, ends in one.away
        ),
    )
