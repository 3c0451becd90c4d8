"""What an admin sets for calendars. The addresses of feeds are secrets and lie in another file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

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


class CalendarSettings(BaseModel):
    """Where the feeds stand, and what in them means away."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: Path | None = Field(
        None,
        description="File of lines E-MAIL: ADDRESS, readable by its owner alone, relative to this "
        "file. Without it no calendar is read.",
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
