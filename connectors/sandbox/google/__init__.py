"""Google in small: the token endpoint for service accounts, and the events of the Calendar API."""

from __future__ import annotations

from connectors.sandbox.google.server import GoogleSandbox

__all__ = ["GoogleSandbox"]
