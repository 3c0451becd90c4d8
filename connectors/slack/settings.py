"""What an admin sets for Slack."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from connectors.http import HttpSettings, check_base_url


def _with_slash(url: str) -> str:
    """The client glues method names to the address, so that it must end with a slash."""
    return check_base_url(url) + "/"


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error}; correct it") from error
    return text


def _emoji(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f":{name.strip(':')}:" for name in names)


AWAY_PATTERN = (
    r"(?<!back from )\b(ooo|out of (the )?office|vacation(ing)?|out sick|pto|on leave|on holiday"
    r"|(annual|parental|maternity|paternity|sick) leave|abwesend|im urlaub|krank)\b"
)


class SlackSettings(BaseModel):
    """Address and limits. ``base_url`` is that of the Web API, without a method name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Annotated[str, AfterValidator(_with_slash)] = Field(
        "https://slack.com/api/", description="Address of the Web API."
    )
    timeout_seconds: float = Field(10.0, gt=0, description="Seconds to wait for an answer.")
    connect_seconds: float = Field(5.0, gt=0, description="Seconds to wait for a connection.")
    longest_wait: float = Field(
        20.0, ge=0, description="Longest Retry-After in seconds that a read waits for in line."
    )
    history_slack_seconds: int = Field(
        60, ge=0, description="How much earlier than the first try a lost message is looked for."
    )
    ping_seconds: float = Field(5.0, gt=0, description="Seconds between pings on the socket.")
    stale_seconds: float = Field(
        30.0, gt=0, description="A socket that was silent for so long is opened anew."
    )

    status: bool = Field(True, description="Whether a Slack status can say that a rep is away.")
    away_emoji: Annotated[tuple[str, ...], AfterValidator(_emoji)] = Field(
        (":palm_tree:", ":face_with_thermometer:"),
        description="Emoji of a status that mean away; Slack's own for vacation and sickness.",
    )
    away_pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        AWAY_PATTERN, description="Regular expression that a status text meets that means away."
    )

    def http(self) -> HttpSettings:
        """The limits in the words of the HTTP seam; retries are made by the Slack client."""
        return HttpSettings(
            connect_timeout=self.connect_seconds,
            read_timeout=self.timeout_seconds,
            longest_wait=self.longest_wait,
        )


class SlackSecrets(BaseModel):
    """The tokens of the app. Without ``app_token`` (xapp-…) buttons cannot be heard."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bot_token: SecretStr
    app_token: SecretStr | None = None
