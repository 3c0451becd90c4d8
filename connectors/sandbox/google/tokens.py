"""Tokens for a service account that proves itself by a signed assertion.

https://developers.google.com/identity/protocols/oauth2/service-account
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import jwt

from connectors.sandbox.google.errors import TokenError

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
KNOWN_SCOPES = frozenset(
    "https://www.googleapis.com/auth/" + name
    for name in (
        "calendar",
        "calendar.readonly",
        "calendar.events",
        "calendar.events.readonly",
        "calendar.freebusy",
        "drive.readonly",
    )
)
_LONGEST = timedelta(hours=1)
_SKEW = timedelta(minutes=5)


@dataclass(slots=True)
class Account:
    """The service account; ``delegated`` are the scopes by which it may act for the domain."""

    email: str
    public_key: str
    delegated: frozenset[str] = frozenset()
    exists: bool = True


@dataclass(frozen=True, slots=True)
class Session:
    """What a token is good for. ``user`` is '' for the service account itself."""

    user: str
    scopes: frozenset[str]
    until: datetime


@dataclass(slots=True)
class Tokens:
    """The tokens that were given."""

    account: Account
    living: dict[str, Session] = field(default_factory=dict)
    given: int = 0

    def grant(
        self, form: Mapping[str, str], audience: str, users: Mapping[str, Any], now: datetime
    ) -> dict[str, Any]:
        """A token for a form. Raises TokenError."""
        if form.get("grant_type") != JWT_BEARER:
            kind = form.get("grant_type", "")
            raise TokenError(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")
        claims = self._verified(form.get("assertion", ""), audience, now)
        scopes = frozenset(str(claims.get("scope", "")).split())
        if not scopes:
            raise TokenError(400, "invalid_scope", "Empty or missing scope not allowed.")
        if not scopes <= KNOWN_SCOPES:
            told = "Invalid OAuth scope or ID token audience provided."
            raise TokenError(400, "invalid_scope", told)
        user = str(claims.get("sub", ""))
        if user:
            self._may_act_for(user.lower(), scopes, users)
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self.living[token] = Session(user.lower(), scopes, now + _LONGEST)
        self.given += 1
        return {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}

    def session(self, header: str, now: datetime) -> Session | None:
        """The session of an Authorization header, if it is a living one."""
        kind, _, token = header.partition(" ")
        found = self.living.get(token) if kind.lower() == "bearer" else None
        return found if found is not None and found.until > now else None

    def _verified(self, assertion: str, audience: str, now: datetime) -> dict[str, Any]:
        try:
            unproven = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.PyJWTError as error:
            raise TokenError(400, "invalid_grant", "Invalid JWT.") from error
        if unproven.get("iss") != self.account.email or not self.account.exists:
            raise TokenError(400, "invalid_grant", "Invalid grant: account not found")
        try:
            key = self.account.public_key
            claims = jwt.decode(
                assertion,
                key,
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_iat": False},
            )
        except jwt.PyJWTError as error:
            raise TokenError(400, "invalid_grant", "Invalid JWT Signature.") from error
        if claims.get("aud") != audience:
            told = f"Invalid JWT: Failed audience check. The right audience is {audience}"
            raise TokenError(400, "invalid_grant", told)
        self._in_time(claims, now)
        return dict(claims)

    @staticmethod
    def _in_time(claims: Mapping[str, Any], now: datetime) -> None:
        try:
            made, ends = (datetime.fromtimestamp(claims[one], now.tzinfo) for one in ("iat", "exp"))
        except (KeyError, TypeError, ValueError):
            made = ends = now - 2 * _SKEW
        if made > now + _SKEW or ends < now or ends - made > _LONGEST:
            told = (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim."
            )
            raise TokenError(400, "invalid_grant", told)

    def _may_act_for(self, user: str, scopes: frozenset[str], users: Mapping[str, Any]) -> None:
        if not scopes <= self.account.delegated:
            told = (
                "Client is unauthorized to retrieve access tokens using this method, or client "
                "not authorized for any of the scopes requested."
            )
            raise TokenError(401, "unauthorized_client", told)
        if user not in users:
            raise TokenError(400, "invalid_grant", "Invalid email or User ID")
