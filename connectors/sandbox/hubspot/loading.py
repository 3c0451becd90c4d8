"""Fills the account with a company told without HubSpot's words."""

from __future__ import annotations

import json
from datetime import datetime

from connectors.sandbox.hubspot.portal import Owner, Portal
from connectors.sandbox.hubspot.schema import Stage
from connectors.sandbox.hubspot.stamps import iso, to_ms
from connectors.sandbox.world import World, WorldAccount, WorldContact, WorldDeal, WorldPerson

APART = 10_000
"""Milliseconds between the stamps of loaded records: years of work, not one import."""
_LIFE = {"customer": "customer", "opportunity": "opportunity"}


class Loader:
    """Puts one world into a portal; ``ids`` grows with each record."""

    def __init__(self, portal: Portal, world: World) -> None:
        self._portal = portal
        self._world = world
        self.ids: dict[str, str] = {}
        rows = len(world.people) + len(world.accounts) + len(world.contacts) + len(world.deals)
        self._at = portal.stamp() - (rows + 360) * APART

    def load(self) -> dict[str, str]:
        """World key → HubSpot id; for people that of the owner, for stages their own."""
        self._people()
        for account in self._world.accounts:
            self.ids[account.key] = self._insert("companies", self._company(account))
        for account in self._world.accounts:
            if account.parent:
                self._parent(account)
        for contact in self._world.contacts:
            self._contact(contact)
        for number, stage in enumerate(self._world.stages, len(self._portal.pipeline.stages)):
            chance = 1.0 if stage.is_won else 0.0 if stage.is_closed else stage.probability / 100
            made = Stage(f"{1_184_000_000 + number}", stage.label, stage.is_closed, chance)
            self._portal.pipeline.stages.append(made)
            self.ids[stage.key] = made.id
        for deal in self._world.deals:
            self._deal(deal)
        return self.ids

    def _insert(self, kind: str, props: dict[str, str | None]) -> str:
        self._at += APART
        given = {name: value for name, value in props.items() if value}
        return str(self._portal.insert(self._portal.tables[kind], given, self._at).id)

    def _owner(self, key: str | None) -> str | None:
        return self.ids[key] if key else None

    def _people(self) -> None:
        first = 70_000_001 + 37 * len(self._portal.owners)
        for number, person in enumerate(self._world.people):
            owner_id = first + 37 * number
            self.ids[person.key] = str(owner_id)
            given, _, family = person.name.partition(" ")
            self._portal.owners[owner_id] = Owner(
                id=owner_id,
                email=person.email,
                first_name=given,
                last_name=family,
                user_id=4_400_000 + owner_id % 1_000_003,
                team=person.team,
                archived=not person.active,
                stamp=self._at,
            )
        for person in self._world.people:
            if person.active:
                self._user(person)

    def _user(self, person: WorldPerson) -> None:
        owner = self._portal.owners[int(self.ids[person.key])]
        self._insert(
            "users",
            {
                "hs_email": person.email,
                "hs_given_name": owner.first_name,
                "hs_family_name": owner.last_name,
                "hs_internal_user_id": str(owner.user_id),
                "hubspot_owner_id": str(owner.id),
                "hs_job_title": person.title or person.role,
                "hs_standard_time_zone": person.time_zone,
                "hs_availability_status": "available",
                "hs_out_of_office_hours": out_of_office_hours(person.away),
                "hlr_manager_owner": self._owner(person.manager),
                "hlr_backup_owner": self._owner(person.backup),
            },
        )

    def _company(self, account: WorldAccount) -> dict[str, str | None]:
        return {
            "name": account.name,
            "domain": account.domain,
            "country": account.country,
            "lifecyclestage": _LIFE.get(account.kind.lower(), "lead"),
            "hubspot_owner_id": self._owner(account.owner),
            "bdr_owner": self._owner(account.bdr),
            "csm_owner": self._owner(account.csm),
        }

    def _parent(self, account: WorldAccount) -> None:
        companies = self._portal.tables["companies"]
        child = companies.live[int(self.ids[account.key])]
        child.props["hs_parent_company_id"] = self.ids[str(account.parent)]

    def _contact(self, contact: WorldContact) -> None:
        given, _, family = contact.name.partition(" ")
        company = self.ids[contact.account] if contact.account else None
        self.ids[contact.key] = self._insert(
            "contacts",
            {
                "email": contact.email,
                "firstname": given,
                "lastname": family,
                "jobtitle": contact.title,
                "company": contact.company,
                "associatedcompanyid": company,
                "hubspot_owner_id": self._owner(contact.owner),
                "lifecyclestage": "lead",
            },
        )
        if company:
            own = int(self.ids[contact.key])
            self._portal.link("contacts", own, "companies", int(company))

    def _deal(self, deal: WorldDeal) -> None:
        own = self._insert(
            "deals",
            {
                "dealname": deal.name,
                "dealstage": self.ids[deal.stage],
                "pipeline": self._portal.pipeline.id,
                "amount": None if deal.amount is None else f"{deal.amount:g}",
                "closedate": _moment(deal.closed),
                "hubspot_owner_id": self._owner(deal.owner),
            },
        )
        self.ids[deal.key] = own
        if deal.account:
            self._portal.link("deals", int(own), "companies", int(self.ids[deal.account]))
        for contact in deal.contacts:
            self._portal.link("deals", int(own), "contacts", int(self.ids[contact]))


def _moment(when: datetime | None) -> str | None:
    return None if when is None else iso(to_ms(when))


def out_of_office_hours(away: tuple[tuple[datetime, datetime], ...]) -> str:
    """Absences as HubSpot keeps them: a JSON text, milliseconds."""
    spans = [{"startTimestamp": to_ms(a), "endTimestamp": to_ms(b)} for a, b in sorted(away)]
    return json.dumps(spans)
