"""Slack as the reps see it: channels and direct messages with their Block Kit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from worker.demo.state_alerts import iso
from worker.store.tables import DELIVERY

_MOST = 40


def places_shown(
    conn: Connection,
    messages: Sequence[Mapping[str, Any]],
    emails: Mapping[str, str],
    channels: Sequence[str],
    people: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Every channel, then each direct message that was written to; the latest message last.

    ``emails`` are those of Slack's users by id.
    """
    names = {one["email"]: one["name"] for one in people}
    places: dict[str, dict[str, Any]] = {
        f"#{name}": {"id": f"#{name}", "kind": "channel", "name": f"#{name}", "email": ""}
        for name in channels
    }
    for message in messages:
        email = emails.get(message["channel_user"], "")
        key = f"#{message['channel_name']}" if message["channel_name"] else f"@{email}"
        kind = "channel" if message["channel_name"] else "dm"
        places.setdefault(
            key, {"id": key, "kind": kind, "name": names.get(email, email or key), "email": email}
        ).setdefault("messages", []).append(message)
    alert_of = _alerts_by_delivery(conn, messages)
    for place in places.values():
        latest = place.pop("messages", [])[-_MOST:]
        place["messages"] = [_shown(message, alert_of) for message in latest]
    return list(places.values())


def _shown(message: Mapping[str, Any], alert_of: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ts": message["ts"],
        "at": iso(datetime.fromtimestamp(float(message["ts"]), UTC)),
        "edits": message["edits"],
        "blocks": message["blocks"],
        "text": message["text"],
        "alert_id": alert_of.get(_key(message)),
    }


def _key(message: Mapping[str, Any]) -> str:
    metadata = message["metadata"] or {}
    return str(metadata.get("event_payload", {}).get("key", ""))


def _alerts_by_delivery(conn: Connection, messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    keys = sorted({_key(message) for message in messages} - {""})
    query = select(DELIVERY.c.id, DELIVERY.c.alert_id).where(
        DELIVERY.c.id.in_(keys), DELIVERY.c.alert_id.is_not(None)
    )
    return {row[0]: row[1] for row in conn.execute(query)}
