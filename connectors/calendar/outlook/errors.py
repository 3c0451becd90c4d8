"""What Microsoft's refusals mean, and whose they are: of one mailbox, or of the whole log-in.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes
https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connectors.calendar.vendor import Answer
from connectors.errors import AuthError, ConfigError, ConnectorError, LimitError, TemporaryError

_APP = "entra.microsoft.com › Entra ID › App registrations › the app"
_NEW_SECRET = (
    f"in {_APP} › Certificates & secrets make a new client secret, and set "
    "HOTLEAD_OUTLOOK_CLIENT_SECRET to its value (not its ID)"
)
_IDS = f"copy tenant and client_id anew from {_APP} › Overview"
_GRANT = (
    f"in {_APP} › API permissions add the application permission {{0}} of Microsoft Graph and "
    "press Grant admin consent"
)
_PERSON = (
    "see that the e-mail is that of a mailbox in Exchange Online, or add it to "
    "calendars.outlook.except_people"
)
_OF_TOKENS: dict[int, tuple[str, str]] = {
    7000215: ("Microsoft does not take the client secret", _NEW_SECRET),
    7000222: ("the client secret has expired", _NEW_SECRET),
    7000216: ("the client secret is missing", _NEW_SECRET),
    700016: ("the tenant has no such app", _IDS),
    7000112: ("the app is disabled", f"enable sign-in in {_APP}"),
    90002: ("Microsoft knows no such tenant", _IDS),
    900023: ("Microsoft knows no such tenant", _IDS),
}
_NOBODY = frozenset(
    {
        "ErrorInvalidUser",
        "Request_ResourceNotFound",
        "ResourceNotFound",
        "ErrorNonExistentMailbox",
        "MailboxNotEnabledForRESTAPI",
        "MailboxNotSupportedForRESTAPI",
        "ErrorItemNotFound",
    }
)


def token_refused(answer: Answer) -> ConnectorError:
    """What an answer of the token endpoint means that holds no token."""
    if answer.status >= 500 or answer.status == 429:
        text = "Microsoft gives no tokens now"
        return TemporaryError(text, retry_after=answer.retry_after)
    told = str(answer.body.get("error_description", ""))
    found = re.search(r"AADSTS(\d+)", told)
    code = int(found.group(1)) if found else 0
    error = str(answer.body.get("error", ""))
    if code in _OF_TOKENS:
        text, mend = _OF_TOKENS[code]
        return AuthError(f"{text} (AADSTS{code})", mend=mend)
    first = told.splitlines()[0][:200] if told else ""
    return AuthError(
        f"Microsoft refuses a token: {answer.status} {error} {first}".strip(), mend=_IDS
    )


def api_refused(
    answer: Answer, email: str, permission: str, *, paging: bool = False
) -> ConnectorError:
    """What an answer of Graph means that is no page; ``paging``: not the first one."""
    code, told = _error(answer.body)
    if answer.status == 429:
        return LimitError(
            f"Microsoft's limit of calls is used up ({code})", retry_after=answer.retry_after
        )
    if answer.status >= 500:
        text = f"Microsoft answers {answer.status} ({code})"
        return TemporaryError(text, retry_after=answer.retry_after)
    if answer.status == 410 or (answer.status == 400 and paging):
        return TemporaryError("Microsoft has lost the place in the pages; they are read anew")
    if answer.status == 401:
        return AuthError(f"Microsoft does not take its own token ({code}: {told})", mend=_IDS)
    if code in _NOBODY or answer.status == 404:
        return ConfigError(f"Microsoft has no mailbox of {email} ({code})", mend=_PERSON)
    if answer.status == 403:
        mend = (
            f"{_GRANT.format(permission)}; where mailboxes are limited (RBAC for Applications, an "
            "application access policy), add this one"
        )
        return ConfigError(f"Microsoft keeps us out of the mailbox of {email} ({code})", mend=mend)
    return ConfigError(f"Microsoft answers {answer.status}: {code}: {told}", mend="report it")


def _error(body: Mapping[str, Any]) -> tuple[str, str]:
    error = body.get("error")
    if not isinstance(error, dict):
        return "no JSON", ""
    return str(error.get("code", "")), str(error.get("message", ""))[:300]
