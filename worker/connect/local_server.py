"""Serves an application to this machine for a while, and opens a browser at it."""

from __future__ import annotations

import socket
import tempfile
import threading
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from html import escape
from pathlib import Path
from typing import Any

import uvicorn

from worker.cli.common import UsageError


@contextmanager
def serving(app: Any, listening: socket.socket) -> Iterator[None]:
    """Serve on an open socket, in a thread, until the block ends."""
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,  # addresses hold the token and the code of a log-in
        lifespan="off",
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listening]}, name="page", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=5)
        listening.close()


def listening_on(port: int) -> socket.socket:
    """A socket on loopback. Raises UsageError when the port is taken."""
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind(("127.0.0.1", port))
        opened.listen()  # whoever is early waits until the server is there
    except OSError as error:
        opened.close()
        said = f"port {port} of this machine is taken ({error.strerror}); name another with --port"
        raise UsageError(said) from error
    return opened


@contextmanager
def opened_in_browser(address: str) -> Iterator[None]:
    """Open the address by way of a file that only its owner may read.

    As an argument of the browser's command it would stand in the list of processes.
    """
    with tempfile.TemporaryDirectory(prefix="hotlead-") as folder:
        path = Path(folder) / "connect.html"
        path.touch(mode=0o600)
        path.write_text(
            f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(address)}">'
            '<meta name="referrer" content="no-referrer"><title>Hotlead</title>',
            encoding="utf-8",
        )
        with suppress(webbrowser.Error):
            webbrowser.open(path.as_uri())
        yield
