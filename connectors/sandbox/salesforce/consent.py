"""``/services/oauth2/authorize``: the page on which a person consents, and its way back.

A wrong app or callback is told on the page itself; all else goes back to the callback, as
RFC 6749 (4.1.2.1) has it. The person is the org's integration user, logged in already.
"""

from __future__ import annotations

import html
import secrets
from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, RedirectResponse, Response

from connectors.sandbox.salesforce.apps import ClientApp
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.tokens import Code, Tokens

_CHALLENGE = 43
"""Characters of a SHA-256 in base64url."""
_SCOPES = {
    "api": "Manage user data via APIs",
    "refresh_token": "Perform requests at any time",
    "offline_access": "Perform requests at any time",
    "id": "Access the identity URL service",
    "openid": "Access unique user identifiers",
}


class Consent:
    """Asks the person, and sends them back with a code."""

    def __init__(self, org: Org, app: ClientApp, tokens: Tokens) -> None:
        self._org = org
        self._app = app
        self._tokens = tokens

    def answer(self, given: Mapping[str, str]) -> Response:
        """The page, or the redirect once ``save`` (Allow) or ``cancel`` (Deny) was pressed."""
        if given.get("client_id", "") != self._app.client_id:
            return _error("invalid_client_id", "client identifier invalid")
        callback, user = given.get("redirect_uri", ""), self._org.user_id
        if not callback:
            return _error("redirect_uri_missing", "redirect_uri not provided")
        if callback not in self._app.callbacks:
            return _error("redirect_uri_mismatch", "redirect_uri must match configuration")
        wrong = self._wrong(given)
        if wrong:
            return _back(given, error=wrong[0], error_description=wrong[1])
        if "cancel" in given:
            denied = "end-user denied authorization"
            return _back(given, error="access_denied", error_description=denied)
        if self._app.permitted == "admin_approved" and user not in self._app.approved:
            return _error("invalid_app_access", "user is not admin approved to access this app")
        if self._app.asks and "save" not in given:
            return self._page(given)
        return _back(given, code=self._code(given))

    def _wrong(self, given: Mapping[str, str]) -> tuple[str, str] | None:
        if given.get("response_type") != "code":
            return "unsupported_response_type", "response type is not supported"
        if "authorization_code" not in self._app.flows:
            return "unauthorized_client", "authorization code flow not enabled"
        challenge = given.get("code_challenge", "")
        if self._app.require_pkce and not challenge:
            return "invalid_request", "missing required code challenge"
        method = given.get("code_challenge_method", "S256")
        if challenge and (method != "S256" or len(challenge) != _CHALLENGE):
            return "invalid_request", "invalid code challenge"
        if set(_scopes(given, self._app)) - set(self._app.scopes):
            return "invalid_scope", "the requested scope is not allowed"
        return None

    def _code(self, given: Mapping[str, str]) -> str:
        code = f"aPrx{secrets.token_urlsafe(40)}=="
        self._app.approved.add(self._org.user_id)
        self._tokens.codes[code] = Code(
            redirect_uri=given["redirect_uri"],
            challenge=given.get("code_challenge", ""),
            user_id=self._org.user_id,
            scopes=_scopes(given, self._app),
            made_at=self._org.now(),
        )
        return code

    def _page(self, given: Mapping[str, str]) -> Response:
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in given.items()
        )
        wishes = "".join(
            f"<li>{html.escape(_SCOPES.get(one, one))} ({html.escape(one)})</li>"
            for one in _scopes(given, self._app)
        )
        return HTMLResponse(
            "<!doctype html><html lang=en><title>Allow Access?</title>"
            "<h1>Allow Access?</h1><p>The app asks to:</p>"
            f'<ul>{wishes}</ul><form method="post" action="authorize">{hidden}'
            '<button name="save" value="Allow">Allow</button> '
            '<button name="cancel" value="Deny">Deny</button></form></html>'
        )


def _scopes(given: Mapping[str, str], app: ClientApp) -> tuple[str, ...]:
    return tuple(given.get("scope", "").split()) or app.scopes


def _back(given: Mapping[str, str], **found: str) -> Response:
    """To the callback; the state goes back as it came."""
    state = {"state": given["state"]} if given.get("state") else {}
    callback = given["redirect_uri"]
    joint = "&" if "?" in callback else "?"
    return RedirectResponse(f"{callback}{joint}{urlencode({**found, **state})}", status_code=302)


def _error(code: str, description: str) -> Response:
    told = urlencode({"error": code, "error_description": description})
    return HTMLResponse(f"<!doctype html><title>OAuth Error</title><p>{told}</p>", status_code=400)
