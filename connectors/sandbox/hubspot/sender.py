"""Sends webhooks as HubSpot does: signed, in batches, again when they were not taken."""

from __future__ import annotations

from typing import Any

import requests

from connectors.hubspot.webhooks import signature
from connectors.sandbox.hubspot.feed import hook_events, watch
from connectors.sandbox.hubspot.portal import Change, Portal

BATCH = 100
_PATIENCE = 5.0


class Sender:
    """The webhooks of one app, to one address. ``generic``: in the words ``object.*``.

    Nothing is sent before ``send``; what was not answered with 2xx is sent again by the next.
    """

    def __init__(self, portal: Portal, url: str, secret: str, *, generic: bool = True) -> None:
        self._portal = portal
        self._url = url
        self._secret = secret
        self._generic = generic
        self._changes: list[Change] = []
        self._waiting: list[dict[str, Any]] = []
        watch(portal, self._changes)

    def send(self, *, twice: bool = False, to: str = "") -> list[int]:
        """Send what happened since the last time; the answers' codes.

        ``twice`` sends each batch two times, ``to`` is where it really goes, past a proxy.
        """
        with self._portal.lock:
            taken, self._changes[:] = list(self._changes), []
        self._waiting += [one for it in taken for one in hook_events(it, generic=self._generic)]
        codes: list[int] = []
        failed: list[dict[str, Any]] = []
        for start in range(0, len(self._waiting), BATCH):
            batch = self._waiting[start : start + BATCH]
            codes += [self._post(batch, to or self._url) for _ in range(2 if twice else 1)]
            if codes[-1] >= requests.codes.multiple_choices:
                failed += [one | {"attemptNumber": one["attemptNumber"] + 1} for one in batch]
        self._waiting = failed
        return codes

    def _post(self, batch: list[dict[str, Any]], url: str) -> int:
        request = requests.Request("POST", self._url, json=batch).prepare()
        body = request.body if isinstance(request.body, bytes) else b""
        stamp = str(self._portal.stamp())
        headers = {
            "content-type": "application/json",
            "X-HubSpot-Signature-v3": signature(self._secret, "POST", self._url, body, stamp),
            "X-HubSpot-Request-Timestamp": stamp,
            "X-HubSpot-Signature-Version": "v1",
        }
        return requests.post(url, data=body, headers=headers, timeout=_PATIENCE).status_code
