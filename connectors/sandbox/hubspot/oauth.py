"""``/oauth/authorize`` and ``/oauth/{version}/token``: an app that is installed, and its tokens."""

from __future__ import annotations

import html
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from connectors.sandbox.hubspot.errors import HubspotError, missing_scopes
from connectors.sandbox.hubspot.portal import PORTAL_ID, Portal

VERSIONS = ("v1", "v3", "2026-03", "2026-09")
_CODE_LIFE = 5 * 60_000
_USER_ID = 9586504


@dataclass(slots=True, kw_only=True)
class InstalledApp:
    """The app as its developer configured it; lives are in seconds."""

    client_id: str = "0c6a1b7e-sandbox-client"
    client_secret: str = "5f0e8d2a-sandbox-secret"  # noqa: S105 - opens the sandbox only
    redirects: tuple[str, ...] = ("http://localhost:8371/callback",)
    scopes: frozenset[str] | None = None
    """The scopes that the app may ask for; None: all that the account has."""
    asks: bool = True
    """Whether a person is asked; False when they have installed the app before."""
    rotate: bool = False
    """Whether each refresh gives another refresh token, and the old one is no longer good."""
    access_life: int = 1800
    developer_scopes: frozenset[str] = frozenset()
    """The scopes of the app itself, which no account gives, such as those of the journal."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What one access token may do, and until when (epoch ms)."""

    scopes: frozenset[str]
    until: int


@dataclass(frozen=True, slots=True)
class _Code:
    redirect: str
    scopes: frozenset[str]
    until: int


