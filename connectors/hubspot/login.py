"""Who we are to HubSpot: a token that stays, or access tokens of half an hour by OAuth.

https://developers.hubspot.com/docs/api-reference/latest/authentication/manage-oauth-tokens
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import urllib3
from pydantic import SecretStr

from connectors.errors import AuthError, ConnectorError
from connectors.http import HttpSettings, retry_policy
from connectors.hubspot.errors import told
from connectors.hubspot.login_errors import no_log_in, refused
from connectors.hubspot.settings import HubspotSecrets, HubspotSettings
from connectors.oauth import Consent, Grant, Refreshing, Refusals, address, plain

SCOPES = (
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.deals.read",
    "crm.objects.owners.read",
)
"""Without these there is no mirror or no task."""
OPTIONAL_SCOPES = (
    "crm.objects.users.read",
    "crm.objects.leads.read",
    "crm.objects.custom.read",
    "crm.schemas.custom.read",
    "sales-email-read",
    "crm.schemas.contacts.write",
)
"""Each of them switches something on; an account that cannot give one still connects."""
_MARGIN = timedelta(minutes=5)
"""How long before its end an access token is renewed: longer than any call may take."""
_WHAT = "logging in to HubSpot"
REFUSED = (
    "HubSpot refuses a token that it has just given; run: hotlead connect hubspot, and install the "
    "app again"
)


_Send = Callable[[str, Mapping[str, str]], urllib3.BaseHTTPResponse]
"""Posts a form to an address."""


def authorize_url(
    settings: HubspotSettings,
    client_id: str,
    redirect_uri: str,
    *,
    state: str,
    scopes: Sequence[str] = SCOPES,
    optional_scopes: Sequence[str] = OPTIONAL_SCOPES,
) -> str:
    """Where a person installs the app; their browser then comes to ``redirect_uri`` with a code.

    ``redirect_uri`` and all scopes must stand in the app's configuration.
    """
    return address(
        f"{settings.portal_url}/oauth/authorize",
        {
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "optional_scope": " ".join(optional_scopes),
            "state": state,
        },
    )


def exchange_code(
    settings: HubspotSettings,
    secrets: HubspotSecrets,
    http: HttpSettings,
    *,
    code: str,
    redirect_uri: str,
) -> Grant:
    """The grant for the code that came back; its refresh token is the caller's to save.

    Raises ConnectorError; RefusedGrantError when the code is old or used.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "client_id": plain(secrets.client_id),
        "client_secret": plain(secrets.client_secret),
    }
    with urllib3.PoolManager(retries=retry_policy(http, reading=False)) as pool:
        grant = _ask(settings, _sender(pool, http), form)
    if grant.refresh_token is None:
        raise no_log_in(200)
    return grant


@dataclass(frozen=True, slots=True)
class _Consent:
    settings: HubspotSettings
    secrets: HubspotSecrets
    http: HttpSettings

    def address(self, redirect_uri: str, state: str, challenge: str) -> str:  # noqa: ARG002
        # HubSpot takes no challenge: the client secret proves who exchanges the code.
        return authorize_url(
            self.settings, plain(self.secrets.client_id), redirect_uri, state=state
        )

    def exchange(
        self,
        code: str,
        redirect_uri: str,
        verifier: SecretStr,  # noqa: ARG002
    ) -> Grant:
        return exchange_code(
            self.settings, self.secrets, self.http, code=code, redirect_uri=redirect_uri
        )


def consent(settings: HubspotSettings, secrets: HubspotSecrets, http: HttpSettings) -> Consent:
    """How a person lets us in to the account."""
    return _Consent(settings, secrets, http)


class Login:
    """Gives every call its token. ``now`` tells our time. Serves several threads."""

    def __init__(
        self,
        settings: HubspotSettings,
        secrets: HubspotSecrets,
        http: HttpSettings,
        pool: urllib3.PoolManager,
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._send = _sender(pool, http)
        self._now = now
        self._lock = threading.Lock()
        self._access: str | None = None
        self._until = now()
        self._refusals = Refusals()
        missing = AuthError(
            "there is no refresh token for HubSpot",
            mend="run: hotlead connect hubspot, and install the app again",
        )
        self._missing = missing
        self._refreshing = (
            Refreshing(secrets.refresh_token, self._refresh, missing)
            if secrets.refresh_token is not None
            else None
        )

    @property
    def renews(self) -> bool:
        """Whether a refused token can be replaced by another."""
        return self._settings.flow == "oauth"

    def token(self) -> str:
        """The token for a call now. Raises ConnectorError when a new one was needed and refused."""
        if not self.renews:
            return plain(self._secrets.token)
        with self._lock:
            if self._access is None or self._now() >= self._until:
                return self._renew()
            return self._access

    def renew(self, refused_token: str) -> str:
        """Another token in place of one that was refused: of several threads one fetches it."""
        with self._lock:
            if self._access is None or self._access == refused_token:
                return self._renew()
            return self._access

    def _renew(self) -> str:
        if self._refreshing is None:
            raise self._missing
        self._access = None
        asked_at = self._now()
        grant = self._refreshing.grant()
        life = timedelta(seconds=grant.expires_in or 0)
        self._until = asked_at + max(life - _MARGIN, life / 2)
        self._access = grant.access_token.get_secret_value()
        return self._access

    def _refresh(self, token: str) -> Grant:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "client_id": plain(self._secrets.client_id),
            "client_secret": plain(self._secrets.client_secret),
        }
        self._refusals.repeat(token)
        try:
            return _ask(self._settings, self._send, form)
        except ConnectorError as error:
            self._refusals.note(token, error)
            raise


def _sender(pool: urllib3.PoolManager, http: HttpSettings) -> _Send:
    limits = urllib3.Timeout(connect=http.connect_timeout, read=http.read_timeout)

    def send(url: str, form: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        return pool.request(
            "POST", url, fields=dict(form), encode_multipart=False, timeout=limits, redirect=False
        )

    return send


def _ask(settings: HubspotSettings, send: _Send, form: Mapping[str, str]) -> Grant:
    """The grant for a form. Raises ConnectorError, whose text holds nothing of what was sent."""
    url = f"{settings.base_url}/oauth/{settings.oauth_version}/token"
    try:
        with told(_WHAT):
            answer = send(url, form)
    except ConnectorError as error:
        raise error from None
    found = _json(answer.data)
    if answer.status != 200:
        sent = [value for name, value in form.items() if name != "grant_type"]
        raise refused(answer.status, found, answer.headers, hidden=sent)
    return _grant(found)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _grant(found: Any) -> Grant:
    given = found if isinstance(found, dict) else {}
    access, refresh, life = (
        given.get(name) for name in ("access_token", "refresh_token", "expires_in")
    )
    if not isinstance(access, str) or not access or not isinstance(life, int | float):
        raise no_log_in(200)
    scopes = given.get("scopes")
    return Grant(
        access_token=SecretStr(access),
        refresh_token=SecretStr(refresh) if isinstance(refresh, str) and refresh else None,
        account=str(given.get("hub_id") or ""),
        user=str(given.get("user_id") or ""),
        scopes=tuple(str(one) for one in scopes) if isinstance(scopes, list) else (),
        expires_in=float(life),
    )
