"""Composes what a rep reads: everything needed to act, in the words of the glossary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from connectors.base import Button, Card
from routing.nouns import Signal
from routing.policy import Policy
from routing.snooze import in_words
from routing.terms import NoiseReason
from routing.words import span, what_happened
from worker.store.alerts import Row, place_from
from worker.subject import subject_line

TITLES = {
    "positive_reply": "💬 Positive reply",
    "multi_open": "🔥 Hot lead",
    "reply": "Reply",
    "form": "Form filled in",
    "click": "Link clicked",
    "visit": "Site visit",
    "open": "Opened",
}
_VERBS = {
    "open": "opened",
    "multi_open": "opened",
    "click": "clicked a link",
    "reply": "replied",
    "visit": "visited the site",
    "form": "filled in a form",
}
NOISE_REASONS = {
    NoiseReason.NOT_A_BUYER: "not a buyer",
    NoiseReason.MACHINE: "opened by a bot or scanner",
    NoiseReason.WRONG_CONTACT: "wrong contact",
    NoiseReason.ALREADY_HANDLED: "already handled",
    NoiseReason.DUPLICATE: "a duplicate",
    NoiseReason.OTHER: "another reason",
}
"""What a rep chooses, and what is written of it."""
_STAGES = {"prospecting": "Prospecting", "active_deal": "Active deal", "customer": "Customer"}


def alert_card(
    alert: Row, delivery: Row, signals: Sequence[Signal], policy: Policy, crm_url: str
) -> Card:
    """The message of one alert at one place, as it should read now."""
    what = happened(alert, signals, policy)
    at = f" · {alert['account_name']}" if alert["account_name"] else ""
    title = f"{TITLES[alert['signal_class']]}: {alert['prospect_name']}{at}"
    return Card(
        key=delivery["id"],
        alert_id=alert["id"],
        title=title,
        subject=subject_line(alert, delivery),
        summary=f"{what[:1].upper()}{what[1:]}",
        facts=_facts(alert),
        status=status_line(alert, delivery),
        thread_url=alert["thread_url"],
        crm_url=crm_url,
        buttons=_buttons(alert, delivery, policy),
        footer=_why(alert, delivery),
    )


def happened(alert: Row, signals: Sequence[Signal], policy: Policy) -> str:
    """What the prospect did.

    Ages count up to the latest signal, so that the words stay true as time goes on.
    """
    latest = max((one.received_at for one in signals), default=alert["fired_at"])
    return what_happened(signals, policy.priority.multi_open, latest)


def task_subject(alert: Row, signals: Sequence[Signal], policy: Policy) -> str:
    """The subject of the CRM task, which the rep sees in the task list."""
    what = happened(alert, signals, policy)
    return f"{TITLES[alert['signal_class']]}: {alert['prospect_name']} {what}"


def digest_card(digest: Row, signals: Sequence[Signal], delivery: Row) -> Card:
    """The day's signals that did not interrupt, one line a prospect."""
    by_prospect: dict[str, list[Signal]] = {}
    for signal in signals:
        by_prospect.setdefault(signal.prospect_email, []).append(signal)
    lines = []
    for email, some in sorted(by_prospect.items()):
        name = next((one.prospect_name for one in some if one.prospect_name), email)
        lines.append(f"{name} {_did(some)}")
    people = "One prospect" if len(lines) == 1 else f"{len(lines)} prospects"
    reader = place_from(digest["place"]).address
    redirected = delivery["place"] != digest["place"]
    return Card(
        key=delivery["id"],
        alert_id="",
        title=f"Digest for {digest['day']}",
        summary=f"{people} showed interest; nothing here was urgent.",
        items=lines,
        footer=f"Meant for {reader}, who cannot be reached here." if redirected else "",
    )


def _did(signals: Sequence[Signal]) -> str:
    """“opened 3 times, clicked a link”."""
    counts: dict[str, int] = {}
    for one in signals:
        verb = _VERBS[one.kind.value]
        counts[verb] = counts.get(verb, 0) + one.count
    return ", ".join(
        verb if number == 1 else f"{verb} {number} times" for verb, number in counts.items()
    )


def status_line(alert: Row, delivery: Row) -> str:
    """Where the alert stands, in one sentence, as a place that was told of it reads it."""
    zone = _zone(alert)
    return taken_line(alert, zone) or _waiting_line(alert, delivery, zone)


def standing_line(alert: Row) -> str:
    """Where the alert stands, in one sentence, for whoever looks at no message of it."""
    zone = _zone(alert)
    return taken_line(alert, zone) or waits_line(alert, zone)


def _zone(alert: Row) -> ZoneInfo:
    """On whose clock the sentence tells times."""
    snoozed = alert["state"] == "snoozed" and alert["snooze_zone"]
    return ZoneInfo(alert["snooze_zone"] if snoozed else alert["week"]["zone"])


def taken_line(alert: Row, zone: ZoneInfo) -> str:
    """What somebody has made of the alert, in one sentence; '' while it waits for somebody."""
    state, holder = alert["state"], alert["holder_name"]
    if state == "responded":
        took = span(alert["responded_at"] - alert["fired_at"])
        who = holder or "the team"
        return f"✅ Answered by {who} after {took} ({alert['response_kind']})"
    if state == "noise":
        return f"🔇 M{_marked(alert)[1:]}"
    if state == "acknowledged":
        return f"👋 {holder} is on it"
    if state == "snoozed":
        return f"💤 Snoozed by {holder} until {clock_in(alert['due_at'], zone)}"
    return ""