@dataclass(slots=True)
class OAuth:
    """The codes and tokens of one app in one account. ``refreshes`` counts access tokens given."""

    portal: Portal
    app: InstalledApp = field(default_factory=InstalledApp)
    refreshes: int = 0
    _codes: dict[str, _Code] = field(default_factory=dict)
    _refresh: dict[str, frozenset[str]] = field(default_factory=dict)
    _access: dict[str, Granted] = field(default_factory=dict)

    def find(self, token: str) -> Granted | None:
        """What an access token is good for; a refusal when its time is over."""
        granted = self._access.get(token)
        if granted is not None and granted.until <= self.portal.stamp():
            raise expired((self.portal.stamp() - granted.until) // 1000)
        return granted

    def uninstall(self) -> None:
        """Take the app out of the account: no token of it is good any more."""
        self._refresh.clear()
        self._access.clear()

    def end_access(self) -> None:
        """Make every access token one that was never given."""
        self._access.clear()

    def authorize(self, given: Mapping[str, str]) -> Response:
        """The page, or the way back once a button was pressed. Wrong addresses stay on the page."""
        if given.get("client_id") != self.app.client_id:
            return _page("Authorization failed: the client id is missing or unknown", 400)
        if given.get("redirect_uri") not in self.app.redirects:
            return _page("Authorization failed: redirect URL mismatch", 400)
        allowed = self.app.scopes
        wanted = frozenset(given.get("scope", "").split()) - {"oauth"}
        optional = frozenset(given.get("optional_scope", "").split()) - {"oauth"}
        if allowed is not None and (wanted | optional) - allowed:
            return _page("Authorization failed: the scopes do not match those of the app", 400)
        lacking = wanted - self.portal.scopes
        if lacking:
            named = ", ".join(sorted(lacking))
            return _page(f"Authorization failed: this account cannot give {named}", 400)
        if "cancel" in given:
            return _back(given, error="access_denied", error_description="User denied access")
        if self.app.asks and "save" not in given:
            return _page("Connect Hotlead to HubSpot", 200, given)
        code = secrets.token_hex(16)
        scopes = wanted | (optional & self.portal.scopes)
        until = self.portal.stamp() + _CODE_LIFE
        self._codes[code] = _Code(given["redirect_uri"], scopes, until)
        return _back(given, code=code)

    def token(self, form: Mapping[str, str], version: str) -> tuple[int, dict[str, Any]]:
        """Answer a request for tokens. Raises the API's refusal."""
        refuse = _refusals(version)
        grants = {"authorization_code": self._exchange, "refresh_token": self._renew}
        grant = grants.get(form.get("grant_type", ""))
        own = form.get("grant_type") == "client_credentials" and version not in ("v1", "v3")
        if grant is None and not own:
            raise refuse("unsupported_grant_type", "BAD_GRANT_TYPE", "grant type is not supported")
        if form.get("client_id") != self.app.client_id:
            raise refuse("invalid_client", "BAD_CLIENT_ID", "missing or unknown client id")
        given = form.get("client_secret", "")
        if not secrets.compare_digest(given.encode(), self.app.client_secret.encode()):
            raise refuse("invalid_client", "BAD_CLIENT_SECRET", "missing or invalid client secret")
        if grant is None:
            return 200, self._for_the_app(frozenset(form.get("scope", "").split()))
        refresh, scopes = grant(form, refuse)
        return 200, self._tokens(refresh, scopes)

    def _for_the_app(self, scopes: frozenset[str]) -> dict[str, Any]:
        """A token that speaks for the app and for no account. Raises the API's refusal."""
        lacking = sorted(scopes - self.app.developer_scopes)
        if lacking or not scopes:
            raise missing_scopes(lacking)
        access = secrets.token_urlsafe(90)
        until = self.portal.stamp() + self.app.access_life * 1000
        self._access[access] = Granted(scopes, until)
        return {
            "token_type": "bearer",
            "access_token": access,
            "expires_in": self.app.access_life,
            "token_use": "client_credentials",
        }

    def _exchange(
        self, form: Mapping[str, str], refuse: Callable[..., HubspotError]
    ) -> tuple[str, frozenset[str]]:
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or code.until <= self.portal.stamp():
            raise refuse("invalid_grant", "BAD_AUTH_CODE", "missing or unknown auth code")
        if form.get("redirect_uri") != code.redirect:
            raise refuse("invalid_grant", "BAD_REDIRECT_URI", "redirect URI mismatch")
        return self._keep(code.scopes), code.scopes

    def _renew(
        self, form: Mapping[str, str], refuse: Callable[..., HubspotError]
    ) -> tuple[str, frozenset[str]]:
        old = form.get("refresh_token", "")
        scopes = self._refresh.get(old)
        if scopes is None:
            said = "refresh token is invalid, expired or revoked"
            raise refuse("invalid_grant", "BAD_REFRESH_TOKEN", said)
        if not self.app.rotate:
            return old, scopes
        del self._refresh[old]
        return self._keep(scopes), scopes

    def _keep(self, scopes: frozenset[str]) -> str:
        token = f"na1-{secrets.token_hex(18)}"
        self._refresh[token] = scopes
        return token

    def _tokens(self, refresh: str, scopes: frozenset[str]) -> dict[str, Any]:
        self.refreshes += 1
        access = secrets.token_urlsafe(90)
        until = self.portal.stamp() + self.app.access_life * 1000
        self._access[access] = Granted(scopes, until)
        return {
            "token_type": "bearer",
            "refresh_token": refresh,
            "access_token": access,
            "hub_id": PORTAL_ID,
            "scopes": sorted({"oauth", *scopes}),
            "user_id": _USER_ID,
            "expires_in": self.app.access_life,
        }


def expired(seconds: int) -> HubspotError:
    """401: an access token whose half hour is over."""
    message = f"The OAuth token used to make this call expired {seconds} second(s) ago."
    return HubspotError(401, {"message": message, "category": "EXPIRED_AUTHENTICATION"})


def _refusals(version: str) -> Callable[[str, str, str], HubspotError]:
    """The oldest endpoints know HubSpot's own words only."""

    def refuse(error: str, status: str, message: str) -> HubspotError:
        body = {"status": status, "message": message}
        if version != "v1":
            body |= {"error": error, "error_description": message}
        return HubspotError(400, body)

    return refuse


def _back(given: Mapping[str, str], **found: str) -> Response:
    state = {"state": given["state"]} if given.get("state") else {}
    callback = given["redirect_uri"]
    joint = "&" if "?" in callback else "?"
    return RedirectResponse(f"{callback}{joint}{urlencode({**found, **state})}", status_code=302)


def _page(said: str, status: int, given: Mapping[str, str] | None = None) -> Response:
    hidden = "".join(
        f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
        for name, value in (given or {}).items()
    )
    buttons = '<button name="save" value="1">Connect app</button> '
    buttons += '<button name="cancel" value="1">Cancel</button>'
    form = f'<form method="post" action="authorize">{hidden}{buttons}</form>' if given else ""
    page = f"<!doctype html><html lang=en><title>HubSpot</title><h1>{html.escape(said)}</h1>{form}"
    return HTMLResponse(f"{page}</html>", status_code=status)
