"""HubSpot as the CRM: mirrored by lists and searches, written to as tasks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from connectors.base import Crm
from connectors.http import HttpSettings
from connectors.hubspot.settings import HubspotSecrets, HubspotSettings
from routing.mapping import NOTHING_MORE, Mapping

__all__ = ["HubspotSecrets", "HubspotSettings", "connect"]


def connect(
    settings: HubspotSettings,
    secrets: HubspotSecrets,
    http: HttpSettings,
    mapping: Mapping = NOTHING_MORE,
    *,
    now: Callable[[], datetime] | None = None,
) -> Crm:
    """The account as a CRM; nothing is called yet. ``now`` defaults to the machine's clock."""
    from connectors.hubspot.crm import Hubspot

    return Hubspot(settings, secrets, http, now, mapping)
