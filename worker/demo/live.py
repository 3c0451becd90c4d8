"""The demo page's controls over the live cast: one visitor's wish at a time."""

from __future__ import annotations

import threading
from datetime import timedelta
from html import unescape
from typing import Any

from routing.nouns import OutOfOffice, Person
from worker.demo.cast import Cast
from worker.demo.controls import SIGNALS, ControlError
from worker.demo.crm_tasks import crm_tasks
from worker.demo.state import Outlook, demo_state
from worker.store.alerts import Row, get_alert
from worker.store.facts import person_by_email
from worker.sync import sync

_BREAK = "\n\n"
_ANSWERED = ("why", "snooze", "not_mine")
"""Always followed by a word for the presser alone."""
_DONE = {
    "claim": "claimed it",
    "acknowledge": "acknowledged it",
    "snooze": "snoozed it",
    "not_mine": "said it is not theirs",
    "noise": "marked it as noise",
    "why": "asked why",
}


class LiveControls:
    """``DemoControls`` over a started ``Cast``."""

    def __init__(self, cast: Cast) -> None:
        self._cast = cast
        self._one_at_a_time = threading.Lock()

    def state(self) -> dict[str, Any]:
        """Everything that the page shows."""
        cast, outside = self._cast, self._cast.outside
        outlook = Outlook(
            crm=outside.crm,
            policy=cast.worker.ctx.policy,
            tasks=crm_tasks(outside.crm, outside.sandbox),
            messages=outside.slack.messages(),
            slack_emails={
                outside.slack.user_id(one.email): one.email
                for one in outside.world.people
                if one.on_slack
            },
            channels=outside.world.channels,
            told=cast.told,
        )
        return demo_state(cast.worker.store, cast.clock.now(), outlook)

    def send_signal(self, prospect: str, kind: str, tier: int | None) -> str:
        """Report a signal about a prospect."""
        more = dict(SIGNALS[kind])
        if tier is not None:
            more["tier"] = tier
        with self._one_at_a_time:
            answer = self._cast.signal(prospect, more.pop("type"), **more)
            if not answer.get("accepted"):
                raise ControlError(f"The signal was refused: {_first_problem(answer)}")
            self._cast.settle()
        return f"A signal about {prospect} came in over HTTP."

    def press(
        self, person: str, alert_id: str, action: str, choice: str = "", words: str | None = None
    ) -> str:
        """Press a button of an alert's Slack message as ``person``, or choose in its menu."""
        who, before = self._person(person), self._alert(alert_id)
        told = self._cast.outside.slack.ephemerals
        with self._one_at_a_time:
            count = len(told)
            if not self._cast.press(person, alert_id, action, choice):
                raise ControlError(f"{who.name} sees no such button now.")
            if words is not None and not self._cast.write(person, alert_id, words):
                raise ControlError(f"Nothing was asked of {who.name}.")
            changed = self._alert(alert_id)["version"] != before["version"]
            if action in _ANSWERED or not changed:
                asked_of = self._cast.outside.slack.asked
                self._cast.wait(lambda: len(told) > count or asked_of(person) is not None)
                if words is None and asked_of(person) is not None:
                    return f"{who.name} is asked to say why."
        if len(told) == count:
            return f"{who.name} {_DONE[action]}."
        said = unescape(told[-1]["text"]).partition(_BREAK)[0]
        asked = "asked why, and " if action == "why" else ""
        return f"{who.name} {asked}is told alone: {said}"

    def respond(self, person: str, alert_id: str, kind: str) -> str:
        """Log an ``email`` or ``call`` of ``person`` to the alert's prospect in the CRM."""
        who, alert = self._person(person), self._alert(alert_id)
        if alert["prospect_id"] is None:
            raise ControlError("The CRM does not know this prospect, so nothing can be logged.")
        with self._one_at_a_time:
            self._cast.respond(kind, who.id, alert["prospect_id"])
        how = "mailed" if kind == "email" else "called"
        return f"{who.name} {how} {alert['prospect_name']}; the CRM has logged it."

    def away(self, person: str, hours: int) -> str:
        """Set ``person`` out of office in the CRM, from now for so many hours."""
        who, cast = self._person(person), self._cast
        now = cast.clock.now()
        with self._one_at_a_time:
            cast.outside.set_away(who.id, now - timedelta(minutes=1), now + timedelta(hours=hours))
            cast.clock.forward(timedelta(seconds=3))  # what was changed is old enough to be read
            for one in cast.worker.ctx.crm.objects:
                if one.noun is OutOfOffice:
                    sync(cast.worker.ctx, one.name, force=True)
        return f"{who.name} is out of office in the CRM for the next {hours} hours."

    def forward(self, minutes: int) -> str:
        """Move the clock forward."""
        with self._one_at_a_time:
            self._cast.forward(timedelta(minutes=minutes))
        return f"{minutes} minutes have passed."

    def _person(self, email: str) -> Person:
        with self._cast.worker.store.read() as conn:
            found = person_by_email(conn, email)
        if found is None:
            raise ControlError(f"The CRM has no user {email}.")
        return found

    def _alert(self, alert_id: str) -> Row:
        with self._cast.worker.store.read() as conn:
            found = get_alert(conn, alert_id)
        if found is None:
            raise ControlError("This alert is no longer kept.")
        return found


def _first_problem(answer: dict[str, Any]) -> str:
    for rejected in answer.get("rejected", []):
        for problem in rejected["problems"]:
            return f"{problem['path']} {problem['what']}"
    return str(answer.get("error", "it is a repetition"))
