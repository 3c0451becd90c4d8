"""The sandbox as the demo and the tests hold it: a server to talk to and an org to act in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from connectors.sandbox.faults import App, Faults
from connectors.sandbox.salesforce import writes
from connectors.sandbox.salesforce.apps import ClientApp
from connectors.sandbox.salesforce.consent import Consent
from connectors.sandbox.salesforce.load import load_world, prepare
from connectors.sandbox.salesforce.metadata import hide
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.server import Server
from connectors.sandbox.salesforce.table import Row
from connectors.sandbox.salesforce.tokens import Tokens
from connectors.sandbox.world import World

if TYPE_CHECKING:
    from connectors.sandbox.salesforce.change_events import Bus
    from connectors.sandbox.salesforce.pubsub import PubSub


class SalesforceSandbox:
    """A Salesforce org on loopback. ``now`` tells its time, aware.

    In a ``bare`` org nothing of ours is deployed yet.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox-secret",  # noqa: S107
        bare: bool = False,
    ) -> None:
        self.org = Org(now)
        self.client_id = client_id
        self.client_secret = client_secret
        self.client_app = ClientApp(client_id=client_id, client_secret=client_secret)
        self.faults = Faults()
        self.bus: Bus | None = None
        """What changed, for those who hear it; there from the first ``events`` on."""
        self._tokens = Tokens(self.org, self.client_app)
        consent = Consent(self.org, self.client_app, self._tokens)
        with self.org.lock:
            prepare(self.org)
            if bare:
                hide(self.org, "HLR_")
            self.client_app.approved.add(self.org.user_id)
        self.app: App = self.faults.around(Server(self.org, self._tokens, consent).app())

    @property
    def features(self) -> set[str]:
        """What is switched on: account_teams, opportunity_teams, out_of_office."""
        return self.org.features

    @property
    def logins(self) -> int:
        """Sessions given out so far."""
        return self._tokens.issued

    def events(self, *, keep_alive: float = 270.0, selected: Iterable[str] = ()) -> PubSub:
        """Serve the Pub/Sub API from now on; ``selected``: other objects than the five.

        What changed before is on no bus: call it before the change that is to be heard.
        """
        from connectors.sandbox.salesforce.change_events import Bus
        from connectors.sandbox.salesforce.pubsub import PubSub

        if self.bus is None:
            self.bus = Bus(self.org)
        if selected:
            self.bus.selected = set(selected)
        return PubSub(self.bus, self._tokens.knows, self.org.org_id, keep_alive=keep_alive)

    def load(self, world: World) -> dict[str, str]:
        """Fill the org; the 18-character id of each of the world's keys."""
        with self.org.lock:
            return load_world(self.org, world)

    def expire_sessions(self) -> None:
        """End every session; the next call of each client is refused."""
        with self.org.lock:
            self._tokens.expire()

    def consent(self) -> str:
        """A refresh token of the integration user, for clients that are set up with one."""
        with self.org.lock:
            return self._tokens.consent(self.org.user_id)

    def revoke_consents(self) -> None:
        """Revoke every refresh token; sessions go on to their end."""
        with self.org.lock:
            self._tokens.forget_refresh()

    def records(self, sobject: str, *, deleted: bool = False) -> list[Row]:
        """The rows of an object in the order of their ids, without those in the recycle bin."""
        with self.org.lock:
            rows = self.org.table(sobject).rows
            return [
                dict(rows[one]) for one in sorted(rows) if deleted or not rows[one].get("IsDeleted")
            ]

    def record(self, sobject: str, record_id: str) -> Row:
        """One row; KeyError when there is none."""
        with self.org.lock:
            return dict(self.org.table(sobject).rows[record_id])

    def create(self, sobject: str, **fields: Any) -> str:
        """Create a record as a CRM user would; its id. Raises Refusal."""
        with self.org.lock:
            return writes.create(self.org, sobject, fields)

    def update(self, sobject: str, record_id: str, **fields: Any) -> None:
        """Change a record as a CRM user would. Raises Refusal."""
        with self.org.lock:
            writes.update(self.org, sobject, record_id, fields)

    def delete(self, sobject: str, record_id: str) -> None:
        """Delete a record as a CRM user would. Raises Refusal."""
        with self.org.lock:
            writes.delete(self.org, sobject, record_id)

    def undelete(self, sobject: str, record_id: str) -> None:
        """Take a record, and what went with it, out of the recycle bin."""
        with self.org.lock:
            writes.undelete(self.org, sobject, record_id)

    def purge(self, sobject: str, record_id: str) -> None:
        """Empty the recycle bin of a record; no answer tells of it any more. Raises Refusal."""
        with self.org.lock:
            writes.purge(self.org, sobject, record_id)

    def convert(self, lead_id: str, account_id: str, contact_id: str) -> None:
        """Convert a lead into an existing contact, which takes over its activities."""
        with self.org.lock:
            fields = {
                "IsConverted": True,
                "Status": "Closed - Converted",
                "ConvertedDate": self.org.now().date().isoformat(),
                "ConvertedAccountId": account_id,
                "ConvertedContactId": contact_id,
            }
            writes.update(self.org, "Lead", lead_id, fields, trusted=True)
            writes.repoint(self.org, lead_id, contact_id)

    def merge(self, sobject: str, winner_id: str, loser_id: str) -> None:
        """Merge one record into another, which takes over what hung on it; it is deleted."""
        with self.org.lock:
            fields = {"MasterRecordId": winner_id}
            writes.repoint(self.org, loser_id, winner_id)
            writes.update(self.org, sobject, loser_id, fields, trusted=True)
            writes.delete(self.org, sobject, loser_id)
