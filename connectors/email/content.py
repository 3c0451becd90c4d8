"""A card as an e-mail: the same words as plain text and as HTML that any mail client shows.

The link that a rep needs comes first, and nothing waits to be pressed: an e-mail that was read
says nothing to the server, so it must not look as if it did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlsplit

from connectors.base import Card, CardGroup
from connectors.email.sender import one_line

LONGEST_TEXT = 4000
SUBJECT = 77
"""Letters; RFC 5322 advises lines of at most 78."""
MOST = 500
"""Lines or alerts of one message; the number of the others is said."""
ANSWER = (
    "There is nothing to press here: answer the prospect by mail, phone or meeting, and log it in "
    "the CRM as always. Hotlead sees it there and stops the clock."
)
_ACTS = ("claim", "acknowledge", "snooze")
_STYLE = {
    "page": "font:15px/1.5 -apple-system,'Segoe UI',Roboto,Arial,sans-serif;color:#1d1c1d;"
    "max-width:600px;margin:0;padding:8px",
    "title": "font-size:19px;line-height:1.3;margin:0 0 8px",
    "line": "margin:0 0 12px",
    "go": "display:inline-block;background:#0b6b4f;color:#ffffff;text-decoration:none;"
    "padding:10px 18px;border-radius:6px;font-weight:bold;margin:0 12px 8px 0",
    "link": "color:#0b57d0;margin:0 12px 0 0",
    "label": "color:#5f5f62;padding:0 14px 2px 0;vertical-align:top;text-align:left;"
    "font-weight:normal;white-space:nowrap",
    "value": "padding:0 0 2px;vertical-align:top;overflow-wrap:anywhere",
    "group": "font-size:16px;margin:14px 0 4px",
    "list": "margin:0 0 12px;padding:0 0 0 20px",
    "small": "color:#5f5f62;font-size:13px;margin:0 0 8px",
}


@dataclass(frozen=True, slots=True)
class Content:
    """What is said, in both forms."""

    subject: str
    text: str
    html: str


def content(card: Card) -> Content:
    """The whole message of a card."""
    return Content(subject_of(card), _text(card), _html(card))


def subject_of(card: Card) -> str:
    """Who and what, in a line that a phone shows; never empty."""
    said = one_line(card.subject) or one_line(card.title) or "Hotlead"
    return said if len(said) <= SUBJECT else f"{said[: SUBJECT - 1].rstrip()}…"


def web_url(url: str) -> str:
    """The address made safe to open; '' unless http or https."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or not url.isprintable():
        return ""
    return quote(parts.geturl(), safe=":/?#[]@!$&'()*+,;=%~")


def _links(card: Card) -> list[tuple[str, str]]:
    """The thread first, then the CRM, then what buttons open; each address once."""
    given = [("Open thread", card.thread_url), ("Open in CRM", card.crm_url)]
    given += [(button.label, button.url) for button in card.buttons if button.url]
    found: dict[str, str] = {}
    for label, url in given:
        safe = web_url(url)
        if safe:
            found.setdefault(safe, said(label) or "Open")
    return [(label, url) for url, label in found.items()]


def said(text: str) -> str:
    """A hostile text on one line, no longer than anybody reads."""
    line = one_line(text)
    return line if len(line) <= LONGEST_TEXT else f"{line[: LONGEST_TEXT - 1]}…"


def _ending(card: Card) -> str:
    """How to act, on what can be acted upon: cards with buttons elsewhere."""
    acts = any(button.action in _ACTS for button in card.buttons)
    return ANSWER if acts else ""


def _shown(items: Sequence[str]) -> tuple[list[str], int]:
    """The lines that are shown, and how many are not."""
    kept = [line for item in items if (line := said(item))]
    return kept[:MOST], max(0, len(kept) - MOST)


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    status: str
    links: Sequence[tuple[str, str]]


