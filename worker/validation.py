"""Turns pydantic's errors into what is wrong and how to mend it, for people to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_LONGEST_ECHO = 80
_MOST_NAMES = 40


def refuse(what: str, mend: str) -> PydanticCustomError:
    """An error for a validator to raise; both texts come out of ``explain`` as they went in."""
    # Through the context, because braces of a text from outside would be read as a template.
    return PydanticCustomError("refused", "{what}", {"what": what, "mend": mend})


def explain(error: ErrorDetails, names: Iterable[str] = ()) -> tuple[str, str]:
    """(what, mend) of one pydantic error. ``names`` are the keys that may stand at its place."""
    kind = error["type"]
    key = shown(str(error["loc"][-1])) if error["loc"] else ""
    if kind == "missing":
        return f"{key!r} is missing", f"add {key!r}"
    if kind == "extra_forbidden":
        return f"unknown key {key!r}", nearest(key, names)
    context = error.get("ctx") or {}
    if kind == "refused":
        return str(context["what"]), str(context["mend"])
    message = error["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    if kind == "value_error" and "; " in message:
        what, mend = message.split("; ", 1)
        return what, mend
    return message[:1].lower() + message[1:], "change the value so that it fits"


def nearest(word: str, names: Iterable[str]) -> str:
    """The mend of a misspelt ``word``: the closest of ``names``, or all of them."""
    known = sorted(names)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    if not known:
        return "remove it"
    more = f" and {len(known) - _MOST_NAMES} more" if len(known) > _MOST_NAMES else ""
    return f"remove it, or use one of {', '.join(known[:_MOST_NAMES])}{more}"


def shown(text: str) -> str:
    """A text from outside, cut and freed of what cannot be printed or encoded."""
    clean = "".join(character if character.isprintable() else "?" for character in text)
    return clean if len(clean) <= _LONGEST_ECHO else clean[: _LONGEST_ECHO - 1] + "…"
