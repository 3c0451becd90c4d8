"""A team, an account and a policy small enough to hold in one's head, for tests of routing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from routing.decide import decide
from routing.nouns import (
    Account,
    Deal,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Sentiment,
    Signal,
    SignalKind,
    Stage,
)
from routing.policy import Policy
from routing.receipt import Decision
from routing.snapshot import Snapshot

NOW = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)
"""A Monday."""

SEEN = NOW - timedelta(seconds=40)
STAGES = {
    "s1": Stage(id="s1", label="Prospecting", position=1, seen_at=SEEN),
    "s2": Stage(id="s2", label="Qualified", position=2, seen_at=SEEN),
    "s3": Stage(id="s3", label="Negotiation", position=3, seen_at=SEEN),
    "won": Stage(id="won", label="Closed Won", position=4, is_closed=True, is_won=True),
    "lost": Stage(id="lost", label="Closed Lost", position=5, is_closed=True),
}
POLICY: dict[str, Any] = {
    "roles": {
        "bdr": ["field:account.BDR__c", "team:BDR"],
        "ae": ["owner:deal", "owner:account"],
        "csm": ["field:account.CSM__c", "team:CSM"],
    },
    "routes": [
        {"name": "Prospecting goes to the BDR", "when": {"stage": "prospecting"}, "to": "bdr"},
        {"name": "Active deals go to the AE", "when": {"stage": "active_deal"}, "to": "ae"},
        {"name": "Customers go to the CSM", "when": {"stage": "customer"}, "to": "csm"},
        {"name": "Everything else", "to": "claim_channel"},
    ],
    "ladder": [
        {"to": "assignee", "wait": 15},
        {"to": "backup", "wait": 20},
        {"to": "coverage_channel", "wait": 30},
        {"to": "manager", "wait": 60},
        {"to": "admin"},
    ],
    "places": {
        "claim_channel": "#hot-leads",
        "coverage_channel": "#coverage",
        "admins": ["ada@team.example"],
    },
}


def policy(**changes: Any) -> Policy:
    """The policy of the team; top-level keys may be changed."""
    return Policy.model_validate({**POLICY, **changes})


def places(**changes: Any) -> dict[str, Any]:
    """The team's places with some changed; None takes one out."""
    made = {**POLICY["places"], **changes}
    return {key: value for key, value in made.items() if value is not None}


def ladder(*rungs: str) -> list[dict[str, str]]:
    """A ladder of these rungs."""
    return [{"to": rung} for rung in rungs]


def person(key: str, **more: Any) -> Person:
    """A person whose id is ``u-KEY`` and who is named after their key."""
    values: dict[str, Any] = {"manager_id": "u-mia", "seen_at": SEEN, "modified_at": SEEN}
    values |= {"id": f"u-{key}", "email": f"{key}@team.example", "name": key.capitalize()}
    return Person(**{**values, **more})


def team(**changes: dict[str, Any]) -> dict[str, Person]:
    """Bea (BDR), Ann and Ben (AE), Cid (CSM), Mia (manager), Ada (admin) and Dan; by id.

    Keyword arguments change a person: ``ann={"active": False}``.
    """
    usual: dict[str, dict[str, Any]] = {
        "bea": {},
        "ann": {"backup_id": "u-ben"},
        "ben": {},
        "cid": {},
        "dan": {},
        "mia": {"manager_id": None},
        "ada": {"manager_id": None},
    }
    made = [person(key, **{**more, **changes.get(key, {})}) for key, more in usual.items()]
    return {one.id: one for one in made}


def account(**more: Any) -> Account:
    """Acme, with Ann as its owner, Bea as its BDR and Cid as its CSM."""
    fields = {"BDR__c": "u-bea", "CSM__c": "u-cid"} | more.pop("fields", {})
    values: dict[str, Any] = {"id": "a-acme", "name": "Acme", "domain": "acme.example"}
    values |= {"owner_id": "u-ann", "fields": fields, "seen_at": SEEN}
    return Account(**{**values, **more})


def prospect(**more: Any) -> Prospect:
    """Dana of Acme."""
    values: dict[str, Any] = {"id": "c-dana", "kind": "contact", "email": "dana@acme.example"}
    values |= {"name": "Dana Reed", "account_id": "a-acme", "seen_at": SEEN}
    return Prospect(**{**values, **more})


def deal(key: str = "d1", stage: str = "s3", **more: Any) -> Deal:
    """A deal of Acme in this stage, owned by Ann."""
    made = STAGES.get(stage)
    values: dict[str, Any] = {"id": key, "name": f"Deal {key}", "stage_id": stage}
    values |= {"account_id": "a-acme", "owner_id": "u-ann", "seen_at": SEEN}
    if made is not None:
        values |= {"is_closed": made.is_closed, "is_won": made.is_won}
    return Deal(**{**values, **more})


def holding(key: str, role: str, *, on: str = "", key_id: str = "") -> RoleHolding:
    """That this person holds a role in the team of Acme, or of the deal ``on``."""
    whose: dict[str, Any] = {"deal_id": on} if on else {"account_id": "a-acme"}
    return RoleHolding(
        id=key_id or f"h-{key}", person_id=f"u-{key}", role=role, seen_at=SEEN, **whose
    )


def away(key: str, *, since: float = -1, until: float = 24, source: str = "crm") -> OutOfOffice:
    """An absence, in hours from ``NOW``."""
    return OutOfOffice(
        id=f"o-{key}-{since}",
        person_id=f"u-{key}",
        starts_at=NOW + timedelta(hours=since),
        ends_at=NOW + timedelta(hours=until),
        source=source,
        seen_at=SEEN,
    )


def facts(**more: Any) -> Snapshot:
    """What is known of Dana: Acme with one open deal in negotiation, and the whole team."""
    values: dict[str, Any] = {
        "prospect": prospect(),
        "account": account(),
        "deals": (deal(),),
        "stages": STAGES,
        "people": team(),
    }
    return Snapshot(**{**values, **more})


def signal(kind: str = "multi_open", minutes: float = 0, **more: Any) -> Signal:
    """A signal of Dana so many minutes before ``NOW``; by default one that interrupts."""
    at = NOW - timedelta(minutes=minutes)
    values: dict[str, Any] = {"source": "test", "event_id": f"{kind}-{minutes}", "thread_id": "t1"}
    values |= {"prospect_email": "dana@acme.example", "occurred_at": at, "received_at": at}
    if kind == "multi_open":
        values |= {"tier": 1, "count": 2}
    return Signal(**{**values, "kind": SignalKind(kind), **more})


def positive() -> Signal:
    """A positive reply."""
    return signal("reply", sentiment=Sentiment.POSITIVE)


def decided(snapshot: Snapshot, rules: Policy | None = None, **more: Any) -> Decision:
    """The decision on a signal that interrupts."""
    return decide(more.pop("of", None) or signal(**more), snapshot, rules or policy(), NOW)


def first(decision: Decision) -> str:
    """Who or which channel is told now."""
    return decision.steps[0].place.address


def path(decision: Decision) -> list[str]:
    """Everybody on the ladder, in order."""
    return [step.place.address.removesuffix("@team.example") for step in decision.steps]


def why_not(decision: Decision, name: str) -> list[str]:
    """Why this candidate was not taken, at each rung where they were considered."""
    return [one.why for one in decision.candidates if one.name == name and not one.taken]
