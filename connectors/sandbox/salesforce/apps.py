"""An External Client App as its admin set it up: which flows, which users, which rules."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

FLOWS = frozenset({"client_credentials", "jwt", "authorization_code", "refresh_token"})


@dataclass(slots=True, kw_only=True)
class ClientApp:
    """The switches of the app's Settings and Policies pages."""

    client_id: str
    client_secret: str
    flows: set[str] = field(default_factory=lambda: set(FLOWS))
    scopes: tuple[str, ...] = ("api", "refresh_token")
    callbacks: tuple[str, ...] = ("http://localhost:8371/callback",)
    certificate: str = ""
    """PEM of the certificate that was uploaded for the JWT flow."""
    run_as: bool = True
    """Whether a Run As user (the org's integration user) was named for client credentials."""
    permitted: Literal["all", "admin_approved"] = "admin_approved"
    approved: set[str] = field(default_factory=set)
    """Ids of the users whom the admin (or, where all are permitted, themselves) approved."""
    require_secret: bool = True
    """For the exchange of a code and the refresh."""
    require_pkce: bool = True
    rotate: bool = False
    """Whether each refresh gives another refresh token, and the old one is no longer good."""
    relaxed_addresses: bool = True
    """False: this machine is outside of the ranges that may log in."""
    asks: bool = True
    """Whether a person is asked; False when they have consented before."""
    code_life: timedelta = timedelta(minutes=15)

    def knows_secret(self, given: str) -> bool:
        """Whether this is the consumer secret."""
        return secrets.compare_digest(given.encode(), self.client_secret.encode())

    def public_key(self) -> RSAPublicKey | None:
        """The key of the uploaded certificate."""
        try:
            key = x509.load_pem_x509_certificate(self.certificate.encode()).public_key()
        except (ValueError, UnsupportedAlgorithm):
            return None
        return key if isinstance(key, RSAPublicKey) else None
