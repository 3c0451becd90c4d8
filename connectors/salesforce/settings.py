"""Settings and secrets of the Salesforce connector."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, field_validator

from connectors.http import check_base_url

FieldName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]\w*$", max_length=80)]


class SalesforceSettings(BaseModel):
    """Where the org is and how it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    login_url: str = Field(
        description="My Domain address, for example https://acme.my.salesforce.com."
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
    page_size: int = Field(2000, ge=200, le=2000, description="Records of one page.")
    account_fields: tuple[FieldName, ...] = Field(
        (), description="Further Account fields to mirror, by API name."
    )
    field_prefix: FieldName = Field("HLR_", description="Prefix of our own fields on Activity.")

    @field_validator("login_url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return check_base_url(value)


class SalesforceSecrets(BaseModel):
    """The consumer key and secret of the External Client App."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: SecretStr
    client_secret: SecretStr
