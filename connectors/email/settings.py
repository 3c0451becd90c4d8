"""The SMTP server by which Hotlead sends, as hotlead.yaml names it. The password is a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.http import LOOPBACK_HOSTS


class SmtpSettings(BaseModel):
    """An SMTP server. Times are seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    host: str = Field(description="Name of the server, such as smtp.acme.com.")
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="none is accepted for this machine alone."
    )
    sender: str = Field(description="The address that the message comes from.")
    user: str = Field("", description="To log in with HOTLEAD_SMTP_PASSWORD; empty: no login.")
    timeout: float = Field(10.0, gt=0, le=120)
    ca_file: Path | None = Field(
        None, strict=False, description="Certificates to trust besides the system's (PEM)."
    )

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.security == "none" and self.host not in LOOPBACK_HOSTS:
            raise ValueError(
                "security: none would send the message and the password in the clear; "
                "write starttls or tls"
            )
        return self
