"""Every way to log in: client credentials, a signed assertion (JWT), or a person's consent.

User name and password are none of them: Salesforce retires both log-ins that take them.
https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flows.htm
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from connectors.errors import AuthError, ConfigError
from connectors.http import CallCounter, HttpSettings, Seam, session
from connectors.oauth import Consent, Grant, Refreshing, address, plain
from connectors.salesforce.settings import SHARED_HOSTS, SalesforceSecrets, SalesforceSettings
from connectors.salesforce.token_endpoint import TokenEndpoint

SCOPES = ("api", "refresh_token")
"""What a person is asked to consent to."""
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE = timedelta(minutes=2)
"""Salesforce takes an assertion for at most three minutes; clocks differ a little."""
_APART = timedelta(seconds=30)
"""Clocks that differ by more tell different times."""
_RECONNECT = "run: hotlead connect salesforce, and let an admin consent again"


def authorize_url(
    settings: SalesforceSettings,
    client_id: str,
    redirect_uri: str,
    *,
    challenge: str,
    state: str,
    scopes: Sequence[str] = SCOPES,
) -> str:
    """Where a person consents; their browser then comes to ``redirect_uri`` with code and state.

    ``redirect_uri`` must stand in the app as a callback URL, letter by letter. ``challenge`` is
    that of ``connectors.oauth.pkce_pair``.
    """
    return address(
        f"{settings.login_url}/services/oauth2/authorize",
        {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(scopes),
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        },
    )


def exchange_code(
    settings: SalesforceSettings,
    secrets: SalesforceSecrets,
    http: HttpSettings,
    *,
    code: str,
    redirect_uri: str,
    verifier: SecretStr,
) -> Grant:
    """The grant for the code that came back; its refresh token is the caller's to save.

    Raises ConnectorError; RefusedGrantError when the code is old, used, or not for this verifier.
    """
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier.get_secret_value(),
        **_client(secrets),
    }
    with session(Seam(http, CallCounter())) as once:
        grant = TokenEndpoint(settings, secrets, once).ask(form, flow="authorization_code")
    if grant.refresh_token is None:
        raise ConfigError(
            "Salesforce gave no refresh token, so Hotlead could not log in by itself",
            mend="add the scope “Perform requests at any time (refresh_token, offline_access)” to "
            "the app (External Client App Manager › the app › Settings › OAuth Settings), and "
            "consent again",
        )
    return grant


@dataclass(frozen=True, slots=True)
class _Consent:
    settings: SalesforceSettings
    secrets: SalesforceSecrets
    http: HttpSettings

    def address(self, redirect_uri: str, state: str, challenge: str) -> str:
        client_id = plain(self.secrets.client_id)
        return authorize_url(
            self.settings, client_id, redirect_uri, challenge=challenge, state=state
        )

    def exchange(self, code: str, redirect_uri: str, verifier: SecretStr) -> Grant:
        return exchange_code(
            self.settings,
            self.secrets,
            self.http,
            code=code,
            redirect_uri=redirect_uri,
            verifier=verifier,
        )


def consent(
    settings: SalesforceSettings, secrets: SalesforceSecrets, http: HttpSettings
) -> Consent:
    """How a person lets us in to the org."""
    return _Consent(settings, secrets, http)


def log_in(settings: SalesforceSettings, secrets: SalesforceSecrets, http: HttpSettings) -> Grant:
    """Log in once by the flow of the settings, to see whether the credentials are good.

    Raises ConnectorError with the mend. A refresh token that rotates here is saved as ever.
    """
    with session(Seam(http, CallCounter())) as once:
        return Login(settings, secrets, once).grant()


class Login:
    """Logs one client in. Not to be called by two threads at once: the client has the lock."""

    def __init__(
        self, settings: SalesforceSettings, secrets: SalesforceSecrets, http: requests.Session
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._endpoint = TokenEndpoint(settings, secrets, http)
        missing = AuthError("there is no refresh token for Salesforce", mend=_RECONNECT)
        self._refreshing = (
            Refreshing(secrets.refresh_token, self._refresh, missing)
            if secrets.refresh_token is not None
            else None
        )
        self._missing = missing

    def grant(self) -> Grant:
        """A new session. Raises ConnectorError."""
        if self._settings.flow == "jwt":
            return self._by_assertion()
        if self._settings.flow == "client_credentials":
            return self._as_the_app()
        if self._refreshing is None:
            raise self._missing
        return self._refreshing.grant()

    def _as_the_app(self) -> Grant:
        pair = f"{plain(self._secrets.client_id)}:{plain(self._secrets.client_secret)}"
        basic = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        form = {"grant_type": "client_credentials"}
        return self._endpoint.ask(form, flow=self._settings.flow, headers=basic)

    def _by_assertion(self) -> Grant:
        """By our clock; where that is wrong, by Salesforce's, which every answer tells."""
        ours = datetime.now(UTC)
        try:
            return self._assert_at(ours)
        except AuthError:
            theirs = self._endpoint.told_at
            if theirs is None or abs(theirs - ours) < _APART:
                raise
        return self._assert_at(theirs)

    def _assert_at(self, moment: datetime) -> Grant:
        made = assertion(self._settings, self._secrets, moment)
        form = {"grant_type": _JWT_BEARER, "assertion": made}
        return self._endpoint.ask(form, flow=self._settings.flow)

    def _refresh(self, token: str) -> Grant:
        form = {"grant_type": "refresh_token", "refresh_token": token, **_client(self._secrets)}
        return self._endpoint.ask(form, flow=self._settings.flow)


def assertion(settings: SalesforceSettings, secrets: SalesforceSecrets, now: datetime) -> str:
    """A JWT that says who we are and whom we act for. Raises ConfigError for a key that is none."""
    import jwt

    claims = {
        "iss": secrets.client_id.get_secret_value(),
        "sub": settings.username,
        "aud": audience(settings),
        "exp": int((now + _LIFE).timestamp()),
    }
    try:
        return jwt.encode(claims, plain(secrets.private_key), algorithm="RS256")
    except (ValueError, TypeError, jwt.PyJWTError):
        # What the library says may quote the key.
        raise ConfigError(
            "HOTLEAD_SALESFORCE_PRIVATE_KEY holds no private RSA key that can be used",
            mend="give it the PEM (-----BEGIN PRIVATE KEY----- …) without a password that belongs "
            "to the certificate in the app; in the file of credentials on one line, with \\n",
        ) from None


def audience(settings: SalesforceSettings) -> str:
    """Whom the assertion is addressed to: production, sandboxes, or what was configured."""
    host = urlsplit(settings.login_url).hostname or ""
    if settings.audience:
        return settings.audience
    if host in SHARED_HOSTS or not host.endswith(".salesforce.com"):
        return settings.login_url
    return f"https://{SHARED_HOSTS[1 if '.sandbox.' in host or '.scratch.' in host else 0]}"


def _client(secrets: SalesforceSecrets) -> dict[str, str]:
    """What a flow with a person says of the app; an app may do without its secret."""
    named = {"client_id": plain(secrets.client_id), "client_secret": plain(secrets.client_secret)}
    return {name: value for name, value in named.items() if value}
