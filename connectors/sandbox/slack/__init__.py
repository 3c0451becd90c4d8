"""A Slack workspace in small: the Web API and Socket Mode, as far as an app like ours sees them."""

from __future__ import annotations

from connectors.sandbox.slack.server import SlackSandbox

__all__ = ["SlackSandbox"]
