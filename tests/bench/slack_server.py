"""The Slack sandbox in a process of its own; tells the moment at which each post arrives.

After the ready line it writes one line a ``chat.postMessage``: nanoseconds of the monotonic clock,
which is one clock for all processes of the machine.
"""

from __future__ import annotations

import argparse
import os
import time
from datetime import UTC, datetime

from connectors.sandbox.faults import App, Receive, Scope, Send
from connectors.sandbox.serving import Serving
from connectors.sandbox.slack import SlackSandbox
from tests.bench.company import slack_world
from tests.bench.processes import say, wait_for_end


def timed(app: App) -> App:
    """The application, telling of each post before it is looked at."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/chat.postMessage"):
            os.write(1, b"%d\n" % time.monotonic_ns())
        await app(scope, receive, send)

    return wrapped


def main() -> None:
    """Serve a workspace with so many reps until the bench closes our standard input."""
    parser = argparse.ArgumentParser()
    parser.add_argument("reps", type=int)
    sandbox = SlackSandbox(lambda: datetime.now(UTC))
    sandbox.load(slack_world(parser.parse_args().reps))
    with Serving(timed(sandbox.app)) as server:
        channel = sandbox.state.channel("hot-leads").id
        say(
            url=server.url,
            channel=channel,
            bot_token=sandbox.bot_token,
            app_token=sandbox.app_token,
        )
        wait_for_end()


if __name__ == "__main__":
    main()
