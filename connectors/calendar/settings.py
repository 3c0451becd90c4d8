"""What an admin sets for calendars. The addresses of feeds are secrets and lie in another file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from connectors.http import check_base_url

AWAY_PATTERN = (
    r"\b(ooo|out of (the )?office|vacation|annual leave|parental leave|sick leave|on leave|pto"
    r"|abwesend|urlaub|krank)\b"
)


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}; correct it") from error
    return text


_EMAIL = r"^[^@\s]+@[^@\s]+$"


def _emails(given: object) -> tuple[str, ...]:
    """E-mails in lower case."""
    if not isinstance(given, (list, tuple)):
        raise ValueError("it is no list of e-mails; write [ann@example.com]")
    for one in given:
        if not isinstance(one, str) or not re.match(_EMAIL, one):
            raise ValueError(f"{one!r} is no e-mail; write one like ann@example.com")
    return tuple(one.lower() for one in given)


def _chosen(given: object) -> object:
    if isinstance(given, str) and given != "everybody":
        raise ValueError(f"{given!r} is nobody; write everybody, or a list of e-mails")
    return given if given == "everybody" else _emails(given)


Email = Annotated[str, Field(pattern=_EMAIL)]
Emails = Annotated[tuple[Email, ...], BeforeValidator(_emails)]
Chosen = Annotated[Literal["everybody"] | tuple[Email, ...], BeforeValidator(_chosen)]
BaseUrl = Annotated[str, AfterValidator(check_base_url)]


class _Vendor(BaseModel):
    """What both vendors' calendars have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: Chosen = Field(
        "everybody", description="Whose calendars are read: everybody, or a list of e-mails."
    )
    except_people: Emails = Field(
        (), description="Who has no such calendar although everybody else has, by e-mail."
    )
    all_day_busy: bool = Field(
        False, description="Days that are busy as a whole mean away, whatever their title."
    )

    @model_validator(mode="after")
    def _is_everybody_without_some(self) -> Self:
        if self.except_people and self.people != "everybody":
            raise ValueError("except_people goes with people: everybody; leave these people out")
        return self


class GoogleSettings(_Vendor):
    """Google Calendar, read by a service account."""

    client_email: Email = Field(
        description="E-mail of the service account: client_email in its key file."
    )
    delegation: bool = Field(
        True,
        description="The service account may act for everybody of the domain; without, each "
        "calendar must be shared with it.",
    )
    api_url: BaseUrl = Field(
        "https://www.googleapis.com/calendar/v3", description="Address of the API."
    )
    token_url: BaseUrl = Field(
        "https://oauth2.googleapis.com/token", description="Where tokens are given."
    )


class OutlookSettings(_Vendor):
    """Outlook calendars of Microsoft 365, read through Microsoft Graph."""

    tenant: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]*$", description="Directory (tenant) id, or its domain."
    )
    client_id: str = Field(
        pattern=r"^[0-9A-Fa-f-]{36}$", description="Application (client) id of the app."
    )
    automatic_replies: bool = Field(
        True, description="Automatic replies that are switched on mean away, too."
    )
    api_url: BaseUrl = Field("https://graph.microsoft.com/v1.0", description="Address of Graph.")
    login_url: BaseUrl = Field(
        "https://login.microsoftonline.com", description="Where tokens are given."
    )


class CalendarSettings(BaseModel):
    """Which calendars are read, where the feeds stand, and what means away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = Field(
        None,
        description="File of lines E-MAIL: ADDRESS, readable by its owner alone, relative to this "
        "file. Without it no feed is read.",
    )
    google: GoogleSettings | None = Field(None, description="Google Calendar, by its API.")
    outlook: OutlookSettings | None = Field(
        None, description="Outlook calendars, by Microsoft Graph."
    )
    away_pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        AWAY_PATTERN, description="Regular expression of titles and categories that mean away."
    )
    largest_mb: float = Field(10.0, gt=0, le=100, description="A larger feed is not read, in MB.")
    seconds: float = Field(15.0, gt=0, le=120, description="A slower feed is not read.")
    days: int = Field(45, ge=1, le=366, description="How far ahead absences are looked for.")
    allow_loopback: bool = Field(
        False, description="Also read http feeds of this machine itself; for trials only."
    )
