"""A small company to put into a sandbox, told without the words of any one CRM.

``key`` is a made-up name that other records refer to; each sandbox gives records its own ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldPerson:
    """A user: ``role`` is a free word such as AE, BDR, CSM, Manager, Admin."""

    key: str
    name: str
    email: str
    role: str
    title: str = ""
    team: str = ""
    manager: str | None = None
    backup: str | None = None
    time_zone: str = "America/New_York"
    away: tuple[tuple[datetime, datetime], ...] = ()
    on_slack: bool = True
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldAccount:
    """A company. ``bdr`` and ``csm`` are keys of people, kept in custom owner fields."""

    key: str
    name: str
    domain: str
    kind: str = "Prospect"
    owner: str | None = None
    bdr: str | None = None
    csm: str | None = None
    parent: str | None = None
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldContact:
    """A contact, or a lead when it has no ``account``."""

    key: str
    name: str
    email: str
    title: str = ""
    account: str | None = None
    company: str = ""
    owner: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldStage:
    """A deal stage of the one pipeline, in order. ``key`` is what deals name."""

    key: str
    label: str
    is_closed: bool = False
    is_won: bool = False
    probability: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldDeal:
    """An opportunity; ``contacts`` are the keys of those who take part, the first primary."""

    key: str
    name: str
    stage: str
    account: str | None = None
    owner: str | None = None
    amount: float | None = None
    created: datetime | None = None
    closed: datetime | None = None
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything one sandbox is filled with."""

    people: tuple[WorldPerson, ...] = ()
    accounts: tuple[WorldAccount, ...] = ()
    contacts: tuple[WorldContact, ...] = ()
    stages: tuple[WorldStage, ...] = ()
    deals: tuple[WorldDeal, ...] = ()
    channels: tuple[str, ...] = field(default=("hot-leads", "sales-leadership"))
