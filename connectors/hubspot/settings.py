"""What an admin sets for HubSpot."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from connectors.http import check_base_url
from connectors.oauth import RefreshToken

PropertyName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,99}$")]


class HubspotSettings(BaseModel):
    """Addresses, properties by name, and how far the sync looks back."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Annotated[str, AfterValidator(check_base_url)] = Field(
        "https://api.hubapi.com", description="Address of the API."
    )
    portal_url: Annotated[str, AfterValidator(check_base_url)] = Field(
        "https://app.hubspot.com", description="Where people open records."
    )
    flow: Literal["token", "oauth"] = Field(
        "token",
        description="How we log in: with the token of a service key (or app), or by OAuth.",
    )
    oauth_version: str = Field(
        "2026-03",
        pattern=r"^(v1|v3|20\d\d-(03|09))$",
        description="Version of the OAuth endpoints: /oauth/VERSION/token.",
    )
    api_version: str = Field(
        "v3",
        pattern=r"^(v3|20\d\d-(03|09))$",
        description="Version of all other endpoints: v3 (with v4 for associations) or a date.",
    )
    account_fields: tuple[PropertyName, ...] = Field(
        (), description="Company properties that the policy reads, such as csm_owner."
    )
    manager_property: PropertyName = Field(
        "hlr_manager_owner", description="User property that holds the manager's owner id."
    )
    backup_property: PropertyName = Field(
        "hlr_backup_owner", description="User property that holds the backup's owner id."
    )
    overlap_minutes: float = Field(
        10, ge=1, description="How much of the past is read again, for changes that show up late."
    )
    behind_seconds: float = Field(
        60, ge=0, description="How far the watermark stays behind the newest change seen."
    )
    archive_minutes: float = Field(
        10, ge=0, description="Minutes between two looks into the recycling bin; 0: at each read."
    )
    open_deal_minutes: float = Field(
        10, ge=0, description="Minutes between two reads of every open deal's company."
    )
    calculated_minutes: float = Field(
        60, ge=1, description="Minutes between two reads of properties that HubSpot works out."
    )
    evidence_days: float = Field(
        30, ge=0, description="How far back the first read of e-mails, calls and meetings goes."
    )
    searches_per_second: float = Field(
        4, gt=0, description="HubSpot allows an account 5; the rest is left to other apps."
    )
    create_properties: bool = Field(
        True, description="Add our task properties to the account when they are missing."
    )
    journal: bool | Literal["auto"] = Field(
        "auto",
        description="Read the webhooks journal; auto: where the app's id and secret are set.",
    )
    journal_version: str = Field(
        "2026-03", pattern=r"^\d{4}-\d{2}(-beta)?$", description="Version of the journal's API."
    )
    journal_seconds: float = Field(
        10, gt=0, description="Seconds between two looks into the journal."
    )
    settle_seconds: float = Field(
        10, ge=0, description="How long a change may be told of and not be searchable yet."
    )


class HubspotSecrets(BaseModel):
    """The token of a service key or app; or what an app has for OAuth."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    token: SecretStr | None = None
    client_id: SecretStr | None = None
    client_secret: SecretStr | None = None
    refresh_token: RefreshToken | None = Field(None, repr=False)
