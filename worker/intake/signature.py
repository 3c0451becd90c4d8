"""Standard Webhooks signatures on incoming signals.

The package signs; the check is ours, because the package judges the age by the machine's clock
and we by the worker's, and because a header that is out of shape must be a reason, not a crash.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

TOLERANCE_SECONDS = 300
_LONGEST_ID = 200
_MOST_SIGNATURES = 20
_FEWEST_BYTES = 16
_MEND = "make one from 32 random bytes, for example with: openssl rand -base64 32"


class SecretError(ValueError):
    """A signing secret is out of shape. The text never holds the secret."""


def check_secrets(secrets: str) -> None:
    """Raise SecretError unless ``secrets`` is one or more secrets, separated by spaces."""
    if not secrets.split():
        raise SecretError(f"is empty; {_MEND}")
    for number, secret in enumerate(secrets.split(), start=1):
        text = secret.removeprefix("whsec_")
        try:
            size = len(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
        except (ValueError, binascii.Error):
            size = 0
        if size < _FEWEST_BYTES:
            raise SecretError(
                f"secret number {number} is not whsec_ followed by base64 of at least "
                f"{_FEWEST_BYTES} bytes; {_MEND}"
            )


def verify(secrets: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    """None when ``body`` was signed with one of ``secrets``, else the reason why not.

    ``secrets`` are separated by spaces, so that one can be rotated in before the other is out.
    ``now`` is aware; the stamp may lie ``TOLERANCE_SECONDS`` on either side of it. Raises
    SecretError when the secrets themselves are out of shape.
    """
    check_secrets(secrets)
    named = {name.lower(): value for name, value in headers.items()}
    message_id = named.get("webhook-id", "")
    stamp = named.get("webhook-timestamp", "")
    signatures = named.get("webhook-signature", "")
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if not named.get(name):
            return f"the header {name} is missing"
    if len(message_id) > _LONGEST_ID:
        return "the header webhook-id is too long"
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return "the header webhook-timestamp is not a whole number of seconds"
    ahead = int(stamp) - now.timestamp()
    if abs(ahead) > TOLERANCE_SECONDS:
        side = "ahead of" if ahead > 0 else "behind"
        return f"the timestamp is more than {TOLERANCE_SECONDS} seconds {side} our clock"
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return "the body is not UTF-8"
    moment = datetime.fromtimestamp(int(stamp), UTC)
    wanted = [Webhook(secret).sign(message_id, moment, text) for secret in secrets.split()]
    # Every pair is compared, so that the time taken does not tell which one was near.
    pairs = [(sent, one) for sent in signatures.split()[:_MOST_SIGNATURES] for one in wanted]
    hits = [hmac.compare_digest(sent.encode(), one.encode()) for sent, one in pairs]
    return None if any(hits) else "no signature matches"


def sign(secret: str, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """The three headers for ``body`` (UTF-8) under one secret. Raises SecretError."""
    check_secrets(secret)
    moment = datetime.fromtimestamp(int(now.timestamp()), UTC)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, moment, body.decode()),
    }
