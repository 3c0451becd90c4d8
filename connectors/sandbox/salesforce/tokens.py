"""``/services/oauth2/token`` and ``/revoke``: sessions by each grant, and their end."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt

from connectors.oauth import s256
from connectors.sandbox.salesforce.apps import ClientApp
from connectors.sandbox.salesforce.call import Reply
from connectors.sandbox.salesforce.org import Org

LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_ASSERTION = timedelta(minutes=3)
_SKEW = timedelta(seconds=30)


class Denied(Exception):
    """A refusal of the token endpoint: RFC 6749's code and Salesforce's description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.reply = Reply(400, {"error": error, "error_description": description})


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a person consented to, until the code is exchanged."""

    redirect_uri: str
    challenge: str
    user_id: str
    scopes: tuple[str, ...]
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Consent:
    user_id: str
    scopes: tuple[str, ...]


class Tokens:
    """The living sessions, codes and refresh tokens of one app."""

    def __init__(self, org: Org, app: ClientApp) -> None:
        self._org = org
        self._app = app
        self._living: dict[str, str] = {}
        """Session → the refresh token that it came with, or ''."""
        self.codes: dict[str, Code] = {}
        self._refresh: dict[str, _Consent] = {}
        self.issued = 0

    def token(self, form: Mapping[str, str], headers: Mapping[str, str], host: str) -> Reply:
        """Answer a token request; ``host`` is the address that the client used."""
        grants = {
            "client_credentials": self._client_credentials,
            _JWT_BEARER: self._assertion,
            "authorization_code": self._code,
            "refresh_token": self._refreshed,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            return Denied("unsupported_grant_type", "grant type not supported").reply
        given = dict(form)
        basic = _basic(headers)
        if basic is not None:
            given["client_id"], given["client_secret"] = basic
        try:
            return Reply(body=grant(given, host))
        except Denied as denied:
            return denied.reply

    def revoke(self, form: Mapping[str, str]) -> bool:
        """End a session, or a refresh token with all its sessions; False for neither."""
        token = form.get("token", "")
        if token in self._refresh:
            del self._refresh[token]
            self._living = {one: of for one, of in self._living.items() if of != token}
            return True
        return self._living.pop(token, None) is not None

    def knows(self, headers: Mapping[str, str]) -> bool:
        """Whether the call carries a living session."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        return kind.lower() in ("bearer", "oauth") and token in self._living

    def expire(self) -> None:
        """End every session."""
        self._living.clear()

    def consent(self, user_id: str) -> str:
        """A refresh token, as a user has it who consented to the app some time ago."""
        return self._keep(_Consent(user_id=user_id, scopes=self._app.scopes))

    def forget_refresh(self) -> None:
        """Revoke every refresh token, as an admin may under OAuth Usage."""
        self._refresh.clear()

    def _client_credentials(self, form: Mapping[str, str], host: str) -> dict[str, Any]:
        if urlsplit(host).hostname in LOGIN_HOSTS:
            raise Denied("invalid_grant", "request not supported on this domain")
        self._known(form)
        self._secret(form)
        if "client_credentials" not in self._app.flows or not self._app.run_as:
            raise Denied("invalid_grant", "no client credentials user enabled")
        self._admit(self._org.user_id)
        return self._session(host, self._org.user_id, _without_refresh(self._app.scopes))

    def _assertion(self, form: Mapping[str, str], host: str) -> dict[str, Any]:
        claims = self._verified(form.get("assertion", ""), host)
        user_id = self._user(str(claims.get("sub", "")))
        if not user_id or (self._app.permitted == "all" and user_id not in self._app.approved):
            raise Denied("invalid_grant", "user hasn't approved this consumer")
        self._admit(user_id)
        return self._session(host, user_id, _without_refresh(self._app.scopes))

    def _verified(self, assertion: str, host: str) -> dict[str, Any]:
        key = self._app.public_key()
        try:
            unproven = jwt.decode(assertion, options={"verify_signature": False})
            self._known({"client_id": str(unproven.get("iss", ""))})
            if key is None or "jwt" not in self._app.flows:
                raise Denied("invalid_grant", "invalid assertion")
            claims = jwt.decode(
                assertion,
                key,
                algorithms=["RS256"],
                options={  # by the org's own clock and addresses, below
                    "verify_aud": False,
                    "verify_exp": False,
                    "require": ["iss", "sub", "exp"],
                },
            )
            left = datetime.fromtimestamp(float(claims["exp"]), self._org.now().tzinfo)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Denied("invalid_grant", "invalid assertion") from error
        audiences = claims.get("aud")
        if not {host, *self._shared()} & set(_listed(audiences)):
            raise Denied("invalid_grant", "Audience validation failed")
        if left + _SKEW < self._org.now():
            raise Denied("invalid_grant", "token validity expired")
        if left - _SKEW > self._org.now() + _LONGEST_ASSERTION:
            raise Denied("invalid_grant", "invalid assertion")
        return dict(claims)

    def _shared(self) -> set[str]:
        return {f"https://{LOGIN_HOSTS[1 if self._org.is_sandbox else 0]}"}

    def _code(self, form: Mapping[str, str], host: str) -> dict[str, Any]:
        self._known(form)
        self._secret(form)
        code = self.codes.pop(form.get("code", ""), None)
        if code is None:
            raise Denied("invalid_grant", "invalid authorization code")
        if self._org.now() - code.made_at > self._app.code_life:
            raise Denied("invalid_grant", "expired authorization code")
        if form.get("redirect_uri") != code.redirect_uri:
            raise Denied("redirect_uri_mismatch", "redirect_uri must match configuration")
        if code.challenge and s256(form.get("code_verifier", "")) != code.challenge:
            raise Denied("invalid_grant", "invalid code verifier")
        self._admit(code.user_id)
        refresh = ""
        if "refresh_token" in code.scopes:
            refresh = self._keep(_Consent(user_id=code.user_id, scopes=code.scopes))
        session = self._session(host, code.user_id, code.scopes, refresh)
        return session | ({"refresh_token": refresh} if refresh else {})

    def _refreshed(self, form: Mapping[str, str], host: str) -> dict[str, Any]:
        self._known(form)
        self._secret(form)
        old = form.get("refresh_token", "")
        consent = self._refresh.get(old)
        if consent is None or "refresh_token" not in self._app.flows:
            raise Denied("invalid_grant", "expired access/refresh token")
        self._admit(consent.user_id)
        if not self._app.rotate:
            return self._session(host, consent.user_id, consent.scopes, old)
        del self._refresh[old]
        new = self._keep(consent)
        return self._session(host, consent.user_id, consent.scopes, new) | {"refresh_token": new}

    def _known(self, form: Mapping[str, str]) -> None:
        if form.get("client_id", "") != self._app.client_id:
            raise Denied("invalid_client_id", "client identifier invalid")

    def _secret(self, form: Mapping[str, str]) -> None:
        given = form.get("client_secret", "")
        demanded = self._app.require_secret or form["grant_type"] == "client_credentials"
        if (given or demanded) and not self._app.knows_secret(given):
            raise Denied("invalid_client", "invalid client credentials")

    def _user(self, username: str) -> str:
        rows = self._org.table("User").rows
        named = (key for key, row in rows.items() if _same(row.get("Username"), username))
        return next(named, "")

    def _admit(self, user_id: str) -> None:
        user = self._org.table("User").rows.get(user_id)
        if user is not None and not user.get("IsActive"):
            raise Denied("invalid_grant", "inactive user")
        if user_id not in self._app.approved:
            raise Denied("invalid_app_access", "user is not admin approved to access this app")
        if not self._app.relaxed_addresses:
            raise Denied("invalid_grant", "ip restricted")

    def _keep(self, consent: _Consent) -> str:
        token = f"5Aep861{secrets.token_urlsafe(48)}"
        self._refresh[token] = consent
        return token

    def _session(
        self, host: str, user_id: str, scopes: tuple[str, ...], refresh: str = ""
    ) -> dict[str, Any]:
        token = f"{self._org.org_id[:15]}!{secrets.token_urlsafe(72)}"
        self._living[token] = refresh
        self.issued += 1
        return {
            "access_token": token,
            "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
            "scope": " ".join(scopes),
            "instance_url": host,
            "id": f"{host}/id/{self._org.org_id}/{user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(self._org.now().timestamp() * 1000)),
        }


def _without_refresh(scopes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(one for one in scopes if one not in ("refresh_token", "offline_access"))


def _same(username: object, given: str) -> bool:
    return isinstance(username, str) and username.lower() == given.lower()


def _listed(audience: object) -> list[str]:
    found = audience if isinstance(audience, list) else [audience]
    return [str(one) for one in found]


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    kind, _, encoded = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return name, secret
