"""The kinds of text and time that a signal is made of: bounded, cleaned and checked."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints

from worker.validation import refuse

_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"\\]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_HARMFUL = frozenset(("Cc", "Cs", "Co", "Cn", "Zl", "Zp"))
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def _harmful(character: str) -> bool:
    return character in _TURNING or unicodedata.category(character) in _HARMFUL


def clean(text: Any) -> Any:
    """One line without control characters, lone surrogates or marks that turn the reading.

    What is no text is left to the validator behind.
    """
    if not isinstance(text, str):
        return text
    if text.isprintable() and text.isascii():
        return text.strip()
    spaced = "".join(" " if character in "\t\r\n" else character for character in text)
    return "".join(character for character in spaced if not _harmful(character)).strip()


def _identifier(text: str) -> str:
    # Refused and not stripped: two ids that differ in such a character must not become one.
    if not text.strip() or any(_harmful(character) for character in text):
        raise refuse("is blank or holds control characters", "send a printable text")
    return text


def email(text: str) -> str:
    """The address in lower case. Raises PydanticCustomError when it does not look like one."""
    address = text.strip().lower()
    printable = not any(_harmful(character) for character in address)
    if len(address) > 254 or not printable or not _EMAIL.fullmatch(address):
        raise refuse("is not an e-mail address", "send the bare address, like ann@example.com")
    return address


def _link(text: str) -> str:
    if not text:
        return text
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good or any(not character.isprintable() or character.isspace() for character in text):
        raise refuse("is not a web address", "send a link that starts with https:// or http://")
    return text


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    mend = "send a text like 2026-05-25T14:03:00Z"
    if not isinstance(value, str):
        raise refuse("is not a time", mend)
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError as error:
        raise refuse("is not a time", mend) from error
    if moment.tzinfo is None:
        raise refuse("has no offset from UTC", mend)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise refuse("is out of range", mend) from error


def _language(text: str) -> str:
    if text and not _LANGUAGE.fullmatch(text):
        raise refuse("is no language", "send a code like de or pt-BR, or leave it out")
    return text.lower()


Language = Annotated[str, StringConstraints(max_length=35), AfterValidator(_language)]
Identifier = Annotated[
    str, StringConstraints(min_length=1, max_length=200), AfterValidator(_identifier)
]
Name = Annotated[str, StringConstraints(max_length=200), BeforeValidator(clean)]
Subject = Annotated[str, StringConstraints(max_length=300), BeforeValidator(clean)]
Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(email)]
Link = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_link)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
