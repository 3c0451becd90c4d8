"""A CRM sandbox in a process of its own, filled with so many contacts."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from connectors.sandbox.hubspot import HubspotSandbox
from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.serving import Serving
from tests.bench.company import large_world
from tests.bench.crowd import gather
from tests.bench.processes import say, wait_for_end

_AGE = timedelta(hours=1)
_LOADED = timedelta(days=30)
"""How long ago a crowd came into the org."""


def main() -> None:
    """Fill, serve, and end when the bench closes our standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("crm", choices=("salesforce", "hubspot"))
    parser.add_argument("contacts", type=int)
    parser.add_argument("--accounts", type=int, help="let a crowd stand in the Salesforce org")
    args = parser.parse_args()
    age = _AGE  # a connector reads only what is a little older than now

    def now() -> datetime:
        return datetime.now(UTC) - age

    world = large_world(0 if args.accounts else args.contacts)
    secrets: dict[str, str]
    sandbox: SalesforceSandbox | HubspotSandbox
    if args.crm == "salesforce":
        sandbox = SalesforceSandbox(now)
        secrets = {
            "HOTLEAD_SALESFORCE_CLIENT_ID": sandbox.client_id,
            "HOTLEAD_SALESFORCE_CLIENT_SECRET": sandbox.client_secret,
        }
    else:
        sandbox = HubspotSandbox(now)
        secrets = {"HOTLEAD_HUBSPOT_TOKEN": sandbox.token}
    sandbox.load(world)
    if args.accounts and isinstance(sandbox, SalesforceSandbox):
        gather(sandbox, args.accounts, args.contacts, now() - _LOADED)
    age = timedelta(0)
    with Serving(sandbox.app) as server:
        say(url=server.url, secrets=secrets)
        wait_for_end()


if __name__ == "__main__":
    main()