def _waiting_line(alert: Row, delivery: Row, zone: ZoneInfo) -> str:
    if _is_past(alert, delivery):
        if delivery["place"] == alert["rung_place"]:
            return "⏬ Told again below"
        return f"➡️ Handed over to {alert['assignee_name'] or alert['rung_name']}"
    if delivery["kind"] == "alert" and delivery["rung"] < alert["rung"]:
        if delivery["place"] == alert["rung_place"]:
            return "⏰ Reminded below"
        return f"⏫ Passed on to {alert['rung_name']}"
    if delivery["round"] < alert["round"]:
        if delivery["place"] != alert["rung_place"]:
            return f"⏫ Passed on to {alert['rung_name']}"
        return "⏰ Reminded below"
    return waits_line(alert, zone)


def waits_line(alert: Row, zone: ZoneInfo) -> str:
    """For whom the alert waits, and until when."""
    told = f"⏳ Waiting for {alert['rung_name']}"
    return f"{told} · act by {clock_text(alert['due_at'], zone)}" if alert["due_at"] else told


def closed_line(alert: Row) -> str:
    """What became of a closed alert, for somebody who pressed too late."""
    if alert["state"] == "responded":
        who = alert["holder_name"] or "the team"
        how = alert["response_kind"]
        return f"This alert is closed: answered by {who} ({how}). Nothing was changed."
    return f"This alert is closed: {_marked(alert)}. Nothing was changed."


def _marked(alert: Row) -> str:
    by = f" by {alert['holder_name']}" if alert["holder_name"] else ""
    said = noise_in_words(alert["noise_reason"], alert["noise_words"])
    return f"marked as noise{by}" + (f": {said}" if said else "")


def noise_in_words(reason: str, words: str) -> str:
    """Why something was noise, as a rep said it; '' when they did not say."""
    if words:
        return f"“{words}”"
    return NOISE_REASONS[NoiseReason(reason)] if reason else ""


def clock_in(moment: datetime, zone: ZoneInfo) -> str:
    """A moment on somebody's clock, with its day: “Tue 24 Nov 09:00 EST”."""
    return f"{moment.astimezone(zone):%a %d %b %H:%M %Z}"


def _is_past(alert: Row, delivery: Row) -> bool:
    """Whether the message asked somebody before the alert was handed over."""
    handed = alert["handed_at"]
    return delivery["kind"] == "alert" and handed is not None and delivery["created_at"] < handed


def clock_text(moment: datetime | None, zone: ZoneInfo) -> str:
    """A moment on somebody's own clock, such as “Mon 10:12 CET”."""
    return f"{moment.astimezone(zone):%a %H:%M %Z}" if moment else "later"


def _facts(alert: Row) -> list[tuple[str, str]]:
    stage = _STAGES.get(alert["stage_class"], alert["stage_class"])
    if alert["stage_label"]:
        stage = f"{stage} · {alert['stage_label']}"
    facts: list[tuple[str, str]] = [("Stage", stage)]
    if alert["deal_name"]:
        facts.append(("Deal", alert["deal_name"]))
    facts.append(("Assigned rep", alert["assignee_name"] or "nobody yet"))
    if alert["sending_rep"]:
        facts.append(("Sent by", alert["sending_rep"]))
    facts.append(("E-mail", alert["prospect_email"]))
    return facts


def _why(alert: Row, delivery: Row) -> str:
    reason = alert["reason"]
    if delivery["rung_kind"] == "remind":
        return f"A reminder. {reason}"
    if delivery["kind"] == "watch":
        return f"A copy for your overview. {reason}"
    if not delivery["person_id"]:
        return f"Why here: {reason}"
    stands_in = delivery["person_id"] != alert["assignee_id"]
    if stands_in and alert["assignee_name"]:
        rung = delivery["rung_kind"].replace("_", " ")
        return f"Why you: you are the {rung} for {alert['assignee_name']}. {reason}"
    return f"Why you: {reason}"


def _buttons(alert: Row, delivery: Row, policy: Policy) -> list[Button]:
    buttons: list[Button] = []
    if alert["thread_url"]:
        buttons.append(
            Button(
                label="Open thread", action="open_thread", style="primary", url=alert["thread_url"]
            )
        )
    why = Button(label="Why here?" if _is_channel(delivery["place"]) else "Why me?", action="why")
    if delivery["kind"] != "alert" or not alert["open"]:
        return [*buttons, why]
    if _is_past(alert, delivery) and not _is_channel(delivery["place"]):
        return [*buttons, why]
    shared, mine = _is_channel(delivery["place"]), alert["holder_id"] == delivery["person_id"]
    if alert["state"] in ("fired", "snoozed"):
        buttons.append(
            Button(label="Claim", action="claim")
            if shared
            else Button(label="Acknowledge", action="acknowledge")
        )
    if alert["state"] == "acknowledged" and not (shared or mine):
        return [*buttons, why]
    if shared or mine or (alert["state"] == "fired" and delivery["place"] == alert["rung_place"]):
        choices = tuple((one, in_words(one)) for one in policy.snooze.choices)
        buttons.append(Button(label="Snooze", action="snooze", choices=choices))
    buttons.append(Button(label="Not mine", action="not_mine"))
    buttons.append(Button(label="Noise", action="noise", choices=_REASONS))
    return [*buttons, why]


_REASONS = tuple(
    (one.value, f"{said[:1].upper()}{said[1:]}" + "…" * (one is NoiseReason.OTHER))
    for one, said in NOISE_REASONS.items()
)


def _is_channel(place: str) -> bool:
    return place.split(":", 2)[1] == "channel"
