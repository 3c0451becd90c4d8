"""Tokens for an app that proves itself by its client secret.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.microsoft.errors import EntraError

_LIFE = timedelta(seconds=3599)


@dataclass(slots=True)
class App:
    """The app of the tenant, with the permissions to which an admin consented."""

    tenant: str
    client_id: str
    secret: str
    granted: frozenset[str] = frozenset({"Calendars.Read", "MailboxSettings.Read"})
    secret_expired: bool = False


@dataclass(slots=True)
class Tokens:
    """The tokens that were given; each is good for what was granted when it was."""

    app: App
    living: dict[str, tuple[datetime, frozenset[str]]] = field(default_factory=dict)
    given: int = 0

    def grant(
        self, tenant: str, form: Mapping[str, str], resources: Collection[str], now: datetime
    ) -> dict[str, Any]:
        """A token for a form; ``resources`` are what Graph is called. Raises EntraError."""
        app = self.app
        if tenant.lower() != app.tenant.lower():
            told = f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID"
            raise EntraError(400, "invalid_request", 90002, told)
        if form.get("grant_type") != "client_credentials":
            told = f"The app requested an unsupported grant type '{form.get('grant_type', '')}'."
            raise EntraError(400, "unsupported_grant_type", 70003, told)
        if form.get("client_id", "").lower() != app.client_id.lower():
            told = f"Application with identifier '{form.get('client_id', '')}' was not found in the"
            raise EntraError(400, "unauthorized_client", 700016, f"{told} directory '{tenant}'.")
        self._secret(form.get("client_secret", ""))
        resource, _, rest = form.get("scope", "").rpartition("/")
        if rest != ".default":
            told = "The provided value for scope is not valid. Client credential flows must have a"
            raise EntraError(400, "invalid_scope", 1002012, f"{told} scope value with /.default")
        if resource not in resources:
            told = f"The resource principal named {resource} was not found in the tenant."
            raise EntraError(400, "invalid_resource", 500011, told)
        token = f"eyJ0.{secrets.token_urlsafe(32)}.sig"
        self.living[token] = now + _LIFE, app.granted
        self.given += 1
        seconds = int(_LIFE.total_seconds())
        return {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": token,
        }

    def permissions(self, header: str, now: datetime) -> frozenset[str] | None:
        """What the token of an Authorization header may do; None for one that is not good."""
        kind, _, token = header.partition(" ")
        until, granted = self.living.get(token, (now, frozenset()))
        return granted if kind.lower() == "bearer" and until > now else None

    def _secret(self, given: str) -> None:
        if not given:
            told = "The request body must contain: 'client_assertion' or 'client_secret'."
            raise EntraError(401, "invalid_client", 7000216, told)
        if not secrets.compare_digest(given, self.app.secret):
            told = "Invalid client secret provided. Ensure the secret being sent in the request is"
            raise EntraError(
                401,
                "invalid_client",
                7000215,
                f"{told} the client secret value, not the client secret ID.",
            )
        if self.app.secret_expired:
            told = "The provided client secret keys for app are expired."
            raise EntraError(401, "invalid_client", 7000222, told)