def _groups(groups: Sequence[CardGroup]) -> Iterator[tuple[str, list[_Item]]]:
    """As many alerts as are shown, by group."""
    room = MOST
    for group in groups:
        some = [
            _Item(
                said(one.text) or "An alert",
                said(one.status),
                [(said(label), safe) for label, url in one.links if (safe := web_url(url))],
            )
            for one in group.items[:room]
        ]
        room -= len(some)
        if some:
            yield said(group.title), some


def _left_out(card: Card, lines_left: int) -> str:
    given = sum(len(one.items) for one in card.groups)
    left = lines_left + max(0, given - MOST) + card.more
    return f"… and {left} more" if left else ""


def _text(card: Card) -> str:
    items, left = _shown(card.items)
    parts: list[Iterable[str]] = [
        [said(card.title)],
        [f"{label}: {url}" for label, url in _links(card)],
        [said(card.summary)],
        [f"{said(label)}: {said(value)}" for label, value in card.facts if said(value)],
        [f"- {line}" for line in items],
        *(_group_text(title, some) for title, some in _groups(card.groups)),
        [_left_out(card, left)],
        [said(card.status)],
        [said(card.footer)],
        [_ending(card)],
    ]
    blocks = ["\n".join(line for line in part if line) for part in parts]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _group_text(title: str, items: Sequence[_Item]) -> Iterator[str]:
    yield title
    for one in items:
        yield f"- {one.text}"
        if one.status:
            yield f"  {one.status}"
        for label, url in one.links:
            yield f"  {label}: {url}"


def _html(card: Card) -> str:
    items, left = _shown(card.items)
    parts = [
        _tag("h1", "title", said(card.title)),
        _links_html(_links(card)),
        _tag("p", "line", said(card.summary)),
        _facts_html(card),
        _list_html(items),
    ]
    for title, some in _groups(card.groups):
        parts += [_tag("h2", "group", title), _items_html(some)]
    parts += [
        _tag("p", "line", _left_out(card, left)),
        _tag("p", "line", said(card.status), strong=True),
        _tag("p", "small", said(card.footer)),
        _tag("p", "small", _ending(card)),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(subject_of(card))}</title></head>\n"
        f'<body style="{escape(_STYLE["page"])}">\n{body}\n</body></html>\n'
    )


def _tag(name: str, style: str, text: str, *, strong: bool = False) -> str:
    if not text:
        return ""
    inner = f"<strong>{escape(text)}</strong>" if strong else escape(text)
    return f'<{name} style="{escape(_STYLE[style])}">{inner}</{name}>'


def _link(style: str, label: str, url: str) -> str:
    return f'<a style="{escape(_STYLE[style])}" href="{escape(url)}">{escape(label)}</a>'


def _links_html(links: Sequence[tuple[str, str]]) -> str:
    if not links:
        return ""
    first, *others = links
    shown = [_link("go", *first), *(_link("link", *one) for one in others)]
    return f'<p style="{_STYLE["line"]}">{" ".join(shown)}</p>'


def _facts_html(card: Card) -> str:
    rows = "".join(
        f"<tr>{_tag('th', 'label', said(label) or '·')}{_tag('td', 'value', said(value))}</tr>"
        for label, value in card.facts
        if said(value)
    )
    return f'<table style="{_STYLE["line"]}" cellspacing="0">{rows}</table>' if rows else ""


def _list_html(lines: Sequence[str]) -> str:
    rows = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f'<ul style="{_STYLE["list"]}">{rows}</ul>' if rows else ""


def _items_html(items: Sequence[_Item]) -> str:
    rows = []
    for one in items:
        links = " ".join(_link("link", label or "Open", url) for label, url in one.links)
        below = "<br>".join(part for part in (escape(one.status), links) if part)
        rows.append(f"<li>{escape(one.text)}<br>{below}</li>")
    return f'<ul style="{_STYLE["list"]}">{"".join(rows)}</ul>'
