"""What a refused log-in means, and what to click. By code, and by description where a code says
too little: Salesforce answers ``invalid_grant`` to a dozen different mistakes.

https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import AuthError, ConfigError, ConnectorError, LimitError, TemporaryError
from connectors.oauth import RefusedGrantError

_LONGEST = 300
_APP = "Setup › External Client App Manager › the app"
_POLICIES = f"{_APP} › Policies › Edit"
_SETTINGS = f"{_APP} › Settings › OAuth Settings"
_AGAIN = "run: hotlead connect salesforce, and let an admin consent again"
_TEMPORARY = frozenset({"server_error", "temporarily_unavailable", "unknown_error"})

_Meaning = tuple[type[ConnectorError], str]
_KEY: _Meaning = (
    AuthError,
    f"copy the consumer key into HOTLEAD_SALESFORCE_CLIENT_ID again ({_SETTINGS} › Consumer Key "
    "and Secret); a new app needs up to ten minutes until it can be used, and an app of a sandbox "
    "is not known to production",
)
_SECRET: _Meaning = (
    AuthError,
    "copy the consumer secret into HOTLEAD_SALESFORCE_CLIENT_SECRET again "
    f"({_SETTINGS} › Consumer Key and Secret)",
)
_PERMITTED: _Meaning = (
    AuthError,
    f"{_POLICIES}: set Permitted Users to “Admin approved users are pre-authorized”, and add the "
    "profile or permission set of the user that Hotlead logs in as",
)
_RUN_AS: _Meaning = (
    AuthError,
    f"{_POLICIES} › OAuth Flows: tick Enable Client Credentials Flow and name the integration user "
    "as Run As (its user name, not its e-mail)",
)
_INACTIVE: _Meaning = (
    AuthError,
    "Setup › Users: activate or unfreeze the user that Hotlead logs in as, or name another in the "
    "app",
)
_ADDRESS: _Meaning = (
    AuthError,
    f"{_POLICIES}: set IP Relaxation to “Relax IP restrictions”, or add this machine's address to "
    "the login IP ranges of the user's profile",
)
_CLOCK: _Meaning = (
    AuthError,
    "see that this machine's clock is right (timedatectl set-ntp true), and that the certificate "
    "in the app belongs to HOTLEAD_SALESFORCE_PRIVATE_KEY",
)
_AUDIENCE: _Meaning = (
    ConfigError,
    "set salesforce.audience to https://login.salesforce.com, for a sandbox to "
    "https://test.salesforce.com",
)
_USERNAME: _Meaning = (
    AuthError,
    "set salesforce.username to the user name in this org (Setup › Users; in a sandbox it ends in "
    "the sandbox's name), and see that this user is active",
)
_CERTIFICATE: _Meaning = (
    AuthError,
    f"{_SETTINGS}: tick Enable JWT Bearer Flow and upload the certificate that belongs to "
    "HOTLEAD_SALESFORCE_PRIVATE_KEY",
)
_MY_DOMAIN: _Meaning = (
    ConfigError,
    "set salesforce.login_url to your My Domain (Setup › My Domain), like "
    "https://acme.my.salesforce.com: login.salesforce.com does not take this flow",
)
_CODE: _Meaning = (
    RefusedGrantError,
    "start the consent again: a code is good once, and for fifteen minutes",
)
_VERIFIER: _Meaning = (RefusedGrantError, "start the consent again, in this same window")
_REFRESH: _Meaning = (
    RefusedGrantError,
    f"{_AGAIN}; if this comes back, {_POLICIES} › Refresh Token Policy: “Refresh token is valid "
    "until revoked”",
)
_CALLBACK: _Meaning = (
    ConfigError,
    f"add the callback URL that Hotlead shows, letter by letter ({_SETTINGS} › Callback URL)",
)
_SCOPE: _Meaning = (
    ConfigError,
    f"{_SETTINGS} › OAuth Scopes: add “Manage user data via APIs (api)”, and for the consent of a "
    "person “Perform requests at any time (refresh_token, offline_access)”",
)
_FLOW_OFF: Mapping[str, _Meaning] = {
    "client_credentials": _RUN_AS,
    "jwt": _CERTIFICATE,
    "authorization_code": (
        ConfigError,
        f"{_SETTINGS}: enable OAuth with a callback URL; Hotlead consents by code and PKCE",
    ),
    "refresh_token": (ConfigError, f"{_SCOPE[1]}; then {_AGAIN}"),
}
_ORG: _Meaning = (AuthError, "have the org activated again, or connect another")
_API: _Meaning = (
    ConfigError,
    "give the user that Hotlead logs in as the permission API Enabled; the org's edition must "
    "include the API",
)
_MULTI_FACTOR: _Meaning = (
    AuthError,
    "use an integration user (licence Salesforce Integration): nobody asks it for a second factor",
)

_DESCRIBED: tuple[tuple[str, _Meaning], ...] = (
    ("user hasn't approved this consumer", _PERMITTED),
    ("not admin approved", _PERMITTED),
    ("no client credentials user enabled", _RUN_AS),
    ("request not supported on this domain", _MY_DOMAIN),
    ("inactive user", _INACTIVE),
    ("user account is frozen", _INACTIVE),
    ("inactive organization", _ORG),
    ("ip restricted", _ADDRESS),
    ("invalid login hours", (AuthError, "widen the login hours of the user's profile")),
    ("expired authorization code", _CODE),
    ("invalid authorization code", _CODE),
    ("authorization code expired", _CODE),
    ("code verifier", _VERIFIER),
    ("code challenge", _VERIFIER),
    ("expired access/refresh token", _REFRESH),
    ("token revoked", _REFRESH),
    ("token validity expired", _CLOCK),
    ("client credentials flow", _RUN_AS),
    ("audience", _AUDIENCE),
    ("assertion", _CLOCK),
    ("user identity", _USERNAME),
    ("redirect_uri", _CALLBACK),
    ("challenge required", _MULTI_FACTOR),
    ("api is not enabled", _API),
    ("password expired", (AuthError, "give the user a password that does not expire")),
)
"""Looked for in this order in the description, in small letters."""
_CODED: Mapping[str, _Meaning] = {
    "invalid_client_id": _KEY,
    "invalid_client": _SECRET,
    "invalid_client_credentials": _SECRET,
    "invalid_app_access": _PERMITTED,
    "app_not_found": _KEY,
    "inactive_user": _INACTIVE,
    "inactive_org": _ORG,
    "redirect_uri_mismatch": _CALLBACK,
    "redirect_uri_missing": _CALLBACK,
    "invalid_scope": _SCOPE,
    "access_denied": (AuthError, "the consent was refused; start again and choose Allow"),
    "invalid_assertion": _CLOCK,
    "user_authentication_failed": _USERNAME,
    "oauth_ec_app_not_found": _KEY,
    "oauth_approval_error_generic": _PERMITTED,
}
_GENERAL: Mapping[str, _Meaning] = {
    "client_credentials": (AuthError, f"check the key and secret; {_RUN_AS[1]}"),
    "jwt": (AuthError, f"{_USERNAME[1]}; {_CERTIFICATE[1]}; {_PERMITTED[1]}"),
    "authorization_code": _CODE,
    "refresh_token": _REFRESH,
}


def refused(
    status: int,
    body: Any,
    headers: Mapping[str, str],
    *,
    flow: str,
    hidden: Sequence[str] = (),
) -> ConnectorError:
    """The error that this answer of the token endpoint means; ``hidden`` never shows in it.

    A refusal of the code, assertion or refresh token itself is a RefusedGrantError.
    """
    told = body if isinstance(body, dict) else {}
    code = str(told.get("error") or "")
    wait = _seconds(headers.get("Retry-After"))
    if status == 429:
        return LimitError("Salesforce's log-in asks for a pause", retry_after=wait)
    if status >= 500 or code in _TEMPORARY:
        return TemporaryError(f"Salesforce's log-in answered {code or status}", retry_after=wait)
    if not code:
        return no_log_in(status)
    said = " ".join(str(told.get("error_description") or "").split())
    kind, mend = meaning(code, said, flow)
    for value in hidden:
        said = said.replace(value, "…") if value else said
    if "login rate exceeded" in said.lower():
        return LimitError(f"Salesforce refused the log-in: {said[:_LONGEST]}", retry_after=wait)
    return kind(f"Salesforce refused the log-in: {code}: {said[:_LONGEST]}", mend=mend)


def meaning(code: str, description: str, flow: str) -> _Meaning:
    """The kind of error and its mend."""
    small = description.lower()
    for words, found in _DESCRIBED:
        if words in small:
            return found
    if code in ("unsupported_grant_type", "unauthorized_client") or "grant type" in small:
        return _FLOW_OFF.get(flow, _RUN_AS)
    return _CODED.get(code) or _GENERAL.get(flow, _KEY)


def no_log_in(status: int) -> ConfigError:
    """The address answers, but not as a log-in does."""
    return ConfigError(
        f"Salesforce's log-in answered {status}, which is no answer of a log-in",
        mend="check salesforce.login_url: it must be the org's My Domain address",
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.strip().isascii() and text.strip().isdigit() else None
