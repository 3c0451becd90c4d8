"""Plays a CRM export: one signal to a contact of every account, and a team that mostly answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from worker.demo.cast import Cast
from worker.store.tables import ALERT

_BATCH = 50


def replay(cast: Cast, signals: list[dict[str, Any]], say: Callable[[str], None]) -> None:
    """Send the signals, then answer three alerts of four before their first wait is over.

    Which alerts are answered follows from the order of the prospects' e-mails alone, so that every
    run and every CRM plays the same.
    """
    say(f"{len(signals)} signals come in, one to a contact of every account.")
    for start in range(0, len(signals), _BATCH):
        cast.signals(
            [
                one | {"time": cast.clock.now().isoformat()}
                for one in signals[start : start + _BATCH]
            ]
        )
        cast.settle()
    alerts = _alerts(cast)
    say(f"{len(alerts)} alerts are out. Reps acknowledge every other one.")
    cast.forward(timedelta(minutes=5))
    for number, alert in enumerate(alerts):
        email = alert["rung_place"].split(":", 2)[2]
        if number % 2 == 0 and "@" in email:
            cast.press(email, alert["id"], "acknowledge")
    say("Reps answer three of four; the CRM logs their calls.")
    cast.forward(timedelta(minutes=5))
    for number, alert in enumerate(_alerts(cast)):
        if number % 4 != 3 and alert["prospect_id"]:
            _log_call(cast, alert)
    cast.forward(timedelta(seconds=3))
    cast.read_responses()
    say("The fourth is still waiting: unanswered alerts count, and are shown beside the median.")


def _alerts(cast: Cast) -> list[dict[str, Any]]:
    query = select(ALERT).order_by(ALERT.c.prospect_email)
    with cast.worker.store.read() as conn:
        return [dict(row) for row in conn.execute(query).mappings()]


def _log_call(cast: Cast, alert: dict[str, Any]) -> None:
    answering = alert["holder_id"] or alert["assignee_id"]
    if answering is not None:
        cast.outside.log_contact("call", answering, alert["prospect_id"], cast.clock.now())
