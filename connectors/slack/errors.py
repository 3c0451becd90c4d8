"""Slack's errors in the words of ``connectors.errors``, each with what an admin can do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
import urllib3
from slack_sdk.errors import SlackApiError, SlackClientError

from connectors.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    LimitError,
    PermanentError,
    TemporaryError,
    UnclearError,
)

_TOKEN = "Copy the bot token (xoxb-…) of the installed app again."  # noqa: S105
_INVITE = "Invite the app to the channel (/invite @Hotlead) and check the name in the policy."
_PERSON = "Choose another person or place in the policy."

AUTH = {
    "not_authed": _TOKEN,
    "invalid_auth": _TOKEN,
    "token_revoked": "Install the app again and copy its new bot token.",
    "token_expired": "Switch token rotation off for the app and install it again.",
    "account_inactive": "The app was removed from the workspace; install it again.",
    "org_login_required": "The workspace is being moved; try again when that is done.",
}
CONFIG = {
    "not_allowed_token_type": "The bot token starts with xoxb-, the app token with xapp-.",
    "no_permission": "Ask a workspace admin to allow the app.",
    "access_denied": "Ask a workspace admin to allow the app.",
    "team_access_not_granted": "Ask an organisation admin to allow the app for this workspace.",
    "ekm_access_denied": "Ask a workspace admin; messages are blocked there for now.",
    "channel_not_found": _INVITE,
    "not_in_channel": _INVITE,
    "is_archived": "Restore the channel or name another one in the policy.",
    "restricted_action": "Let the app post in this channel (channel settings, permissions).",
    "restricted_action_read_only_channel": "Let the app post in this channel.",
    "user_not_found": _PERSON,
    "users_not_found": _PERSON,
    "user_disabled": _PERSON,
    "user_not_visible": _PERSON,
    "cannot_dm_bot": "A bot cannot be written to; choose a person.",
}
BUSY = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
NOT_DONE = frozenset({"request_timeout", "service_unavailable", "team_added_to_org"})
PERHAPS_DONE = frozenset({"internal_error", "fatal_error"})
_SERVER_ERROR = 500


@contextmanager
def told(what: str, *, once: bool = False) -> Iterator[None]:
    """Turn what the client raises into a ConnectorError about ``what``.

    ``once`` marks a call that must not happen twice: where its outcome is unknown, UnclearError.
    """
    try:
        yield
    except SlackApiError as error:
        raise _refused(what, error, once=once) from error
    except requests.exceptions.ConnectTimeout as error:
        raise TemporaryError(f"{what}: Slack could not be reached in time") from error
    except requests.RequestException as error:
        raise _broken_off(what, error, once=once) from error
    except (SlackClientError, ValueError, LookupError, TypeError, AttributeError) as error:
        # The client stumbles in these ways over an answer that is not one of Slack's.
        raise _unclear(what, type(error).__name__, once=once) from error


def _unclear(what: str, why: str, *, once: bool) -> TemporaryError:
    kind = UnclearError if once else TemporaryError
    return kind(f"{what}: {why}")


def _never_sent(error: BaseException) -> bool:
    """Whether the request did not leave: refused, not resolved, no route."""
    inner = error.args[0] if error.args else None
    reason = getattr(inner, "reason", None)
    return isinstance(
        reason, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProxyError)
    )


def _broken_off(what: str, error: requests.RequestException, *, once: bool) -> ConnectorError:
    if isinstance(error, requests.exceptions.SSLError):
        return ConfigError(
            f"{what}: the certificate of the other side was not accepted",
            mend="Check slack.base_url, and a proxy's certificate in REQUESTS_CA_BUNDLE.",
        )
    if _never_sent(error):
        return TemporaryError(f"{what}: Slack could not be reached")
    return _unclear(what, f"the connection broke ({type(error).__name__})", once=once)


def _refused(what: str, error: SlackApiError, *, once: bool) -> ConnectorError:
    answer = error.response.data if isinstance(error.response.data, dict) else {}
    status = int(error.response.status_code)
    code = str(answer.get("error") or "")
    if status == requests.codes.too_many_requests or code in BUSY:
        return LimitError(
            f"{what}: Slack asks for a pause", retry_after=_pause(error.response.headers)
        )
    if status >= _SERVER_ERROR or code in PERHAPS_DONE:
        return _unclear(what, f"Slack failed ({status} {_short(code)})", once=once)
    if code in NOT_DONE:
        return TemporaryError(f"{what}: Slack is not ready ({code})")
    if code in AUTH:
        return AuthError(f"{what}: Slack refuses the token ({code})", mend=AUTH[code])
    if code == "missing_scope":
        needed = str(answer.get("needed") or "?")
        return ConfigError(
            f"{what}: the app lacks the scope {needed}",
            mend=f"Add the scope {needed} to the app (or use our manifest) and install it again.",
        )
    if code in CONFIG:
        return ConfigError(f"{what}: {code}", mend=CONFIG[code])
    if not code or " " in code:
        return _unclear(what, f"the answer was not Slack's (status {status})", once=once)
    return PermanentError(f"{what}: {code}{_details(answer.get('errors'))}")


def _short(code: str) -> str:
    return code if code and " " not in code else "no details"


def _details(errors: object) -> str:
    return f" ({'; '.join(str(one) for one in errors[:3])})" if isinstance(errors, list) else ""


def _pause(headers: object) -> float | None:
    if not isinstance(headers, dict):
        return None
    for name, value in headers.items():
        if str(name).lower() == "retry-after":
            text = str(value[0] if isinstance(value, list) else value)
            return float(text) if text.isdigit() else None
    return None
