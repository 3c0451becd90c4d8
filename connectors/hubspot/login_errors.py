"""What a refused log-in means, and what to do. The newer endpoints say it twice, in the words of
RFC 6749 (``error``) and in HubSpot's own (``status``); the oldest in the latter only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.errors import AuthError, ConfigError, ConnectorError, LimitError, TemporaryError
from connectors.hubspot.errors import WINDOW
from connectors.oauth import RefusedGrantError

_LONGEST = 300
_AUTH_PAGE = "HubSpot › Development › the project › the app › Auth"
_CREDENTIALS = (
    "copy client id and client secret into HOTLEAD_HUBSPOT_CLIENT_ID and "
    f"HOTLEAD_HUBSPOT_CLIENT_SECRET again ({_AUTH_PAGE})"
)
_AGAIN = "run: hotlead connect hubspot, and install the app again"

_Meaning = tuple[type[ConnectorError], str]
_REFRESH: _Meaning = (
    RefusedGrantError,
    f"{_AGAIN}; somebody may have uninstalled it (Settings › Integrations › Connected apps)",
)
_CODE: _Meaning = (
    RefusedGrantError,
    "start the installation again: a code is good once, and for a few minutes",
)
_CLIENT: _Meaning = (AuthError, _CREDENTIALS)
_REDIRECT: _Meaning = (
    ConfigError,
    f"add the redirect URL that Hotlead shows, letter by letter ({_AUTH_PAGE} › Redirect URLs)",
)
_CODED: Mapping[str, _Meaning] = {
    "BAD_REFRESH_TOKEN": _REFRESH,
    "BAD_AUTH_CODE": _CODE,
    "EXPIRED_AUTH_CODE": _CODE,
    "BAD_CLIENT_ID": _CLIENT,
    "BAD_CLIENT_SECRET": _CLIENT,
    "MISSING_CLIENT_SECRET": _CLIENT,
    "BAD_REDIRECT_URI": _REDIRECT,
    "REDIRECT_URI_MISMATCH": _REDIRECT,
    "invalid_client": _CLIENT,
    "unauthorized_client": _CLIENT,
    "access_denied": (AuthError, "the installation was refused; a super admin must allow it"),
    "invalid_scope": (
        ConfigError,
        f"let the app ask for the scopes that docs/connect-hubspot.md lists ({_AUTH_PAGE})",
    ),
}
_DESCRIBED: tuple[tuple[str, _Meaning], ...] = (
    ("refresh token", _REFRESH),
    ("auth code", _CODE),
    ("authorization code", _CODE),
    ("redirect", _REDIRECT),
    ("client", _CLIENT),
)
"""For the codes that say too little: looked for in this order in the description."""


def refused(
    status: int, body: Any, headers: Mapping[str, str], *, hidden: Sequence[str] = ()
) -> ConnectorError:
    """The error that this answer of the token endpoint means; ``hidden`` never shows in it."""
    found = body if isinstance(body, dict) else {}
    wait = _seconds(headers.get("Retry-After"))
    if status == 429 or found.get("errorType") == "RATE_LIMIT":
        return LimitError("HubSpot's log-in asks for a pause", retry_after=wait or WINDOW)
    if status >= 500 or status in (408, 477):
        return TemporaryError(f"HubSpot's log-in failed ({status})", retry_after=wait)
    if status in (404, 405, 410) or not (found.get("error") or found.get("status")):
        return no_log_in(status)
    said = str(found.get("error_description") or found.get("message") or "")
    said = " ".join(said.split())
    codes = [str(found[name]) for name in ("status", "error") if found.get(name)]
    kind, mend = _meaning(codes, said)
    for value in hidden:
        said = said.replace(value, "…") if value else said
    return kind(f"HubSpot refused the log-in: {codes[0]}: {said[:_LONGEST]}", mend=mend)


def _meaning(codes: Sequence[str], said: str) -> _Meaning:
    for code in codes:
        if code in _CODED:
            return _CODED[code]
    small = said.lower()
    for words, found in _DESCRIBED:
        if words in small:
            return found
    return _REFRESH if "invalid_grant" in codes else (AuthError, f"{_CREDENTIALS}; {_AGAIN}")


def no_log_in(status: int) -> ConfigError:
    """The address answers, but not as a token endpoint does."""
    return ConfigError(
        f"HubSpot's log-in answered {status}, which is no answer of a log-in",
        mend="check hubspot.base_url, and set hubspot.oauth_version to one that HubSpot still has",
    )


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.strip().isascii() and text.strip().isdigit() else None
