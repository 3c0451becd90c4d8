"""Settings of the HubSpot connector."""
from __future__ import annotations
from pydantic import BaseModel, ConfigDict, SecretStr
class HubspotSettings(BaseModel):
    """Placeholder."""
    model_config = ConfigDict(extra="forbid", frozen=True)
    base_url: str = "https://api.hubapi.com"
    account_fields: tuple[str, ...] = ()
class HubspotSecrets(BaseModel):
    """Placeholder."""
    token: SecretStr
