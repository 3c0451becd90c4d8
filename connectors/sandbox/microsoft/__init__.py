"""Microsoft in small: tokens for an app, calendars and automatic replies through Graph."""

from __future__ import annotations

from connectors.sandbox.microsoft.server import MicrosoftSandbox

__all__ = ["MicrosoftSandbox"]
