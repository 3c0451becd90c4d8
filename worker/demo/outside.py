"""The outside world of the demo: one CRM and Slack as servers on loopback, filled with a world."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from connectors.base import MirrorObject
from connectors.sandbox.serving import Serving
from connectors.sandbox.slack import SlackSandbox
from connectors.sandbox.world import World
from routing.nouns import Evidence
from worker.clock import Clock


class Outside:
    """The servers. ``ids`` maps the world's keys to the CRM's record ids."""

    def __init__(self, crm: str, world: World, clock: Clock) -> None:
        self.crm = crm
        self.world = world
        self._clock = clock
        self.slack = SlackSandbox(clock.now)
        self.slack.load(world)
        self.sandbox = _sandbox(crm, clock)
        self.ids: dict[str, str] = self.sandbox.load(world)
        self._servers = [Serving(self.sandbox.app), Serving(self.slack.app)]
        self.crm_url, self.slack_url = (server.url for server in self._servers)

    def settings(self) -> dict[str, Any]:
        """The part of ``hotlead.yaml`` that points at these servers."""
        slack = {"base_url": f"{self.slack_url}/api/"}
        if self.crm == "salesforce":
            crm = {"login_url": self.crm_url, "behind_seconds": 1}
        else:
            crm = {"base_url": self.crm_url, "behind_seconds": 1}
        return {"crm": self.crm, self.crm: crm, "slack": slack}

    def environment(self) -> dict[str, str]:
        """The secrets of these servers, by the names that the worker reads."""
        found = {
            "HOTLEAD_SLACK_BOT_TOKEN": self.slack.bot_token,
            "HOTLEAD_SLACK_APP_TOKEN": self.slack.app_token,
        }
        if self.crm == "hubspot":
            return found | {"HOTLEAD_HUBSPOT_TOKEN": self.sandbox.token}
        return found | {
            "HOTLEAD_SALESFORCE_CLIENT_ID": self.sandbox.client_id,
            "HOTLEAD_SALESFORCE_CLIENT_SECRET": self.sandbox.client_secret,
        }

    def log_contact(self, kind: str, person_id: str, prospect_id: str, at: datetime) -> None:
        """A rep mails or calls a prospect, and the CRM logs it as it would."""
        subject = "Re: your question" if kind == "email" else "Call"
        if self.crm == "salesforce":
            self.sandbox.create(
                "Task",
                Subject=subject,
                Status="Completed",
                Priority="Normal",
                TaskSubtype="Email" if kind == "email" else "Call",
                OwnerId=person_id,
                WhoId=prospect_id,
                ActivityDate=f"{at:%Y-%m-%d}",
            )
            return
        stamp = str(int(at.timestamp() * 1000))
        props = {"hs_timestamp": stamp, "hubspot_owner_id": person_id}
        if kind == "email":
            props |= {"hs_email_direction": "EMAIL", "hs_email_subject": subject}
        self.sandbox.create(
            "emails" if kind == "email" else "calls",
            links={"contacts": prospect_id},
            **props,
        )

    def set_away(self, person_id: str, starts: datetime, ends: datetime) -> None:
        """A rep (by the id that owners are named by) is out of office from now on in the CRM."""
        if self.crm == "salesforce":
            self.sandbox.create(
                "OutOfOffice",
                UserId=person_id,
                StartDate=f"{starts:%Y-%m-%dT%H:%M:%S.000+0000}",
                EndDate=f"{ends:%Y-%m-%dT%H:%M:%S.000+0000}",
                Message="Out of office",
            )
            return
        span = {"startTimestamp": _milliseconds(starts), "endTimestamp": _milliseconds(ends)}
        for user in self.sandbox.records("users"):
            if user["hubspot_owner_id"] == person_id:
                hours = json.dumps([span])
                self.sandbox.update("users", user["id"], hs_out_of_office_hours=hours)

    def stop(self) -> None:
        """Stop the servers."""
        for server in self._servers:
            server.stop()


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _sandbox(crm: str, clock: Clock) -> Any:
    if crm == "salesforce":
        from connectors.sandbox.salesforce import SalesforceSandbox

        return SalesforceSandbox(clock.now)
    from connectors.sandbox.hubspot import HubspotSandbox

    return HubspotSandbox(clock.now)


def evidence_objects(objects: Sequence[MirrorObject]) -> list[str]:
    """The CRM objects in which responses show."""
    return [one.name for one in objects if one.noun is Evidence]
