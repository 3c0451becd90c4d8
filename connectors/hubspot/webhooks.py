"""HubSpot's webhooks: calls from outside, believed only with a good signature of version 3."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import SecretStr

from connectors.base import Hint, HookRefusedError
from connectors.hubspot import changes

NAME = "hubspot webhooks"
PATH = "/v1/hubspot/webhooks"
TOLERANCE = timedelta(minutes=5)
"""How far HubSpot's clock and ours may be apart, either way; older calls may be replayed ones."""
LONGEST = 1_000_000
"""Bytes; HubSpot sends up to 100 events in a call, of less than 1 kB each."""
_SIGNATURE, _TIMESTAMP = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"
_DECODED = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}
"""What HubSpot decodes in an address before it signs; everything else stays encoded."""


def signature(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """The signature of a call, as HubSpot works it out. ``timestamp`` is ms as a text."""
    for encoded, plain in _DECODED.items():
        url = url.replace(encoded, plain).replace(encoded.lower(), plain)
    signed = f"{method}{url}".encode() + body + timestamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def verify(
    secret: str, method: str, url: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> str | None:
    """Why a call is not to be believed; None when it is. Header names are in lower case."""
    given, timestamp = headers.get(_SIGNATURE, ""), headers.get(_TIMESTAMP, "")
    if not given or not timestamp:
        return "the signature of version 3 or its time is missing"
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        return "the time of the signature is no number of milliseconds"
    apart = abs(now.timestamp() - int(timestamp) / 1000)
    if apart > TOLERANCE.total_seconds():
        return f"the time of the signature is {apart:.0f} seconds away from ours"
    # Compared before the time would tell an attacker nothing more: both are refused alike.
    wanted = signature(secret, method, url, body, timestamp)
    if not hmac.compare_digest(wanted.encode(), given.encode()):
        return "the signature is not that of this call"
    return None


class Webhooks:
    """The route that HubSpot calls. ``secret`` is the client secret of the app that calls."""

    def __init__(self, secret: SecretStr, settle: float) -> None:
        self.name = NAME
        self.path = PATH
        self.settle = settle
        self.longest = LONGEST
        self._secret = secret

    def take(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> Sequence[Hint]:
        """As the protocol says: 401 without a good signature, 400 for what is no JSON."""
        why = verify(self._secret.get_secret_value(), method, url, headers, body, now)
        if why is not None:
            raise HookRefusedError(401, why)
        try:
            told = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise HookRefusedError(400, "the body is no JSON") from error
        events = told if isinstance(told, list) else [told]
        found = (changes.hint(one) for one in events if isinstance(one, dict))
        return [one for one in found if one is not None]
