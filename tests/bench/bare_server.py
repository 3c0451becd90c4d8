"""The yardstick: one HTTP in, one SQLite commit, one HTTP out over a kept connection.

``/one`` works on the event loop, which is quickest for a lone caller; ``/many`` in FastAPI's
threads, so that the calls of many callers overlap. Both answer after the call to Slack.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import threading
from typing import Any

import urllib3
from fastapi import FastAPI, Request

from connectors.base import Button, Card
from connectors.sandbox.serving import Serving
from connectors.slack.blocks import message
from tests.bench.processes import say, wait_for_end

CONNECTIONS = 64


def slack_body(channel: str) -> bytes:
    """A message of the size that the worker sends, made once."""
    card = Card(
        key="0" * 32,
        alert_id="0" * 32,
        title="Hot lead: Prospect Number 1 at Account 1",
        summary="Opened “Pricing follow-up” twice.",
        facts=[
            ("Stage", "Active deal"),
            ("Assigned rep", "Rep 1"),
            ("Sent by", "Rep 1"),
            ("E-mail", "prospect1@account1.example"),
        ],
        status="⏳ Waiting for Rep 1 until Mon 10:00 UTC",
        thread_url="https://mail.example/thread-1",
        buttons=[
            Button(label=name, action=name.lower())
            for name in ("Acknowledge", "Snooze", "Not mine", "Noise")
        ],
        footer="Why you: Active deals to the AE: Rep 1 is the ae, as ae of Account 1 names them",
    )
    return json.dumps({"channel": channel, **message(card)}).encode()


class Bare:
    """The loop itself."""

    def __init__(self, database: str, slack_url: str, token: str, channel: str) -> None:
        self._store = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            self._store.execute(f"PRAGMA {pragma}")
        self._store.execute(
            "CREATE TABLE signal (id INTEGER PRIMARY KEY, event_id TEXT UNIQUE, body TEXT)"
        )
        self._lock = threading.Lock()
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, block=True)
        self._url = f"{slack_url}/api/chat.postMessage"
        self._body = slack_body(channel)
        self._headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    def take(self, body: bytes) -> dict[str, int]:
        """One signal: stored, then posted."""
        signal: dict[str, Any] = json.loads(body)
        with self._lock:
            self._store.execute(
                "INSERT INTO signal (event_id, body) VALUES (?, ?)", (signal["id"], body)
            )
        answer = self._pool.request("POST", self._url, body=self._body, headers=self._headers)
        if not answer.json()["ok"]:
            raise RuntimeError("the Slack sandbox refused the yardstick's message")
        return {"accepted": 1}


def app_of(bare: Bare) -> FastAPI:
    """The application."""
    app = FastAPI()

    @app.post("/one", status_code=202)
    async def one(request: Request) -> dict[str, int]:
        return bare.take(await request.body())

    @app.post("/many", status_code=202)
    def many(body: dict[str, Any]) -> dict[str, int]:
        return bare.take(json.dumps(body).encode())

    return app


def main() -> None:
    """Serve until the bench closes our standard input."""
    parser = argparse.ArgumentParser()
    for name in ("database", "slack_url", "token", "channel"):
        parser.add_argument(name)
    args = parser.parse_args()
    bare = Bare(args.database, args.slack_url, args.token, args.channel)
    with Serving(app_of(bare)) as server:
        say(url=server.url)
        wait_for_end()


if __name__ == "__main__":
    main()
