"""Makes text from outside harmless for the place in a Slack message where it lands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit

LONGEST_URL = 3000
_ELLIPSIS = "…"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_LOOKALIKES = {"*": "∗", "_": "ˍ", "~": "∼", "`": "ˋ", ">": "›"}
"""Slack knows no escape for its marks; these look the same and mean nothing to it."""
_MARKS = re.compile(r"[&<>*_~`]")
_DROPPED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff"
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)
"""Control characters, lone surrogates, and marks that turn the direction of the text around."""
_CALLS = re.compile(r"<(?=[!@#])")
_SPACES = re.compile(r"\s+")


def clean(text: str) -> str:
    """One line of characters that can be shown, with nothing that looks like a call upon somebody.

    Escaping already keeps Slack from calling; what else shows messages (a bridge, a viewer) may
    undo the escapes first.
    """
    return _CALLS.sub("‹", _SPACES.sub(" ", _DROPPED.sub("", text)).strip())


def length(text: str) -> int:
    """Length in UTF-16 units, the strictest way in which Slack may count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def plain(text: str, limit: int) -> str:
    """For a ``plain_text`` object: at most ``limit`` long, cut with an ellipsis."""
    line = clean(text)
    return line if length(line) <= limit else _cut(line, limit)


def mrkdwn(text: str, limit: int) -> str:
    """For a ``mrkdwn`` object: shown as it is, formats nothing, links nothing, calls nobody."""
    line = clean(text)
    whole = _MARKS.sub(_harmless, line)
    if length(whole) <= limit:
        return whole
    # Cut piece by piece, for half an entity would be shown as such.
    marks = {found.start(): _harmless(found) for found in _MARKS.finditer(line)}
    return _cut((marks.get(at, one) for at, one in enumerate(line)), limit)


def _harmless(found: re.Match[str]) -> str:
    mark, line, at = found[0], found.string, found.start()
    if mark == ">" and at == 0:
        return _LOOKALIKES[mark]  # a leading &gt; makes a quotation all the same
    if mark == "_" and line[at - 1 : at].isalnum() and line[at + 1 : at + 2].isalnum():
        return mark  # inside a word it formats nothing, and addresses stay fit to be copied
    return _ENTITIES.get(mark) or _LOOKALIKES[mark]


def _cut(pieces: Iterable[str], limit: int) -> str:
    """As many pieces as fit before an ellipsis."""
    kept: list[str] = []
    used = length(_ELLIPSIS)
    for piece in pieces:
        used += length(piece)
        if used > limit:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + _ELLIPSIS


def web_url(url: str) -> str:
    """The address made safe inside ``<url|label>`` and in a button; '' unless http or https."""
    try:
        parts = urlsplit(clean(url))
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    safe = quote(parts.geturl(), safe=":/?#[]@!$&'()*+,;=%~")
    return safe if length(safe) <= LONGEST_URL else ""


def link(url: str, label: str, limit: int) -> str:
    """A mrkdwn link with a hostile label, at most ``limit`` long; '' for a useless address.

    Without room for the whole address there is no link, only the label.
    """
    address = web_url(url).replace("&", "&amp;")
    if not address:
        return ""
    room = limit - length(address) - 3
    words = clean(label).replace("|", "¦")
    return f"<{address}|{mrkdwn(words, room)}>" if words and room > 1 else mrkdwn(words, limit)
