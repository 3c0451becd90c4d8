"""What Google's refusals mean, and whose they are: of one calendar, or of the whole log-in.

https://developers.google.com/workspace/calendar/api/guides/errors
https://developers.google.com/identity/protocols/oauth2/service-account
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.calendar.vendor import Answer
from connectors.errors import AuthError, ConfigError, ConnectorError, LimitError, TemporaryError

SCOPE = "https://www.googleapis.com/auth/calendar.events.readonly"
_DELEGATE = (
    "in admin.google.com › Security › Access and data control › API controls › Manage domain-wide "
    f"delegation, add the service account's client ID with the scope {SCOPE}; it may take a day"
)
_NEW_KEY = (
    "in console.cloud.google.com › IAM & Admin › Service Accounts › Keys make a new JSON key, and "
    "set HOTLEAD_GOOGLE_PRIVATE_KEY_FILE to it"
)
_PERSON = (
    "see that the e-mail is that of a Google account with Calendar, or add it to "
    "calendars.google.except_people"
)
_OF_TOKENS: dict[str, tuple[str, str]] = {
    "unauthorized_client": ("the service account may act for nobody of this domain", _DELEGATE),
    "access_denied": ("the domain does not let the service account in", _DELEGATE),
    "invalid_scope": (f"Google does not know the scope {SCOPE} for us", _DELEGATE),
    "invalid_client": ("Google knows no such service account", _NEW_KEY),
    "deleted_client": ("the service account was deleted", _NEW_KEY),
    "disabled_client": ("the service account is disabled", "enable it in console.cloud.google.com"),
    "org_internal": ("the app is for another organisation", _NEW_KEY),
}
_LIMITS = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "calendarUsageLimitsExceeded", "quotaExceeded"}
)
_DAILY = frozenset({"dailyLimitExceeded", "dailyLimitExceededUnreg"})
_OFF = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
_SCOPES = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})


def token_refused(answer: Answer, email: str) -> ConnectorError:
    """What an answer of the token endpoint means that holds no token."""
    error = str(answer.body.get("error", ""))
    told = str(answer.body.get("error_description", ""))
    if answer.status >= 500 or answer.status == 429:
        return _later(answer, "Google gives no tokens now")
    if error in _OF_TOKENS:
        text, mend = _OF_TOKENS[error]
        return AuthError(f"{text} ({error})", mend=mend)
    low = told.lower()
    if "email or user" in low or "not a valid email" in low:
        return ConfigError(f"Google knows no user {email}", mend=_PERSON)
    if "signature" in low or "account not found" in low or "private key" in low:
        return AuthError(f"Google does not take the service account's key: {told}", mend=_NEW_KEY)
    if "timeframe" in low or "iat" in low:
        mend = "let the machine keep its time by NTP (timedatectl set-ntp true)"
        return AuthError("this machine's clock is wrong, by Google's", mend=mend)
    text = f"Google refuses a token for {email}: {answer.status} {error} {told}".strip()
    return ConfigError(text, mend=_PERSON)


def api_refused(answer: Answer, email: str, *, paging: bool) -> ConnectorError:
    """What an answer of the Calendar API means that is no page; ``paging``: not the first one."""
    reasons, told = _reasons(answer.body)
    if answer.status == 429 or reasons & (_LIMITS | _DAILY):
        return LimitError(
            "Google's limit of calls is used up",
            retry_after=answer.retry_after,
            daily=bool(reasons & _DAILY),
            mend="see the quotas of the Calendar API in console.cloud.google.com",
        )
    if answer.status >= 500:
        return _later(answer, f"Google answers {answer.status}")
    if answer.status == 410 or (answer.status == 400 and paging):
        return TemporaryError("Google has lost the place in the pages; they are read anew")
    if reasons & _OFF:
        mend = "enable the Google Calendar API in the service account's project"
        return AuthError("the Google Calendar API is not enabled", mend=mend)
    if reasons & _SCOPES:
        return AuthError("the token lacks the scope for calendars", mend=_DELEGATE)
    if answer.status == 401:
        return ConfigError(f"Google takes no token for {email}: {told}", mend=_PERSON)
    if answer.status in (403, 404):
        mend = (
            f"{_PERSON}; without delegation the person shares their calendar with the service "
            "account: See all event details"
        )
        return ConfigError(f"Google shows us no calendar of {email}: {told}", mend=mend)
    return ConfigError(f"Google answers {answer.status}: {told}", mend="report it")


def _later(answer: Answer, text: str) -> TemporaryError:
    return TemporaryError(text, retry_after=answer.retry_after)


def _reasons(body: Mapping[str, Any]) -> tuple[set[str], str]:
    """The reasons of an error in both forms that Google has, and its message."""
    error = body.get("error")
    if not isinstance(error, dict):
        return set(), str(error or "no JSON")
    parts = [*(error.get("errors") or []), *(error.get("details") or [])]
    reasons = {str(one.get("reason", "")) for one in parts if isinstance(one, dict)}
    return reasons, str(error.get("message", ""))[:300]
