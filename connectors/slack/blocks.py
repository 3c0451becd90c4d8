"""A card as a Slack message: what a rep grasps at one glance on a phone.

Whatever the card holds, the result keeps all limits of Block Kit; what is too long ends with an
ellipsis, what is empty is left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import Any

from connectors.base import Button, Card
from connectors.slack.elements import Block, button_element, mrkdwn_text, plain_text, section
from connectors.slack.lines import ROOM, SECTION, groups, lines
from connectors.slack.text import link, mrkdwn, plain

EVENT_TYPE = "hotlead_alert"
LONGEST_TEXT = 3000
HEADER = 150
FIELD = 2000
FIELDS = 10
CONTEXT = 2000
BUTTONS = 25
LABEL = 100
LINK = 1500
FACT_SECTIONS = 3
_ADDRESS = re.compile(r"[UW][A-Z0-9]{2,20}")


def message(card: Card) -> dict[str, Any]:
    """``text``, ``blocks`` and ``metadata`` of the message, as arguments of the Web API."""
    return {
        "text": fallback(card),
        "blocks": blocks(card),
        "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": card.key}},
    }


def fallback(card: Card) -> str:
    """What notifications and screen readers say."""
    parts = (mrkdwn(card.title, HEADER), mrkdwn(card.summary, 2000), mrkdwn(card.status, 500))
    return " — ".join(part for part in parts if part) or "Hotlead"


def blocks(card: Card) -> list[Block]:
    """The blocks of a card; never none."""
    made: list[Block] = []
    title = plain(card.title, HEADER)
    if title:
        made.append({"type": "header", "text": plain_text(title)})
    summary = _mention(card.mention) + mrkdwn(card.summary, SECTION - 50)
    if summary.strip():
        made.append(section(summary.strip()))
    made += _facts(card.facts)
    many = lines(card.items)
    made += many
    made += groups(card.groups, card.more, ROOM - len(many))
    status = mrkdwn(card.status, SECTION - 2)
    if status:
        made.append(section(f"*{status}*"))
    elements = _buttons(card)
    if elements:
        made.append({"type": "actions", "block_id": _anew(card), "elements": elements})
    made += _footer(card)
    return made or [section("Hotlead")]


def _anew(card: Card) -> str:
    """Another id whenever the status is another.

    Slack goes on showing what was chosen in a menu as long as its block keeps its id, and does
    not tell of the same choice taken again.
    """
    return f"answer-{hashlib.sha256(plain(card.status, SECTION).encode()).hexdigest()[:12]}"


def _mention(address: str) -> str:
    return f"<@{address}> " if _ADDRESS.fullmatch(address) else ""


def _facts(facts: Iterable[tuple[str, str]]) -> list[Block]:
    fields = []
    for label, value in facts:
        shown = mrkdwn(value, FIELD - LABEL - 3)
        if shown:
            name = mrkdwn(label, LABEL)
            fields.append(mrkdwn_text(f"*{name}*\n{shown}" if name else shown))
    fields = fields[: FIELDS * FACT_SECTIONS]
    return [
        {"type": "section", "fields": fields[start : start + FIELDS]}
        for start in range(0, len(fields), FIELDS)
    ]


def _buttons(card: Card) -> list[Block]:
    """The link to the thread first, as the one primary button, then the others, then menus."""
    if not card.buttons:
        return []
    given = list(card.buttons)
    if card.thread_url and not any(button.action == "open_thread" for button in given):
        given.append(Button(label="Open thread", action="open_thread", url=card.thread_url))
    given.sort(key=lambda button: (button.action != "open_thread", bool(button.choices)))
    made: dict[str, Block] = {}
    for button in given:
        element = button_element(button, card.alert_id)
        if element is not None:
            made.setdefault(element["action_id"], element)
    elements = list(made.values())[:BUTTONS]
    _one_primary(elements)
    return elements


def _one_primary(elements: list[Block]) -> None:
    """The thread link, or else the first that asks for it; two would compete for the thumb."""
    if elements and elements[0]["action_id"] == "open_thread":
        elements[0]["style"] = "primary"
    seen = False
    for element in elements:
        if element.get("style") == "primary":
            if seen:
                del element["style"]
            seen = True


def _footer(card: Card) -> list[Block]:
    parts = [mrkdwn(card.footer, CONTEXT)]
    links = [] if card.buttons else [link(card.thread_url, "Open thread", LINK)]
    links.append(link(card.crm_url, "Open in CRM", LINK))
    elements = [mrkdwn_text(part) for part in [*parts, *links] if part]
    return [{"type": "context", "elements": elements}] if elements else []
