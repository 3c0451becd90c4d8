"""The sections of hotlead.yaml that are the worker's own."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from connectors.email.settings import SmtpSettings
from connectors.http import LOOPBACK_HOSTS, check_base_url
from routing.terms import Email

_DATABASES = ("sqlite", "postgresql", "postgresql+psycopg")


class Section(BaseModel):
    """A part of hotlead.yaml: unknown keys and wrong types are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _store_url(url: str) -> str:
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ValueError("is no database address; write it like sqlite:///hotlead.db") from error
    if parts.drivername not in _DATABASES:
        raise ValueError("is neither SQLite nor PostgreSQL; use sqlite:/// or postgresql://")
    if parts.drivername == "sqlite" and parts.database in (None, "", ":memory:"):
        raise ValueError("a restart would lose everything; name a file: sqlite:///hotlead.db")
    if parts.drivername == "postgresql":
        parts = parts.set(drivername="postgresql+psycopg")
    return parts.render_as_string(hide_password=False)


class StoreSettings(Section):
    """Where the worker keeps its tables."""

    url: Annotated[str, AfterValidator(_store_url)] = Field(
        "sqlite:///hotlead.db",
        repr=False,  # may hold a password
        description="SQLite file, relative to this file, or a PostgreSQL address.",
    )
    history_days: int = Field(
        90,
        ge=1,
        le=3650,
        description="Days for which the past values of facts are kept, to decide again as of then.",
    )


def _public_url(url: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError("has more than a host and a path; write it like https://hotlead.acme.com")
    return check_base_url(url)


class WebSettings(Section):
    """Where the worker listens. It speaks plain http and leaves TLS to a proxy."""

    listen: str = Field("127.0.0.1:8370", description="HOST:PORT")
    behind_proxy: bool = Field(False, description="A proxy with TLS stands before the worker.")
    public_url: Annotated[str, AfterValidator(_public_url)] = Field(
        "",
        description="Address by which others reach the worker, such as https://hotlead.acme.com.",
    )

    @property
    def host(self) -> str:
        """The host part, without the brackets of an IPv6 address."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port part; 0 lets the system choose."""
        return int(self.listen.rpartition(":")[2])

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host in LOOPBACK_HOSTS

    @model_validator(mode="after")
    def _safe(self) -> Self:
        port = self.listen.rpartition(":")[2]
        digits = port.isascii() and port.isdigit() and len(port) <= 5
        if not self.host or not digits or int(port) > 65535:
            raise ValueError("listen: is not HOST:PORT; write it like 127.0.0.1:8370")
        if not self.is_loopback and not self.behind_proxy:
            raise ValueError(
                "listen: is plain http on an address that other machines reach, where anybody on "
                "the way could read alerts and press a rep's buttons; listen on 127.0.0.1, or put "
                "a proxy with TLS before it and set web.behind_proxy: true"
            )
        return self


class SignalSettings(Section):
    """Bounds of what ``POST /v1/signals`` accepts."""

    max_body_bytes: int = Field(1_000_000, ge=1_000, le=100_000_000)
    max_batch: int = Field(1_000, ge=1, le=100_000)
    max_age_days: int = Field(30, ge=1, le=3650)
    future_tolerance_seconds: int = Field(300, ge=0, le=86_400)
    require_signature: bool | None = Field(
        None, description="Unset: required as soon as HOTLEAD_SIGNALS_SECRET is set."
    )


class ClockSettings(Section):
    """How often the worker looks for what is due."""

    sweep_seconds: float = Field(1.0, gt=0, description="Looks for messages, tasks, rungs due.")
    sync_seconds: float = Field(5.0, gt=0, description="Looks which CRM objects are due.")
    hint_seconds: float = Field(
        1.0, gt=0, description="Looks what the CRM says has changed, where it says so."
    )
    hint_gap_seconds: float = Field(
        5.0, gt=0, description="Least time between two reads of one CRM object, however it changes."
    )
    digest_seconds: float = Field(30.0, gt=0, description="Looks for digests that are due.")
    brief_seconds: float = Field(30.0, gt=0, description="Looks who is back from an absence.")
    audit_seconds: float = Field(60.0, gt=0, description="Proves that no signal was dropped.")
    budget_seconds: float = Field(15.0, gt=0, description="Counts calls, and plans the pace.")
    watchdog_seconds: float = Field(30.0, gt=0, description="Looks for a silent mirror.")
    policy_seconds: float = Field(5.0, gt=0, description="Looks for a policy that was promoted.")
    reconcile_hours: float = Field(
        24.0, gt=0, description="Hours between two reads of the whole CRM, which mend the mirror."
    )


class FreshnessSettings(Section):
    """Freshness budgets: how old a fact may be, in seconds, before it is read live.

    They should be longer than the CRM's objects are read anew, or each alert costs a call.
    """

    people: int = Field(120, ge=1, description="People: active, manager, backup, time zone.")
    out_of_office: int = Field(120, ge=1, description="Who is away.")
    prospects: int = Field(300, ge=1, description="Contacts and leads: owner, account.")
    accounts: int = Field(300, ge=1, description="Owner, type, fields that name a role.")
    deals: int = Field(300, ge=1, description="Stage and owner of deals.")
    teams: int = Field(300, ge=1, description="Who holds a role in the team of an account or deal.")
    deal_contacts: int = Field(300, ge=1, description="Which prospects take part in which deals.")
    stages: int = Field(90_000, ge=1, description="The stages of a pipeline.")
    unknown: int = Field(
        600, ge=1, description="How long a record that the mirror lacks is not looked for again."
    )
    limit_seconds: float = Field(
        2.0, gt=0, le=60, description="After so long an alert goes out on what is known."
    )


class BudgetSettings(Section):
    """How many of the CRM's calls Hotlead may use. Shares are from 0 to 1."""

    share: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Of the day's calls, for polling. Unset: 0.25 of Salesforce, 0.1 of HubSpot.",
    )
    reserve: float = Field(
        0.05, ge=0, lt=1, description="Kept back from polling for live reads and for tasks."
    )
    daily_calls: int | None = Field(
        None, ge=1, description="The day's calls, where the CRM does not tell them."
    )
    slowest: float = Field(30.0, ge=1, description="Polling is stretched so many times at most.")
    people_seconds: int = Field(
        300, ge=1, description="People and absences are read at least so often, to the reserve."
    )


def _alarm_url(url: str) -> str:
    if url:
        check_base_url(url)
    return url


class AuditSettings(Section):
    """How an admin hears that something is missing or that the surface is silent."""

    silent_minutes: int = Field(
        10, ge=1, description="Messages wait, and none got through for so long: tell the admin."
    )
    smtp: SmtpSettings | None = Field(None, description="Tell by e-mail.")
    to: tuple[Email, ...] = Field((), description="E-mail to; unset: the admins of the policy.")
    webhook: Annotated[str, AfterValidator(_alarm_url)] = Field(
        "",
        repr=False,  # may hold a token
        description="Tell by a POST of {text, key, state} to this address.",
    )
    command: tuple[str, ...] = Field(
        (), description="Tell by running this, the same as JSON on its standard input."
    )
    timeout: float = Field(10.0, gt=0, le=300, description="Seconds that the command may take.")
