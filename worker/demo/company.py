"""The small company that the demo plays with: nine people, ten accounts, everything invented."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.world import (
    World,
    WorldAccount,
    WorldContact,
    WorldDeal,
    WorldPerson,
    WorldStage,
)
from worker.demo.policy import stage_policy

_DOMAIN = "kestrelworks.example"
_BACKUPS = {
    "priya": "leo",
    "leo": "marcus",
    "hannah": "diego",
    "diego": "marcus",
    "sofia": "hannah",
    "tomas": "grace",
    "grace": "marcus",
}


def demo_world(now: datetime) -> World:
    """The company as of ``now`` (aware): Hannah Okafor is out of office, Tomas is not on Slack."""
    return World(
        people=_people(now),
        accounts=_accounts(),
        contacts=_contacts(),
        stages=_stages(),
        deals=_deals(now),
    )


def demo_policy() -> dict[str, Any]:
    """The policy that fits ``demo_world``, as the ``policy`` section of a settings file."""
    backups = {_mail(one): _mail(other) for one, other in _BACKUPS.items()}
    return stage_policy(_mail("quinn"), backups)


def _mail(key: str) -> str:
    return f"{key}@{_DOMAIN}"


def _people(now: datetime) -> tuple[WorldPerson, ...]:
    holiday = (now - timedelta(days=1), now + timedelta(days=6))
    rows = (
        ("priya", "Priya Raman", "BDR", "Business development"),
        ("leo", "Leo Marsh", "BDR", "Business development"),
        ("hannah", "Hannah Okafor", "AE", "Senior account executive"),
        ("diego", "Diego Santos", "AE", "Account executive"),
        ("sofia", "Sofia Lindqvist", "AE", "Account executive"),
        ("grace", "Grace Whitfield", "CSM", "Customer success"),
        ("tomas", "Tomas Novak", "CSM", "Customer success"),
        ("marcus", "Marcus Bell", "Manager", "Head of sales"),
        ("quinn", "Quinn Avery", "Admin", "Revenue operations"),
    )
    return tuple(
        WorldPerson(
            key=key,
            name=name,
            email=_mail(key),
            role=role,
            title=title,
            team="Sales",
            manager="marcus" if key in _BACKUPS else None,
            backup=_BACKUPS.get(key),
            away=(holiday,) if key == "hannah" else (),
            on_slack=key != "tomas",
        )
        for key, name, role, title in rows
    )


def _accounts() -> tuple[WorldAccount, ...]:
    rows = (
        # key, name, kind, owner, bdr, csm
        ("alder", "Alder & Finch Logistics", "Prospect", "diego", "priya", None),
        ("bluepeak", "Bluepeak Dental", "Prospect", "sofia", "leo", None),
        ("quillon", "Quillon Robotics", "Prospect", "diego", "leo", None),
        ("northgate", "Northgate Insurance", "Prospect", "hannah", "priya", None),
        ("solstice", "Solstice Foods", "Prospect", "diego", "leo", None),
        ("verity", "Verity Analytics", "Prospect", "sofia", "priya", None),
        ("harborline", "Harborline Shipping", "Customer", "hannah", "leo", "grace"),
        ("mapleton", "Mapleton Schools", "Customer", "diego", "priya", "tomas"),
        ("ostrava", "Ostrava Steel", "Customer", "sofia", "leo", "grace"),
        ("pinewood", "Pinewood Hospitality", "Prospect", None, None, None),
    )
    return tuple(
        WorldAccount(
            key=key,
            name=name,
            domain=f"{key}.example",
            kind=kind,
            owner=owner,
            bdr=bdr,
            csm=csm,
            country="United States",
        )
        for key, name, kind, owner, bdr, csm in rows
    )


def _contacts() -> tuple[WorldContact, ...]:
    rows = (
        ("alder", "Naomi Castellan", "VP Operations"),
        ("bluepeak", "Dr. Ravi Menon", "Practice director"),
        ("quillon", "Ingrid Sørensen", "Head of procurement"),
        ("northgate", "Elliot Barnes", "Chief information officer"),
        ("northgate", "Yuki Tanabe", "Claims manager"),
        ("solstice", "Camille Duval", "Supply chain lead"),
        ("verity", "Omar Haddad", "Co-founder"),
        ("harborline", "Beatrice Long", "Fleet director"),
        ("mapleton", "Samuel Ortiz", "Superintendent"),
        ("ostrava", "Petra Dvořáková", "Plant manager"),
        ("pinewood", "Jonah Reyes", "General manager"),
    )
    contacts = [
        WorldContact(
            key=_contact_key(name),
            name=name,
            email=f"{_contact_key(name)}@{account}.example",
            title=title,
            account=account,
        )
        for account, name, title in rows
    ]
    contacts.append(
        WorldContact(
            key="lila",
            name="Lila Brandt",
            email="lila@brightwater.example",
            title="Founder",
            company="Brightwater Studio",
        )
    )
    return tuple(contacts)


def _contact_key(name: str) -> str:
    return name.removeprefix("Dr. ").split()[0].lower()


def _stages() -> tuple[WorldStage, ...]:
    return (
        WorldStage(key="prospecting", label="Prospecting", probability=10),
        WorldStage(key="discovery", label="Discovery", probability=30),
        WorldStage(key="proposal", label="Proposal", probability=50),
        WorldStage(key="negotiation", label="Negotiation", probability=75),
        WorldStage(key="won", label="Closed Won", is_closed=True, is_won=True, probability=100),
        WorldStage(key="lost", label="Closed Lost", is_closed=True, probability=0),
    )


def _deals(now: datetime) -> tuple[WorldDeal, ...]:
    rows = (
        # account, name, stage, owner, amount, contact, days since opened
        ("quillon", "Quillon first look", "prospecting", "diego", 12_000.0, "ingrid", 9),
        ("northgate", "Northgate claims platform", "negotiation", "hannah", 84_000.0, "elliot", 61),
        ("solstice", "Solstice pilot", "proposal", "diego", 26_500.0, "camille", 34),
        ("verity", "Verity team plan", "discovery", "sofia", 18_000.0, "omar", 18),
        ("harborline", "Harborline fleet", "won", "hannah", 52_000.0, "beatrice", 210),
        ("mapleton", "Mapleton district licence", "won", "diego", 31_000.0, "samuel", 180),
        ("ostrava", "Ostrava plant one", "won", "sofia", 47_000.0, "petra", 250),
        ("bluepeak", "Bluepeak chair-side", "lost", "sofia", 9_000.0, "ravi", 140),
    )
    return tuple(
        WorldDeal(
            key=f"deal-{account}",
            name=name,
            stage=stage,
            account=account,
            owner=owner,
            amount=amount,
            created=now - timedelta(days=days),
            closed=now - timedelta(days=days - 45) if stage in ("won", "lost") else None,
            contacts=(contact,),
        )
        for account, name, stage, owner, amount, contact, days in rows
    )
