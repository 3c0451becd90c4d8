"""Settings and secrets of the Salesforce connector."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)

from connectors.http import check_base_url
from connectors.oauth import RefreshToken

SHARED_HOSTS = ("login.salesforce.com", "test.salesforce.com")
"""Where people of all orgs log in."""

FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]\w*$", max_length=80)]


class SalesforceSettings(BaseModel):
    """Where the org is and how it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    login_url: str = Field(
        description="My Domain address, for example https://acme.my.salesforce.com."
    )
    flow: Literal["client_credentials", "jwt", "refresh_token"] = Field(
        "client_credentials",
        description="How we log in: as the app's Run As user, by a signed assertion for "
        "`username`, or on behalf of the admin who consented.",
    )
    username: str = Field(
        "", max_length=200, description="User that the JWT flow logs in as, such as bot@acme.com."
    )
    audience: str = Field(
        "",
        description="Audience of the JWT; unset: login or test.salesforce.com by the address.",
    )
    api_version: str = Field("66.0", pattern=r"^\d{2,3}\.0$", description="REST API version.")
    overlap_minutes: int = Field(
        10, ge=0, le=1440, description="How far each read goes back behind the last one."
    )
    behind_seconds: int = Field(
        60, ge=0, le=3600, description="How far the watermark stays behind the org's clock."
    )
    evidence_days: int = Field(
        35, ge=1, le=366, description="How far back the first read of tasks and events goes."
    )
    most_at_once: int = Field(
        10, ge=1, le=25, description="Calls at a time; an org allows 25 long ones for all its apps."
    )
    page_size: int = Field(2000, ge=200, le=2000, description="Records of one page.")
    bulk_above: int = Field(
        50_000,
        ge=0,
        description="Records of an object above which a whole read goes by Bulk API 2.0.",
    )
    bulk_poll_seconds: float = Field(
        5.0, gt=0, le=300, description="Seconds between two looks at a bulk job."
    )
    bulk_minutes: float = Field(
        240, gt=0, le=1440, description="How long a bulk job may take before it is given up."
    )
    bulk_page: int = Field(
        50_000, ge=1, le=1_000_000, description="Records of one piece of a bulk job's results."
    )
    formula_minutes: int = Field(
        30,
        ge=1,
        le=1440,
        description="How often formula fields, and names of roles, profiles and accounts, are "
        "read again: Salesforce does not announce their changes.",
    )
    account_fields: tuple[FieldName, ...] = Field(
        (), description="Further Account fields to mirror, by API name."
    )
    field_prefix: FieldName = Field("HLR_", description="Prefix of our own fields on Activity.")

    change_events: bool | Literal["auto"] = Field(
        "auto",
        description="Hear of changes at once (Pub/Sub API); auto: where hotlead[events] is there.",
    )
    pubsub_url: str = Field(
        "", description="Address of the Pub/Sub API; empty: Salesforce's global one."
    )
    change_event_silence: float = Field(
        300.0, gt=0, description="Seconds without a sign of life after which to connect anew."
    )

    @field_validator("pubsub_url")
    @classmethod
    def _is_address_or_empty(cls, value: str) -> str:
        return check_base_url(value) if value else value

    @field_validator("login_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return check_base_url(value)

    @model_validator(mode="after")
    def _flow_is_possible(self) -> Self:
        host = urlsplit(self.login_url).hostname or ""
        if self.flow == "client_credentials" and host in SHARED_HOSTS:
            raise ValueError(
                f"login_url: {host} does not take the client credentials flow; write your My "
                "Domain (Setup > My Domain), like https://acme.my.salesforce.com"
            )
        if self.flow == "jwt" and not self.username:
            raise ValueError(
                "username: is needed by flow: jwt; name the user that Hotlead logs in as"
            )
        return self


class SalesforceSecrets(BaseModel):
    """What the External Client App gave: each flow needs its own part of it.

    ``client_id`` is the consumer key. ``client_secret`` is for client credentials, and for the
    refresh token where the app asks for it. ``private_key`` is a PEM, for the JWT flow.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    client_id: SecretStr
    client_secret: SecretStr | None = None
    private_key: SecretStr | None = None
    refresh_token: RefreshToken | None = Field(None, repr=False)
