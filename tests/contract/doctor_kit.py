"""A team's CRM and Slack in small, and the doctor who looks at them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.base import Check
from tests.story.stage import Stage
from tests.story.world import small_policy, small_world
from worker.clock import Clock
from worker.doctor.examine import examine
from worker.run import Worker
from worker.secrets import load_secrets
from worker.settings import load_settings

_FIELDS = {"salesforce": ("BDR__c", "CSM__c"), "hubspot": ("bdr_owner", "csm_owner")}


def policy_for(crm: str) -> dict[str, Any]:
    """The small team's policy with the account fields of this CRM only."""
    bdr, csm = _FIELDS[crm]
    roles = {
        "bdr": [f"field:account.{bdr}"],
        "ae": ["owner:deal"],
        "csm": [f"field:account.{csm}"],
    }
    return small_policy() | {"roles": roles}


@dataclass
class Practice:
    """The stage, with the doctor at work in this process."""

    stage: Stage
    env: dict[str, str] = field(default_factory=dict)

    def sync(self) -> None:
        """Mirror everything once."""
        worker = Worker(
            load_settings(self.stage.config),
            load_secrets(self.stage.environment()),
            self.stage.clock,
        )
        try:
            worker.sync_all()
        finally:
            worker.close()

    def configure(self, **sections: Any) -> None:
        """Change sections of hotlead.yaml; the keys of a section that are not named stay."""
        settings = json.loads(self.stage.config.read_text())
        for name, values in sections.items():
            settings[name] = settings.get(name, {}) | values
        self.stage.config.write_text(json.dumps(settings))

    def look(self, clock: Clock | None = None) -> list[Check]:
        """Every check."""
        settings = load_settings(self.stage.config)
        secrets = load_secrets(self.stage.environment() | self.env)
        return list(examine(settings, secrets, clock or self.stage.clock))

    def found(self, name: str, clock: Clock | None = None) -> Check:
        """The only check of this name."""
        return only(self.look(clock), name)


def only(checks: list[Check], name: str) -> Check:
    """The one check of this name."""
    [check] = [one for one in checks if one.name == name]
    return check


def not_well(checks: list[Check]) -> dict[str, str]:
    """The state of each check that is not ok, by name."""
    return {one.name: one.state for one in checks if one.state != "ok"}


@contextmanager
def practice(
    folder: Path, store_url: str, crm: str, *, synced: bool = True, **people: Any
) -> Iterator[Practice]:
    """A running practice; ``people`` changes those of the team, as ``small_world``."""
    world = small_world(**people)
    with Stage(folder, store_url, crm=crm, world=world, policy=policy_for(crm)) as stage:
        made = Practice(stage)
        if synced:
            made.sync()
        yield made
