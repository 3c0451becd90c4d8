"""The routing rules as an admin writes them: one strict model, no defaults that hide anybody.

An unknown key, a route list without a catch-all or a ladder that cannot end is an error, so that
a policy that loads can always name somebody. Units are minutes and local wall-clock times.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import time
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from routing.mapping import NOTHING_MORE, Mapping
from routing.policy_checks import problems_of

_MONTH = 60 * 24 * 30
NO_ZONE = (ZoneInfoNotFoundError, ValueError, OSError)
"""What ZoneInfo raises for a name that it does not know; “Europe” is a folder, hence OSError."""

Item = TypeVar("Item")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SOURCE = re.compile(
    r"(field:account\.[A-Za-z]\w*|team:.+|deal_team:.+|owner:(deal|account|prospect)"
    r"|person:[^@\s]+@[^@\s]+|sending_rep)"
)


class StageClass(StrEnum):
    """Where an account stands, as far as routing cares."""

    PROSPECTING = "prospecting"
    ACTIVE_DEAL = "active_deal"
    CUSTOMER = "customer"


class SignalClass(StrEnum):
    """What a signal amounts to once its tier, thread and sentiment have been looked at."""

    POSITIVE_REPLY = "positive_reply"
    MULTI_OPEN = "multi_open"
    REPLY = "reply"
    FORM = "form"
    CLICK = "click"
    VISIT = "visit"
    OPEN = "open"


class RungKind(StrEnum):
    """Whom a rung of the ladder reaches."""

    ASSIGNEE = "assignee"
    BACKUP = "backup"
    COVERAGE_CHANNEL = "coverage_channel"
    CLAIM_CHANNEL = "claim_channel"
    MANAGER = "manager"
    ADMIN = "admin"


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except NO_ZONE as error:
        raise ValueError(
            f"{name!r} is no time zone; write one like 'Europe/Berlin' or 'America/New_York'"
        ) from error
    return name


def _email(value: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise ValueError(f"{value!r} is no e-mail address; write it like 'ann@example.com'")
    return value.lower()


def _source(value: str) -> str:
    if not SOURCE.fullmatch(value):
        raise ValueError(
            f"{value!r} is no role source; use field:account.NAME, team:NAME, deal_team:NAME, "
            "owner:deal, owner:account, owner:prospect, sending_rep or person:E-MAIL"
        )
    return value


def _channel(value: str) -> str:
    if not re.fullmatch(r"#?[^\s#,]{1,80}", value):
        raise ValueError(f"{value!r} is no channel name; write it like '#hot-leads'")
    return "#" + value.lstrip("#")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _some(value: tuple[Item, ...]) -> tuple[Item, ...]:
    # Not by min_length, which adds a second and misleading error to one about an item.
    if not value:
        raise ValueError("nothing is listed; list at least one")
    return value


def _clock(value: object) -> object:
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", value):
        raise ValueError(f"{value!r} is no time of day; write it in quotes, like '09:00'")
    return value.zfill(5)


SOME = (AfterValidator(_some), Field(json_schema_extra={"minItems": 1}))
ClockTime = Annotated[time, BeforeValidator(_clock)]
Whole = Annotated[int, Field(strict=True)]
ZoneName = Annotated[str, AfterValidator(_zone)]
Email = Annotated[str, AfterValidator(_email)]
RoleSource = Annotated[str, AfterValidator(_source)]
Channel = Annotated[str, AfterValidator(_channel)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StageRule(_Strict):
    """An account is of this ``stage`` when every condition that is written holds."""

    stage: StageClass
    open_deal_in: tuple[str, ...] | None = Field(None, description="Labels of deal stages.")
    open_deal_not_in: tuple[str, ...] | None = Field(None, description="Labels of deal stages.")
    won_deal: bool | None = None
    account_kind: tuple[str, ...] | None = Field(
        None, description="Patterns of the account's type or lifecycle stage, like 'Customer*'."
    )

    @property
    def always(self) -> bool:
        """Whether the rule has no condition."""
        return self.model_dump(exclude={"stage"}, exclude_none=True) == {}


class When(_Strict):
    """Conditions of a route; each one that is written must hold."""

    stage: Annotated[tuple[StageClass, ...] | None, BeforeValidator(_listed)] = None
    signal: Annotated[tuple[SignalClass, ...] | None, BeforeValidator(_listed)] = None
    named_account: bool | None = None
    known_prospect: bool | None = None

    @property
    def always(self) -> bool:
        """Whether there is no condition."""
        return self.model_dump(exclude_none=True) == {}


class Route(_Strict):
    """Where signals go that meet ``when``: the first of ``to`` that has a holder is assigned.

    ``to`` holds names of roles, ``named_rep``, ``person:E-MAIL`` or ``claim_channel``.
    """

    name: str = Field(min_length=1)
    when: When = When()
    to: Annotated[tuple[str, ...], BeforeValidator(_listed), *SOME]


class NamedAccount(_Strict):
    """A hard assignment. ``account`` is a name, a domain or a record id."""

    account: str = Field(min_length=1)
    rep: Email
    backup: Email | None = None

    @model_validator(mode="after")
    def _covered_by_another(self) -> Self:
        if self.backup == self.rep:
            raise ValueError(
                f"backup: {self.rep} cannot be their own backup; name somebody else, or nobody"
            )
        return self


class Rung(_Strict):
    """One step of the ladder: who is told, and how many working minutes they have."""

    to: RungKind
    wait: Whole = Field(30, ge=0, le=_MONTH, description="Working minutes before the next.")


class WorkingHours(_Strict):
    """The default week. A person's own hours and time zone, where the CRM has them, win."""

    time_zone: ZoneName = "UTC"
    days: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri")
    start: ClockTime = time(9)
    end: ClockTime = time(18)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("end: is not later than start; end the day by '23:59' at the latest")
        if not self.days:
            raise ValueError("days: no day is named; name one, like mon")
        return self


