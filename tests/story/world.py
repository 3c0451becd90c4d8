"""A team small enough to hold in one's head, for stories."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.sandbox.world import (
    World,
    WorldAccount,
    WorldContact,
    WorldDeal,
    WorldPerson,
    WorldStage,
)

MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
"""A Monday, 10:00 in New York: the middle of everybody's working day."""


def person(key: str, role: str, **more: Any) -> WorldPerson:
    """A person named after their key."""
    name = key.capitalize()
    return WorldPerson(
        key=key,
        name=f"{name} {role}",
        email=f"{key}@team.example",
        role=role,
        manager=more.pop("manager", "mia"),
        **more,
    )


def small_world(**people: Any) -> World:
    """The team; keyword arguments change people: ``ann={"away": (...)}``."""
    made = [
        person("bea", "BDR", **people.get("bea", {})),
        person("ann", "AE", **({"backup": "ben"} | people.get("ann", {}))),
        person("ben", "AE", **people.get("ben", {})),
        person("cid", "CSM", **people.get("cid", {})),
        person("mia", "Manager", **({"manager": None} | people.get("mia", {}))),
        person("ada", "Admin", **({"manager": None} | people.get("ada", {}))),
    ]
    return World(
        people=tuple(made),
        accounts=(
            WorldAccount(key="north", name="Northwind", domain="north.example", bdr="bea"),
            WorldAccount(
                key="acme", name="Acme", domain="acme.example", owner="ann", bdr="bea", csm="cid"
            ),
            WorldAccount(
                key="contoso", name="Contoso", domain="contoso.example", owner="ann", csm="cid"
            ),
            WorldAccount(key="orphan", name="Orphan", domain="orphan.example"),
        ),
        contacts=(
            WorldContact(
                key="nina", name="Nina North", email="nina@north.example", account="north"
            ),
            WorldContact(key="dana", name="Dana Reed", email="dana@acme.example", account="acme"),
            WorldContact(
                key="cora", name="Cora Blue", email="cora@contoso.example", account="contoso"
            ),
            WorldContact(
                key="olaf", name="<!channel> Olaf", email="olaf@orphan.example", account="orphan"
            ),
        ),
        stages=(
            WorldStage(key="prospecting", label="Prospecting", probability=10),
            WorldStage(key="negotiation", label="Negotiation", probability=60),
            WorldStage(key="won", label="Closed Won", is_closed=True, is_won=True, probability=100),
            WorldStage(key="lost", label="Closed Lost", is_closed=True, probability=0),
        ),
        deals=(
            WorldDeal(
                key="d1",
                name="Acme rollout",
                stage="negotiation",
                account="acme",
                owner="ann",
                amount=50_000.0,
                contacts=("dana",),
            ),
            WorldDeal(
                key="d2",
                name="Contoso base",
                stage="won",
                account="contoso",
                owner="ann",
                amount=20_000.0,
                closed=datetime(2026, 6, 1, tzinfo=UTC),
                contacts=("cora",),
            ),
        ),
    )


def small_policy() -> dict[str, Any]:
    """Stage-aware routing with a full ladder."""
    return {
        "roles": {
            "bdr": ["field:account.BDR__c", "field:account.bdr_owner"],
            "ae": ["owner:deal"],
            "csm": ["field:account.CSM__c", "field:account.csm_owner"],
        },
        "routes": [
            {"name": "Prospecting to the BDR", "when": {"stage": "prospecting"}, "to": "bdr"},
            {"name": "Active deals to the AE", "when": {"stage": "active_deal"}, "to": "ae"},
            {"name": "Customers to the CSM", "when": {"stage": "customer"}, "to": "csm"},
            {"name": "Everything else", "to": "claim_channel"},
        ],
        "ladder": [
            {"to": "assignee", "wait": 15},
            {"to": "backup", "wait": 30},
            {"to": "coverage_channel", "wait": 60},
            {"to": "manager", "wait": 60},
            {"to": "admin", "wait": 60},
        ],
        "places": {
            "claim_channel": "#hot-leads",
            "watch_channel": "#sales-leadership",
            "admins": ["ada@team.example"],
        },
        "working_hours": {"time_zone": "America/New_York", "start": "09:00", "end": "18:00"},
    }
