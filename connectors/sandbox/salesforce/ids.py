"""Record ids as Salesforce makes them: 15 case-sensitive characters and a checksum of three."""

from __future__ import annotations

import string

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECK = string.ascii_uppercase + "012345"
_INSTANCE = "Hl0"


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of the ``number``-th record; later ids sort after earlier ones."""
    body = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        body = _DIGITS[digit] + body
    return with_checksum(prefix + _INSTANCE + body)


def with_checksum(short: str) -> str:
    """The 18-character form of a 15-character id."""
    ends = ""
    for start in (0, 5, 10):
        chunk = short[start : start + 5]
        ends += _CHECK[sum(1 << place for place, one in enumerate(chunk) if one.isupper())]
    return short + ends


def whole_id(text: object) -> str | None:
    """The 18-character form of an id in either form; None when it is no id."""
    if not isinstance(text, str) or not text.isascii() or not text.isalnum():
        return None
    if len(text) == 15:
        return with_checksum(text)
    if len(text) == 18 and with_checksum(text[:15]) == text:
        return text
    return None
