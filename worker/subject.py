"""The subject of an alert's message, where messages lie in a list: who, what, and whose it is."""

from __future__ import annotations

from worker.store.alerts import Row, place_from

_LONGEST = 76
_DID = {
    "positive_reply": "replied, positive",
    "multi_open": "opened several times",
    "reply": "replied",
    "form": "filled in a form",
    "click": "clicked a link",
    "visit": "visited the site",
    "open": "opened",
}


def subject_line(alert: Row, delivery: Row) -> str:
    """“Cora Blue (Contoso) replied, positive — yours”, in at most 76 letters.

    Names are cut where the whole would be longer, never what happened or whose it is.
    """
    rest = f" {_DID[alert['signal_class']]} — {_whose(alert, delivery)}"
    room = _LONGEST - len(rest)
    name, account = alert["prospect_name"], alert["account_name"]
    if not account:
        return f"{_cut(name, room)}{rest}"
    account = _cut(account, max(8, room - 3 - len(name)))
    return f"{_cut(name, room - 3 - len(account))} ({account}){rest}"


def _whose(alert: Row, delivery: Row) -> str:
    if delivery["kind"] == "watch":
        return "a copy"
    if delivery["rung_kind"] == "remind":
        return "still yours"
    if place_from(delivery["place"]).kind == "channel":
        return "who takes it?"
    if delivery["person_id"] == alert["assignee_id"]:
        return "yours"
    if alert["assignee_name"]:
        return f"for {_cut(alert['assignee_name'], 20)}"
    return "nobody has it"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: max(0, most - 1)].rstrip()}…"
