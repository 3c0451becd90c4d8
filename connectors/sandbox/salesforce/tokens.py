"""``/services/oauth2/token``: sessions by client credentials, and their end."""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Any

from connectors.sandbox.salesforce.call import Reply
from connectors.sandbox.salesforce.org import Org


class Tokens:
    """The living sessions."""

    def __init__(self, org: Org, client_id: str, client_secret: str) -> None:
        self._org = org
        self._client = (client_id, client_secret)
        self._living: set[str] = set()
        self.issued = 0

    def token(self, form: dict[str, str], headers: dict[str, str], host: str) -> Reply:
        """Answer a token request; ``host`` is the address that the client used."""
        if form.get("grant_type") != "client_credentials":
            return _refused("unsupported_grant_type", "grant type not supported")
        client_id, secret = _basic(headers) or (
            form.get("client_id", ""),
            form.get("client_secret", ""),
        )
        if client_id != self._client[0]:
            return _refused("invalid_client_id", "client identifier invalid")
        if secret != self._client[1]:
            return _refused("invalid_client", "invalid client credentials")
        return Reply(body=self._session(host))

    def _session(self, host: str) -> dict[str, Any]:
        token = f"{self._org.org_id[:15]}!{secrets.token_urlsafe(72)}"
        self._living.add(token)
        self.issued += 1
        return {
            "access_token": token,
            "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
            "scope": "api",
            "instance_url": host,
            "id": f"{host}/id/{self._org.org_id}/{self._org.user_id}",
            "token_type": "Bearer",
            "issued_at": str(int(self._org.now().timestamp() * 1000)),
        }

    def knows(self, headers: dict[str, str]) -> bool:
        """Whether the call carries a living session."""
        kind, _, token = headers.get("authorization", "").partition(" ")
        return kind.lower() in ("bearer", "oauth") and token in self._living

    def expire(self) -> None:
        """End every session."""
        self._living.clear()


def _basic(headers: dict[str, str]) -> tuple[str, str] | None:
    kind, _, encoded = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ("", "")
    return name, secret


def _refused(error: str, description: str) -> Reply:
    return Reply(400, {"error": error, "error_description": description})
