"""Many lines in one message: those of a digest, and the alerts of a return brief."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from connectors.base import CardGroup, CardItem
from connectors.slack.elements import Block, button_element, section
from connectors.slack.text import length, link, mrkdwn

SECTION = 3000
ROOM = 41
"""Of the fifty blocks of a message, those that are left for lines and alerts."""
LONGEST = 8000
"""Letters of all lines and alerts with their links. Slack refuses a message whose blocks come to
some 13,200 letters, whatever each of them has (slackapi/bolt-js#2509)."""
_BUTTON = 250
"""Letters that a button costs beside its text."""
_TITLE, _TEXT, _STATUS, _LINK = 150, 500, 300, 700


def lines(items: Iterable[str]) -> list[Block]:
    """The lines of a digest, as many as fit, the number of the others at the end."""
    kept = [f"•  {line}" for line in (mrkdwn(item, 500) for item in items) if line]
    sections: list[list[str]] = []
    used = SECTION + 1
    total = shown = 0
    for line in kept:
        used += length(line) + 1
        total += length(line) + 1
        if total > LONGEST:
            break
        if used > SECTION:
            sections.append([])
            used = length(line)
        sections[-1].append(line)
        shown += 1
    made = [section("\n".join(one)) for one in sections]
    if shown < len(kept):
        made.append(section(f"… and {len(kept) - shown} more"))
    return made


def groups(given: Sequence[CardGroup], more: int, room: int) -> list[Block]:
    """The alerts of a return brief in at most ``room`` blocks, by group and in order.

    An alert with a button has a section of its own, others share one. The number of those that
    did not fit, and of those that were not given (``more``), is said at the end.
    """
    made: list[Block] = []
    used = shown = 0
    for title, item in _in_order(given):
        text = _item(title, item)
        button = button_element(item.button, item.alert_id) if item.button else None
        used += length(text) + (_BUTTON if button else 0)
        joins = button is None and not title and _takes(made, text)
        if used > LONGEST or (not joins and len(made) + 1 >= room):
            break
        if joins:
            made[-1]["text"]["text"] += f"\n{text}"
        else:
            made.append(section(text) | ({"accessory": button} if button else {}))
        shown += 1
    left = sum(len(one.items) for one in given) - shown + more
    return [*made, section(f"… and {left} more")] if left > 0 and room > 0 else made


def _in_order(given: Sequence[CardGroup]) -> Iterator[tuple[str, CardItem]]:
    """Each alert with the title of its group, if it is the group's first."""
    for group in given:
        for number, item in enumerate(group.items):
            yield (group.title if number == 0 else ""), item


def _takes(made: Sequence[Block], text: str) -> bool:
    """Whether the last block has room for another alert."""
    if not made or "accessory" in made[-1]:
        return False
    return length(made[-1]["text"]["text"]) + length(text) + 1 <= SECTION


def _item(title: str, item: CardItem) -> str:
    heading = mrkdwn(title, _TITLE)
    status = mrkdwn(item.status, _STATUS)
    links = [link(url, label, _LINK) for label, url in item.links]
    parts = [
        f"*{heading}*" if heading else "",
        f"•  {mrkdwn(item.text, _TEXT) or 'An alert'}",
        status,
        " · ".join(one for one in links[:3] if one.startswith("<")),
    ]
    return "\n".join(part for part in parts if part)
