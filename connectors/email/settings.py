"""The SMTP server by which Hotlead sends, as hotlead.yaml names it. The password is a secret."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from connectors.email.addresses import mailbox
from connectors.http import LOOPBACK_HOSTS


def _sender(text: str) -> str:
    found = mailbox(text)
    if found is None:
        raise ValueError(f"{text!r} is no e-mail address; write it like 'hotlead@acme.com'")
    return found


class SmtpSettings(BaseModel):
    """An SMTP server. Times are seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    host: str = Field(description="Name of the server, such as smtp.acme.com.")
    port: int = Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="none is accepted for this machine alone."
    )
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        description="The address that the message comes from."
    )
    user: str = Field("", description="To log in with HOTLEAD_SMTP_PASSWORD; empty: no login.")
    timeout: float = Field(10.0, gt=0, le=120, description="Seconds to wait for each answer.")
    accept_timeout: float = Field(
        20.0,
        gt=0,
        le=25,
        description="Seconds to wait until the server has taken or refused a whole message.",
    )
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
