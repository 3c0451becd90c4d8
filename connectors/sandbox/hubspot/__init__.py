"""A HubSpot account in small: the CRM's API as far as an app like ours sees it."""

from __future__ import annotations

from connectors.sandbox.hubspot.server import HubspotSandbox

__all__ = ["HubspotSandbox"]
