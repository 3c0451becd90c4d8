"""What a test message says: first of all, that it is one."""

from __future__ import annotations

from datetime import timedelta

from connectors.base import Abilities, Button, Card
from routing.words import span
from worker.store.alerts import Row

TITLE = "🧪 Drill: a test, no lead"
_RUNGS = {"coverage_channel": "coverage channel", "claim_channel": "claim channel"}


def drill_card(target: Row, delivery: Row, abilities: Abilities) -> Card:
    """The message of one target, as it should read now. ``target`` is as of ``about_target``."""
    if not abilities.has_buttons:
        return _mute_card(target, delivery)
    waits = target["pressed_at"] is None and target["drill_state"] != "ended"
    button = Button(label="I got it", action="drill", style="primary")
    asks = "Please press “I got it”. " if waits else ""
    return Card(
        key=delivery["id"],
        alert_id=target["id"],
        title=TITLE,
        summary=f"{_what_for(target)} {asks}No prospect is waiting and nothing is counted.",
        facts=_facts(target, waits=waits),
        status=_status(target),
        buttons=(button,) if waits else (),
        footer=f"Drill {target['drill_id']} of Hotlead, begun by {target['by']}",
    )


def _mute_card(target: Row, delivery: Row) -> Card:
    """The same where nothing can be pressed: that it is read is all that there is to prove."""
    return Card(
        key=delivery["id"],
        alert_id=target["id"],
        title=TITLE,
        summary=f"{_what_for(target, 'you')} No prospect is waiting and nothing is counted.",
        facts=_facts(target, waits=False),
        status="There is nothing to do",
        footer=f"Drill {target['drill_id']} of Hotlead, begun by {target['by']}",
    )


def _what_for(target: Row, way: str = "you, and that your buttons reach Hotlead") -> str:
    if target["kind"] == "cover":
        gone = "; ".join(target["covers"])
        turn = "the turn of this channel" if _is_channel(target) else "your turn"
        return f"{gone}. With a real alert it would be {turn} now."
    if target["kind"] == "channel":
        return "Hotlead proves that its alerts reach this channel, whoever sees them first."
    return f"Hotlead proves that its alerts reach {way}."


def _is_channel(target: Row) -> bool:
    return str(target["place"]).split(":", 2)[1] == "channel"


def _facts(target: Row, *, waits: bool) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    if target["why"]:
        label = "This channel is the" if _is_channel(target) else "You are told as"
        facts.append((label, target["why"]))
    if target["rungs"] and waits and not target["told_instead"]:
        first = target["rungs"][0]
        rung = _RUNGS.get(first["kind"], first["kind"])
        facts.append(("If nobody presses", f"{first['name']} is told in your place ({rung})"))
    return facts


def _status(target: Row) -> str:
    if target["pressed_at"] is not None:
        return f"✅ {target['pressed_by']} pressed. Thank you, that is all"
    if target["drill_state"] == "ended":
        return "⌛ The drill is over. There is nothing to do"
    if target["told_instead"]:
        return f"⏫ Not pressed in time, so {target['told_instead']} was told. You may still press"
    return f"⏳ Please press within {span(timedelta(seconds=target['press_seconds']))}"