class MultiOpen(_Strict):
    """How many opens of which tiers on one thread within how many minutes make a multi-open."""

    opens: Whole = Field(2, ge=2)
    tiers: tuple[Annotated[int, Field(ge=1, le=5)], ...] = (1, 2)
    within_minutes: Whole = Field(60, ge=1, le=_MONTH)


class Priority(_Strict):
    """What interrupts a rep at once; everything else waits for the digest."""

    real_time: tuple[SignalClass, ...] = (SignalClass.MULTI_OPEN, SignalClass.POSITIVE_REPLY)
    multi_open: MultiOpen = MultiOpen()


class Places(_Strict):
    """Channels and people that the rungs refer to."""

    claim_channel: Channel | None = None
    coverage_channel: Channel | None = None
    watch_channel: Channel | None = Field(None, description="Sees a copy of every alert.")
    admins: Annotated[tuple[Email, ...], *SOME] = Field(
        description="Told when nobody else is left."
    )


class Policy(_Strict):
    """All routing rules of a team."""

    stage_classes: tuple[StageRule, ...] = (
        StageRule(stage=StageClass.ACTIVE_DEAL, open_deal_not_in=("Prospecting",)),
        StageRule(stage=StageClass.CUSTOMER, won_deal=True),
        StageRule(stage=StageClass.CUSTOMER, account_kind=("customer*",)),
        StageRule(stage=StageClass.PROSPECTING),
    )
    mapping: Mapping = Field(NOTHING_MORE, description="Further fields and objects of the CRM.")
    deals_of: Literal["prospect_then_account", "account"] = "prospect_then_account"
    roles: dict[str, Annotated[tuple[RoleSource, ...], *SOME]] = {}
    named_accounts: tuple[NamedAccount, ...] = ()
    routes: Annotated[tuple[Route, ...], *SOME]
    backups: dict[Email, Email] = {}
    ladder: Annotated[tuple[Rung, ...], *SOME]
    places: Places
    surface: Literal["slack"] = "slack"
    priority: Priority = Priority()
    working_hours: WorkingHours = WorkingHours()
    digest_at: ClockTime = time(17)
    one_alert_per: Literal["prospect", "thread"] = "prospect"
    snooze_minutes: Whole = Field(30, ge=1, le=_MONTH)
    acknowledged_wait: Whole = Field(
        120, ge=1, le=_MONTH, description="Working minutes from an acknowledgement to re-opening."
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        problem = next(problems_of(self), None)
        if problem is not None:
            raise ValueError(problem)
        return self

    @cached_property
    def hash(self) -> str:
        """A short fingerprint: equal policies, equal hashes."""
        # Sorted, because a store may give the keys back in an order of its own.
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
