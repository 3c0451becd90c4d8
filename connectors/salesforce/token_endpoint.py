"""``/services/oauth2/token`` of one org: a form goes out, a grant or the meaning of a refusal comes
back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from connectors.errors import ConnectorError
from connectors.oauth import Grant, Refusals, plain
from connectors.salesforce.errors import from_transport
from connectors.salesforce.login_errors import no_log_in, refused
from connectors.salesforce.settings import SalesforceSecrets, SalesforceSettings


class TokenEndpoint:
    """``/services/oauth2/token`` of one org."""

    def __init__(
        self, settings: SalesforceSettings, secrets: SalesforceSecrets, http: requests.Session
    ) -> None:
        self._url = f"{settings.login_url}/services/oauth2/token"
        self._secrets = secrets
        self._http = http
        self._refusals = Refusals()
        self.told_at: datetime | None = None
        """Salesforce's time at its last answer."""

    def ask(
        self, form: Mapping[str, str], *, flow: str, headers: Mapping[str, str] | None = None
    ) -> Grant:
        """The grant for a form. Raises ConnectorError, whose text holds nothing of what we sent."""
        asked = "&".join(form.values())
        self._refusals.repeat(asked)
        try:
            return self._sent(form, flow=flow, headers=headers)
        except ConnectorError as error:
            self._refusals.note(asked, error)
            raise

    def _sent(
        self, form: Mapping[str, str], *, flow: str, headers: Mapping[str, str] | None
    ) -> Grant:
        try:
            answer = self._http.post(
                self._url, data=dict(form), headers=headers, allow_redirects=False
            )
        except requests.exceptions.RequestException as error:
            # The error holds the request, and that the secret.
            raise from_transport(error, writing=False) from None
        found = _json(answer)
        self.told_at = _date(answer.headers.get("Date", ""))
        if answer.status_code != requests.codes.ok:
            sent = [value for name, value in form.items() if name != "grant_type"]
            sent.append(plain(self._secrets.client_secret))
            raise refused(answer.status_code, found, answer.headers, flow=flow, hidden=sent)
        return _grant(found)


def _date(told: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(told)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _json(answer: requests.Response) -> Any:
    try:
        return answer.json()
    except requests.exceptions.JSONDecodeError:
        return None


def _grant(found: Any) -> Grant:
    told = found if isinstance(found, dict) else {}
    token, instance = told.get("access_token"), told.get("instance_url")
    if not isinstance(token, str) or not isinstance(instance, str) or not urlsplit(instance).netloc:
        raise no_log_in(requests.codes.ok)
    refresh = told.get("refresh_token")
    org, _, user = str(told.get("id", "")).partition("/id/")[2].partition("/")
    return Grant(
        access_token=SecretStr(token),
        refresh_token=SecretStr(refresh) if isinstance(refresh, str) and refresh else None,
        instance_url=instance,
        account=org,
        user=user,
        scopes=tuple(str(told.get("scope", "")).split()),
    )
