"""A CRM sandbox in a process of its own, filled with so many contacts.

After the ready line it obeys lines of JSON, and answers each with one: ``{"edit": n}`` changes the
title of n contacts that lie far apart, ``{"later": s}`` lets seconds pass.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.serving import Serving
from tests.bench.company import EDITED, large_world
from tests.bench.crowd import gather
from tests.bench.processes import say

_AGE = timedelta(hours=1)
_LOADED = timedelta(days=30)
"""How long ago a crowd came into the org."""
Sandbox = SalesforceSandbox | HubspotSandbox


class Server:
    """The sandbox and its clock, which is behind ours while the sandbox is filled."""

    def __init__(self, crm: str, contacts: int, accounts: int | None) -> None:
        self._ahead = -_AGE  # a connector reads only what is a little older than now
        self.sandbox: Sandbox = (
            SalesforceSandbox(self.now) if crm == "salesforce" else HubspotSandbox(self.now)
        )
        ids = self.sandbox.load(large_world(0 if accounts else contacts))
        self._contacts = [ids[f"prospect{n}"] for n in range(0 if accounts else contacts)]
        if accounts and isinstance(self.sandbox, SalesforceSandbox):
            gather(self.sandbox, accounts, contacts, self.now() - _LOADED)
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The sandbox's time."""
        return datetime.now(UTC) + self._ahead

    def ready(self) -> dict[str, Any]:
        """What the worker and a tap need to log in: environment variables, a tap's settings."""
        box = self.sandbox
        if isinstance(box, HubspotSandbox):
            return {"secrets": {"HOTLEAD_HUBSPOT_TOKEN": box.token}, "tap": {"api_key": box.token}}
        pair = {"client_id": box.client_id, "client_secret": box.client_secret}
        return {
            "secrets": {f"HOTLEAD_SALESFORCE_{key.upper()}": text for key, text in pair.items()},
            "tap": {**pair, "refresh_token": box.consent(), "api_type": "REST"},
        }

    def obey(self, order: dict[str, Any]) -> None:
        """Do one thing."""
        self._ahead += timedelta(seconds=order.get("later", 0))
        wanted = order.get("edit", 0)
        step = max(1, len(self._contacts) // wanted) if wanted else 1
        for record_id in self._contacts[::step][:wanted]:
            if isinstance(self.sandbox, HubspotSandbox):
                self.sandbox.update("contacts", record_id, jobtitle=EDITED)
            else:
                self.sandbox.update("Contact", record_id, Title=EDITED)


def main() -> None:
    """Fill, serve, and end when the bench closes our standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("crm", choices=("salesforce", "hubspot"))
    parser.add_argument("contacts", type=int)
    parser.add_argument("--accounts", type=int, help="let a crowd stand in the Salesforce org")
    args = parser.parse_args()
    made = Server(args.crm, args.contacts, args.accounts)
    with Serving(made.sandbox.app) as server:
        say(url=server.url, **made.ready())
        for line in sys.stdin:
            made.obey(json.loads(line))
            say(done=True)


if __name__ == "__main__":
    main()
