"""What each refusal of Salesforce means to us. By errorCode, never by its text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from connectors.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    LimitError,
    PermanentError,
    TemporaryError,
    UnclearError,
)

if TYPE_CHECKING:
    from simple_salesforce.exceptions import SalesforceError

_LONGEST = 300
_TEMPORARY = frozenset(
    {
        "API_CURRENTLY_DISABLED",
        "CONCURRENT_REQUESTS_LIMIT_EXCEEDED",
        "PROCESSING_HALTED",
        "QUERY_TIMEOUT",
        "SERVER_UNAVAILABLE",
        "UNABLE_TO_LOCK_ROW",
        "UNKNOWN_EXCEPTION",
    }
)
_MENDS = {
    "API_DISABLED_FOR_ORG": "enable API access for this org and the integration user",
    "FUNCTIONALITY_NOT_ENABLED": "switch the function on in the org's set-up",
    "INSUFFICIENT_ACCESS": "give the integration user's permission set this access",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "give the integration user access to it",
    "INSUFFICIENT_ACCESS_OR_READONLY": "give the integration user edit access to tasks",
    "INVALID_FIELD": "create the field, or give the integration user access to it",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "give the integration user edit access to the field",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "add the value to the picklist",
    "INVALID_TYPE": "switch the object on, or give the integration user access to it",
    "NOT_FOUND": "check salesforce.login_url and salesforce.api_version",
    "UNSUPPORTED_API_VERSION": "set salesforce.api_version to one the org offers",
}
_AUTH = frozenset({"INVALID_AUTH_HEADER", "INVALID_LOGIN", "INVALID_SESSION_ID"})
_LOGIN_MEND = (
    "a new session was refused at once: see that the app's scope is api and that its user may use "
    "the API (External Client App Manager › the app)"
)


class MissingObjectError(ConfigError):
    """The org has no such object, or hides it from the integration user."""


class NotFoundError(ConfigError):
    """Nothing is at this address: no such object, no such version, or not an org at all."""


class MissingFieldError(ConfigError):
    """A field that the query names is not there, or hidden from the integration user."""


def from_vendor(
    error: SalesforceError,
    *,
    writing: bool,
    retry_after: float | None,
    day_used_up: bool,
) -> ConnectorError:
    """The meaning of an error answer to a whole call."""
    status = int(error.status)
    errors = _listed(error.content)
    code = str(errors[0].get("errorCode", "")) if errors else ""
    said = _said(code, errors, status)
    if code == "REQUEST_LIMIT_EXCEEDED" or status == 429:
        daily = status == 403 and day_used_up
        mend = "the org's daily API calls are used up" if daily else ""
        return LimitError(said, retry_after=retry_after, daily=daily, mend=mend)
    if status == 401 or code in _AUTH:
        return AuthError(said, mend=_LOGIN_MEND)
    if status >= 500 and writing and code not in _TEMPORARY - {"UNKNOWN_EXCEPTION"}:
        return UnclearError(said, retry_after=retry_after)
    if status >= 500 and code not in _MENDS:
        return TemporaryError(said, retry_after=retry_after)
    return _by_code(code, said, retry_after)


def from_row(errors: Sequence[Mapping[str, Any]]) -> ConnectorError:
    """The meaning of the errors of one row; what cannot be tried again outweighs the rest."""
    each = [
        _by_code(str(one.get("statusCode", "")), _said(str(one.get("statusCode", "")), [one], 200))
        for one in errors
    ]
    if not each:
        return UnclearError("Salesforce did not say what became of the row")
    said = "; ".join(str(one) for one in each)
    worst = min(each, key=_weight)
    if isinstance(worst, TemporaryError):
        return TemporaryError(said)
    kind = ConfigError if isinstance(worst, ConfigError) else PermanentError
    return kind(said, mend=worst.mend)


def from_part(content: object, status: int) -> ConnectorError:
    """The meaning of the error answer to one part of a request of several."""
    errors = _listed(content)
    code = str(errors[0].get("errorCode", "")) if errors else ""
    said = _said(code, errors, status)
    return TemporaryError(said) if status >= 500 and code not in _MENDS else _by_code(code, said)


def from_transport(error: Exception, *, writing: bool) -> ConnectorError:
    """The meaning of a call without a readable answer. Sent or not makes the difference."""
    said = f"Salesforce could not be reached: {type(error).__name__}"
    if isinstance(error, requests.exceptions.SSLError):
        return ConfigError(said, mend="check the address and the machine's certificates")
    if _was_not_sent(error):
        return TemporaryError(said)
    said = f"Salesforce's answer was lost: {type(error).__name__}"
    return UnclearError(said) if writing else TemporaryError(said)


def _by_code(code: str, said: str, retry_after: float | None = None) -> ConnectorError:
    if code in _TEMPORARY:
        return TemporaryError(said, retry_after=retry_after)
    if code == "REQUEST_LIMIT_EXCEEDED":
        return LimitError(said, retry_after=retry_after)
    if code == "INVALID_TYPE":
        return MissingObjectError(said, mend=_MENDS[code])
    if code == "INVALID_FIELD":
        return MissingFieldError(said, mend=_MENDS[code])
    if code == "NOT_FOUND":
        return NotFoundError(said, mend=_MENDS[code])
    if code in _MENDS:
        return ConfigError(said, mend=_MENDS[code])
    return PermanentError(said)


def _weight(error: ConnectorError) -> int:
    if isinstance(error, ConfigError):
        return 1
    return 0 if isinstance(error, PermanentError) else 2


def _said(code: str, errors: Sequence[Mapping[str, Any]], status: int) -> str:
    message = " ".join(str(errors[0].get("message", "")).split()) if errors else ""
    fields = ", ".join(str(one) for one in errors[0].get("fields") or ()) if errors else ""
    about = f" ({fields})" if fields and fields not in message else ""
    return f"Salesforce: {code or status}: {message[-_LONGEST:]}{about}"


def _listed(content: object) -> list[dict[str, Any]]:
    """The errors of an answer; bodies come as a list, as one object, or as anything at all."""
    found = content if isinstance(content, list) else [content]
    return [one for one in found if isinstance(one, dict)]


def _was_not_sent(error: Exception) -> bool:
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return True
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", inner)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError))
