"""What each refusal of Salesforce means to us. By errorCode, never by its text.

``MEANINGS`` is the one table: what happened in plain words, whether trying again can help, and
what an admin can do. A code that is not in it may be anything: for one row it is tried again a few
times, which an upsert by key makes harmless, and then given up; for a whole call it is lasting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


class MissingObjectError(ConfigError):
    """The org has no such object, or hides it from the integration user."""


class QueryTimeoutError(TemporaryError):
    """The query took longer than the org allows: a smaller one may not."""


class TooManyError(PermanentError):
    """The answer is longer than the org gives at once: ask for less."""


class BeyondError(PermanentError):
    """The list of changes does not reach back so far."""


class NotFoundError(ConfigError):
    """Nothing is at this address: no such object, no such version, or not an org at all."""


class MissingFieldError(ConfigError):
    """A field that the query names is not there, or hidden from the integration user."""


class MovedError(PermanentError):
    """What the record points to was merged, converted, deleted, or is hidden from us."""


class OwnerError(PermanentError):
    """Who the record shall belong to may not own it, as when they have left."""


class DoubledError(UnclearError):
    """Another writer used the key in the same moment: the record is there."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code says, in plain words, and what is done about it.

    ``tries`` is for what may be tried again, but not for ever.
    """

    kind: type[ConnectorError]
    says: str
    mend: str = ""
    tries: int | None = None


_LONGEST = 300
_FEW = 5
UNKNOWN = Meaning(TemporaryError, "this is an error that Hotlead does not know", tries=8)
_LOGIN_MEND = (
    "a new session was refused at once: see that the app's scope is api and that its user may use "
    "the API (External Client App Manager › the app)"
)
_MADE_BY = "let the org's {} leave alone what the integration user writes (Setup › {})"
MEANINGS: Mapping[str, Meaning] = {
    # Trying again helps.
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": Meaning(
        TemporaryError, "other rows of the call were refused"
    ),
    "API_CURRENTLY_DISABLED": Meaning(TemporaryError, "the org is under maintenance"),
    "CONCURRENT_REQUESTS_LIMIT_EXCEEDED": Meaning(TemporaryError, "too many calls at once"),
    "PROCESSING_HALTED": Meaning(TemporaryError, "another part of the call was refused"),
    "QUERY_TIMEOUT": Meaning(QueryTimeoutError, "the query took too long"),
    "SERVER_UNAVAILABLE": Meaning(TemporaryError, "the org does not answer for the moment"),
    "UNABLE_TO_LOCK_ROW": Meaning(TemporaryError, "somebody else is changing the same account"),
    "UNKNOWN_EXCEPTION": Meaning(TemporaryError, "Salesforce failed inside", tries=_FEW),
    "REQUEST_LIMIT_EXCEEDED": Meaning(LimitError, "the org's API calls are used up"),
    # The row is written after all.
    "DUPLICATE_VALUE": Meaning(DoubledError, "another writer was faster with the same key"),
    "ENTITY_IS_DELETED": Meaning(MovedError, "what it is about was deleted or merged"),
    "INVALID_CROSS_REFERENCE_KEY": Meaning(MovedError, "what it is about is gone or hidden"),
    "CANNOT_UPDATE_CONVERTED_LEAD": Meaning(MovedError, "its lead was converted"),
    "INACTIVE_OWNER_OR_USER": Meaning(OwnerError, "its owner is inactive"),
    "OP_WITH_INVALID_USER_TYPE_EXCEPTION": Meaning(OwnerError, "its owner cannot own records"),
    "TRANSFER_REQUIRES_READ": Meaning(OwnerError, "its owner may not see such records"),
    # An admin can mend it.
    "API_DISABLED_FOR_ORG": Meaning(
        ConfigError,
        "the API is switched off",
        "enable API access for this org and the integration user",
    ),
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Meaning(
        ConfigError, "a trigger of the org failed", _MADE_BY.format("trigger", "Apex Triggers")
    ),
    "DUPLICATES_DETECTED": Meaning(
        ConfigError,
        "a duplicate rule of the org refused it",
        "let the duplicate rule allow the integration user to save (Setup › Duplicate Rules)",
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Meaning(
        ConfigError,
        "a validation rule of the org refused it",
        _MADE_BY.format("validation rule", "Object Manager › Task › Validation Rules"),
    ),
    "FIELD_FILTER_VALIDATION_EXCEPTION": Meaning(
        ConfigError, "a lookup filter of the org refused it", "let the filter allow this value"
    ),
    "FUNCTIONALITY_NOT_ENABLED": Meaning(
        ConfigError, "a function is switched off", "switch the function on in the org's set-up"
    ),
    "INSUFFICIENT_ACCESS": Meaning(
        ConfigError,
        "the integration user may not do this",
        "give the integration user's permission set this access",
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": Meaning(
        ConfigError,
        "the integration user may not see what it is about",
        "give the integration user access to it",
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": Meaning(
        ConfigError,
        "the integration user may not change this",
        "give the integration user edit access to tasks",
    ),
    "INVALID_FIELD": Meaning(
        MissingFieldError,
        "a field is missing or hidden",
        "create the field, or give the integration user access to it",
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": Meaning(
        ConfigError,
        "a field is locked for the integration user",
        "give the integration user edit access to the field",
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Meaning(
        ConfigError, "a picklist does not have this value", "add the value to the picklist"
    ),
    "INVALID_TYPE": Meaning(
        MissingObjectError,
        "the org has no such object, or hides it",
        "switch the object on, or give the integration user access to it",
    ),
    "NOT_FOUND": Meaning(
        NotFoundError,
        "nothing is at this address",
        "check salesforce.login_url and salesforce.api_version",
    ),
    "REQUIRED_FIELD_MISSING": Meaning(
        ConfigError,
        "the org demands a field that Hotlead does not fill",
        "make the field optional for tasks, or give it a default",
    ),
    "STORAGE_LIMIT_EXCEEDED": Meaning(
        ConfigError, "the org's storage is full", "free storage, or ask Salesforce for more"
    ),
    "UNSUPPORTED_API_VERSION": Meaning(
        ConfigError,
        "the org does not offer this API version",
        "set salesforce.api_version to one the org offers",
    ),
    "INVALID_AUTH_HEADER": Meaning(AuthError, "the session was refused", _LOGIN_MEND),
    "INVALID_LOGIN": Meaning(AuthError, "the log-in was refused", _LOGIN_MEND),
    "INVALID_SESSION_ID": Meaning(AuthError, "the session was refused", _LOGIN_MEND),
    # Nothing helps: the value itself is refused.
    "FIELD_INTEGRITY_EXCEPTION": Meaning(PermanentError, "its values do not go together"),
    "INVALID_EMAIL_ADDRESS": Meaning(PermanentError, "an e-mail address is none"),
    "EXCEEDED_ID_LIMIT": Meaning(TooManyError, "more than the org lists at once"),
    "INVALID_REPLICATION_DATE": Meaning(BeyondError, "the org's log does not go back so far"),
    "JSON_PARSER_ERROR": Meaning(PermanentError, "a value is not of its field's type"),
    "MALFORMED_ID": Meaning(PermanentError, "an id is none of this object's"),
    "MALFORMED_QUERY": Meaning(PermanentError, "the query is not understood"),
    "NUMBER_OUTSIDE_VALID_RANGE": Meaning(PermanentError, "a number is too large"),
    "STRING_TOO_LONG": Meaning(PermanentError, "a text is too long"),
}
_POINTERS = frozenset({"WhoId", "WhatId"})


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
    if status == 429 or (code == "REQUEST_LIMIT_EXCEEDED" and status == 403):
        daily = status == 403 and day_used_up
        mend = "see which other apps use the org's API, or have the limit raised" if daily else ""
        return LimitError(said, retry_after=retry_after, daily=daily, mend=mend)
    if status == 401:
        return AuthError(said, mend=_LOGIN_MEND)
    known = MEANINGS.get(code)
    if status >= 500 and not (known and _nothing_was_done(code, known)):
        kind = UnclearError if writing else TemporaryError
        return kind(said, retry_after=retry_after, tries=known.tries if known else None)
    if known is None or code == "REQUEST_LIMIT_EXCEEDED":
        # The limit's code with another status says that the API does not do such a thing.
        return PermanentError(said)
    return _meant(known, said, retry_after)


def from_row(errors: Sequence[Mapping[str, Any]]) -> ConnectorError:
    """The meaning of the errors of one row; what cannot be tried again outweighs the rest."""
    each = [_of_row(one) for one in errors]
    if not each:
        return UnclearError("Salesforce did not say what became of the row")
    worst = min(each, key=_weight)
    said = "; ".join(str(one) for one in each)
    if isinstance(worst, TemporaryError):
        return type(worst)(said, retry_after=worst.retry_after, tries=worst.tries, mend=worst.mend)
    return type(worst)(said, mend=worst.mend)


def _of_row(error: Mapping[str, Any]) -> ConnectorError:
    code = str(error.get("statusCode", ""))
    said = _said(code, [error], 200)
    if code == "FIELD_INTEGRITY_EXCEPTION" and _POINTERS.intersection(error.get("fields") or ()):
        return MovedError(said)
    return _meant(MEANINGS.get(code, UNKNOWN), said)


def from_part(content: object, status: int) -> ConnectorError:
    """The meaning of the error answer to one part of a request of several."""
    errors = _listed(content)
    code = str(errors[0].get("errorCode", "")) if errors else ""
    said = _said(code, errors, status)
    known = MEANINGS.get(code)
    if known is None:
        return TemporaryError(said) if status >= 500 else PermanentError(said)
    return _meant(known, said)


def from_transport(error: Exception, *, writing: bool) -> ConnectorError:
    """The meaning of a call without a readable answer. Sent or not makes the difference."""
    said = f"Salesforce could not be reached: {type(error).__name__}"
    if isinstance(error, requests.exceptions.SSLError):
        return ConfigError(said, mend="check the address and the machine's certificates")
    if _was_not_sent(error):
        return TemporaryError(said)
    said = f"Salesforce's answer was lost: {type(error).__name__}"
    return UnclearError(said) if writing else TemporaryError(said)


def _nothing_was_done(code: str, known: Meaning) -> bool:
    """Whether an answer of 500 or more with this code says that the call changed nothing."""
    return code != "UNKNOWN_EXCEPTION" and known.kind is not PermanentError


def _meant(known: Meaning, said: str, retry_after: float | None = None) -> ConnectorError:
    if issubclass(known.kind, TemporaryError):
        return known.kind(said, retry_after=retry_after, tries=known.tries, mend=known.mend)
    return known.kind(said, mend=known.mend)


def _weight(error: ConnectorError) -> int:
    """What cannot be helped first, then what an admin mends, what we do, and what time does."""
    kinds = (OwnerError, MovedError, DoubledError, TemporaryError)
    places = [place for place, kind in enumerate(kinds, 2) if isinstance(error, kind)]
    if places:
        return places[0]
    return 1 if isinstance(error, ConfigError) else 0


def _said(code: str, errors: Sequence[Mapping[str, Any]], status: int) -> str:
    message = " ".join(str(errors[0].get("message", "")).split()) if errors else ""
    fields = ", ".join(str(one) for one in errors[0].get("fields") or ()) if errors else ""
    about = f" ({fields})" if fields and fields not in message else ""
    known = MEANINGS.get(code, UNKNOWN if code and status == 200 else None)
    plainly = f"{known.says}; " if known else ""
    return f"{plainly}Salesforce: {code or status}: {message[-_LONGEST:]}{about}"


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
