"""HubSpot's refusals in the words of ``connectors.errors``, each with what an admin can do.

``MEANINGS`` is the one table of codes; of several the first counts. What has no code is read by
its status.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

from connectors.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    LimitError,
    PermanentError,
    TemporaryError,
    UnclearError,
)

WINDOW, DAILY_WAIT, LOCKED_WAIT = 10.0, 900.0, 2.0
"""Seconds to wait after a rate limit, a used up day and a locked record without a named time."""
_TOKEN = "Copy the token of the service key (or private app) into HOTLEAD_HUBSPOT_TOKEN again."  # noqa: S105
_CODE = re.compile(r'"error":\s*"([A-Z_]{3,60})"')
_BAD_REQUEST, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 400, 401, 403, 404
_TIMEOUT, _CONFLICT, _LOCKED = 408, 409, 423
_THROTTLED, _MIGRATING, _SERVER_ERROR = 429, 477, 500


class ScopeError(ConfigError):
    """The token lacks a scope; what needs it can be switched off."""


class ConflictError(PermanentError):
    """What was to be created is there already."""


class GoneError(PermanentError):
    """The record does not exist (any more)."""


class OwnerError(PermanentError):
    """Who the record shall belong to may not own it, as when they have left."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says, in plain words, and what is done about it.

    ``wait`` (seconds) and ``tries`` are for what may be tried again.
    """

    kind: type[ConnectorError]
    says: str
    mend: str = ""
    wait: float | None = None
    tries: int | None = None


_OPTIONAL = "Make the property optional for tasks that are made by an app (Settings › Properties)."
_REFUSED = Meaning(PermanentError, "HubSpot refused it")
MEANINGS: Mapping[str, Meaning] = {
    # Nothing helps: the value itself is refused.
    "INVALID_DATE": Meaning(PermanentError, "a date is none"),
    "INVALID_NUMBER": Meaning(PermanentError, "a number is none"),
    "INVALID_VALUE": Meaning(PermanentError, "a value is refused"),
    "PROPERTY_VALUE_TOO_LONG": Meaning(PermanentError, "a text is too long"),
    # An admin can mend it.
    "PROPERTY_DOESNT_EXIST": Meaning(
        ConfigError,
        "a property is missing in HubSpot:",
        "Create it, or let Hotlead do so: the token needs crm.schemas.*.write.",
    ),
    "MISSING_CONDITIONAL_REQUIRED_PROPERTY": Meaning(
        ConfigError, "a rule of the account demands a property:", _OPTIONAL
    ),
    "MISSING_REQUIRED_PROPERTY": Meaning(ConfigError, "HubSpot demands a property:", _OPTIONAL),
    "INVALID_OPTION": Meaning(
        ConfigError, "a property lacks an option:", "Add the option to the property."
    ),
    "READ_ONLY_VALUE": Meaning(
        ConfigError,
        "a property may not be written by apps:",
        "Let apps write it, or delete it and let Hotlead make it anew.",
    ),
    "EXPIRED_AUTHENTICATION": Meaning(AuthError, "the token has run out", _TOKEN),
    "INVALID_AUTHENTICATION": Meaning(AuthError, "the token is refused", _TOKEN),
    # The row is written after all.
    "INVALID_OWNER_ID": Meaning(OwnerError, "its owner is no longer in HubSpot"),
    "CONFLICTING_UNIQUE_VALUE": Meaning(ConflictError, "it is there already"),
    "CONFLICT": Meaning(ConflictError, "it is there already"),
    "OBJECT_ALREADY_EXISTS": Meaning(ConflictError, "it is there already"),
    "PROPERTY_WITH_NAME_EXISTS": Meaning(ConflictError, "it is there already"),
    "OBJECT_NOT_FOUND": Meaning(GoneError, "it, or what it is about, is not there"),
    # Trying again helps.
    "RATE_LIMITS": Meaning(LimitError, "HubSpot asks for a pause", wait=WINDOW),
    "INTERNAL_ERROR": Meaning(UnclearError, "HubSpot failed inside", tries=5),
    # The category of most refusals, which says nothing by itself.
    "VALIDATION_ERROR": _REFUSED,
}


@functools.cache
def _api_errors() -> tuple[type[Exception], ...]:
    """Each part of the client has an ApiException of its own."""
    from hubspot.crm import objects, owners, pipelines, properties, schemas
    from hubspot.crm.associations import v4

    parts = (objects, owners, pipelines, properties, schemas, v4)
    return tuple(part.ApiException for part in parts)


@contextmanager
def told(what: str, *, writing: bool = False) -> Iterator[None]:
    """Turn what the client raises into a ConnectorError about ``what``.

    ``writing`` marks a call that must not happen twice: where its outcome is unknown,
    UnclearError.
    """
    try:
        yield
    except ConnectorError:
        raise
    except urllib3.exceptions.HTTPError as error:
        raise _broken_off(what, error, writing=writing) from error
    except ValueError as error:
        raise _unclear(what, "the answer was not JSON", writing=writing) from error
    except _api_errors() as error:
        status = getattr(error, "status", None) or 0
        body, headers = getattr(error, "body", None), getattr(error, "headers", None)
        raise refusal(what, status, _read(body), headers or {}, writing=writing) from None


def _read(body: object) -> dict[str, Any]:
    try:
        found = json.loads(body) if isinstance(body, str | bytes) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _unclear(what: str, why: str, *, writing: bool) -> TemporaryError:
    kind = UnclearError if writing else TemporaryError
    return kind(f"{what}: {why}")


def _broken_off(what: str, error: urllib3.exceptions.HTTPError, *, writing: bool) -> ConnectorError:
    reason = getattr(error, "reason", None) or error
    if isinstance(reason, urllib3.exceptions.SSLError):
        return _certificate(what)
    if isinstance(reason, NewConnectionError | ConnectTimeoutError | ProxyError):
        return TemporaryError(f"{what}: HubSpot could not be reached")
    why = f"the connection broke ({type(reason).__name__})"
    return _unclear(what, why, writing=writing)


def _certificate(what: str) -> ConfigError:
    return ConfigError(
        f"{what}: the certificate of the other side was not accepted",
        mend="Check hubspot.base_url, and a proxy between here and HubSpot.",
    )


def refusal(
    what: str,
    status: int,
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    writing: bool = False,
) -> ConnectorError:
    """The error that an answer with this status and body means."""
    said = str(body.get("message") or "no details")[:300]
    wait = _retry_after(headers)
    if status == 0:
        return _certificate(what)
    if status == _THROTTLED or body.get("errorType") == "RATE_LIMIT":
        return _limit(what, str(body.get("policyName") or ""), wait)
    if status == _UNAUTHORIZED:
        return AuthError(f"{what}: HubSpot refuses the token", mend=_TOKEN)
    if status == _FORBIDDEN:
        return _forbidden(what, body, said)
    if status == _LOCKED:
        return TemporaryError(f"{what}: the record is locked", retry_after=wait or LOCKED_WAIT)
    if status == _MIGRATING:
        return TemporaryError(f"{what}: the account is being moved", retry_after=wait)
    if status >= _SERVER_ERROR or status == _TIMEOUT:
        error = _unclear(what, f"HubSpot failed ({status})", writing=writing)
        error.retry_after = wait
        return error
    return _bad_request(what, status, body, said)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None


def _limit(what: str, policy: str, wait: float | None) -> LimitError:
    if policy == "DAILY":
        return LimitError(
            f"{what}: the account's calls of the day are used up",
            retry_after=wait or DAILY_WAIT,
            daily=True,
            mend="Look which apps use them (HubSpot: Development, Monitoring), or add a limit.",
        )
    return LimitError(f"{what}: HubSpot asks for a pause", retry_after=wait or WINDOW)


def _forbidden(what: str, body: Mapping[str, Any], said: str) -> ConfigError:
    scopes: list[str] = []
    for one in body.get("errors") or []:
        context = one.get("context") or {}
        scopes += context.get("requiredGranularScopes") or context.get("requiredScopes") or []
    if not scopes:
        return ConfigError(f"{what}: HubSpot forbids it ({said})", mend="Check the key's scopes.")
    named = ", ".join(str(scope) for scope in scopes)
    return ScopeError(
        f"{what}: the token lacks the scope {named}",
        mend=f"Add the scope {named} to the service key (or private app).",
    )


def codes(error: Mapping[str, Any]) -> set[str]:
    """The codes that a refusal carries, in its details or in the text of its message."""
    found = {str(one.get("code")) for one in error.get("errors") or [] if one.get("code")}
    found.update(_CODE.findall(str(error.get("message") or "")))
    found.add(str(error.get("category") or ""))
    return found - {""}


def _bad_request(what: str, status: int, body: Mapping[str, Any], said: str) -> ConnectorError:
    found = codes(body)
    known = next((one for code, one in MEANINGS.items() if code in found), None)
    if known is None or known is _REFUSED:
        by_status = {_NOT_FOUND: "OBJECT_NOT_FOUND", _CONFLICT: "CONFLICT"}
        known = MEANINGS[by_status[status]] if status in by_status else _REFUSED
    named = ", ".join(_names(body))
    about = f" {named}" if named and named not in said else ""
    message = f"{what}: {known.says}{about} ({status}: {said})"
    if issubclass(known.kind, TemporaryError):
        return known.kind(message, retry_after=known.wait, tries=known.tries, mend=known.mend)
    return known.kind(message, mend=known.mend)


def _names(error: Mapping[str, Any]) -> list[str]:
    """The properties that a refusal is about, where it names them."""
    contexts = [error.get("context") or {}]
    contexts += [one.get("context") or {} for one in error.get("errors") or []]
    lists = (one.get(key) or () for one in contexts for key in ("propertyName", "properties"))
    return list(dict.fromkeys(str(name) for names in lists for name in names))


def row_refusal(what: str, error: Mapping[str, Any]) -> ConnectorError:
    """The error of one row of an answer that is a success in part.

    An error that we do not know is looked into and tried again a few times, and then given up.
    """
    said = str(error.get("message") or "")[:300]
    if not codes(error).intersection(MEANINGS):
        return UnclearError(
            f"{what}: this is an error that Hotlead does not know ({said})", tries=8
        )
    return _bad_request(what, _BAD_REQUEST, error, said)
