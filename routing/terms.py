"""The words that a policy is written with, and how each is checked."""

from __future__ import annotations

import re
from datetime import time
from enum import StrEnum
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

MONTH = 60 * 24 * 30
"""In minutes."""
NO_ZONE = (ZoneInfoNotFoundError, ValueError, OSError)
"""What ZoneInfo raises for a name that it does not know; “Europe” is a folder, hence OSError."""

Item = TypeVar("Item")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TOMORROW = "tomorrow"
"""The choice of a snooze that ends with the start of the next working day."""
_SPAN = re.compile(r"([1-9]\d{0,4})([mhd])")
_UNITS = {"m": (1, "minute"), "h": (60, "hour"), "d": (60 * 24, "day")}
SOURCE = re.compile(
    r"(field:(account|deal|prospect)\.[A-Za-z]\w*|team:.+|deal_team:.+|territory:.+"
    r"|owner:(deal|account|prospect)|person:[^@\s]+@[^@\s]+|sending_rep)"
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
    """Whom a rung of the ladder reaches. ``remind`` says it again to whoever was told last."""

    ASSIGNEE = "assignee"
    REMIND = "remind"
    BACKUP = "backup"
    COVERAGE_CHANNEL = "coverage_channel"
    CLAIM_CHANNEL = "claim_channel"
    MANAGER = "manager"
    ADMIN = "admin"


class NoiseReason(StrEnum):
    """Why an alert was not worth having, as a rep says it."""

    NOT_A_BUYER = "not_a_buyer"
    MACHINE = "machine"
    WRONG_CONTACT = "wrong_contact"
    ALREADY_HANDLED = "already_handled"
    DUPLICATE = "duplicate"
    OTHER = "other"


class Strict(BaseModel):
    """A part of the policy: unknown keys are errors, and nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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
            f"{value!r} is no role source; use field:account.NAME, field:deal.NAME, "
            "field:prospect.NAME, team:NAME, deal_team:NAME, territory:ROLE, owner:deal, "
            "owner:account, owner:prospect, sending_rep or person:E-MAIL"
        )
    return value


def _channel(value: str) -> str:
    if re.fullmatch(r"[^\s#,@<>]+@[^\s#,@<>]+", value):
        return value.lower()
    if not re.fullmatch(r"#?[^\s#,]{1,80}", value):
        raise ValueError(f"{value!r} is no channel name; write it like '#hot-leads'")
    return "#" + value.lstrip("#")


def _span(value: str) -> str:
    found = _SPAN.fullmatch(value)
    if found is None or span_minutes(value) > MONTH:
        raise ValueError(
            f"{value!r} is no length of time; write it like 30m, 1h or 2d, up to 30 days"
        )
    return value


def _snooze(value: str) -> str:
    return value if value == TOMORROW else _span(value)


def span_minutes(span: str) -> int:
    """The minutes of a length of time such as 30m, 1h or 2d."""
    return int(span[:-1]) * _UNITS[span[-1]][0]


def span_in_words(span: str) -> str:
    """The same for people: “30 minutes”, “1 hour”."""
    number, unit = int(span[:-1]), _UNITS[span[-1]][1]
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def listed(value: object) -> object:
    """One thing written where several may stand."""
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


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
Span = Annotated[str, AfterValidator(_span)]
SnoozeChoice = Annotated[str, AfterValidator(_snooze)]
Email = Annotated[str, AfterValidator(_email)]
RoleSource = Annotated[str, AfterValidator(_source)]
Channel = Annotated[str, AfterValidator(_channel)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
