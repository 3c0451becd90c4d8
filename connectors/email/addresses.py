"""What an e-mail address may look like here: one mailbox that ends no line and no list."""

from __future__ import annotations

import re
from email.headerregistry import Address

_MAILBOX = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?"
)
"""RFC 5321 without quoted names, and without SMTPUTF8, which many servers lack."""


def mailbox(text: str) -> str | None:
    """The address in lower case; None when it is no single plain mailbox."""
    found = text.strip().lower()
    if not _MAILBOX.fullmatch(found) or ".." in found:
        return None
    try:
        Address(addr_spec=found)
    except (ValueError, IndexError):  # the standard library's parser breaks in either way
        return None
    return found
