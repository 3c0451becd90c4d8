"""Runs a sandbox application on a loopback port, in a thread of this process."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol


class DroppableProtocol(H11Protocol):
    """HTTP as ever, and a way for ``faults`` to reset the connection under a request."""

    def handle_events(self) -> None:
        """Hand each new request the means to drop its own connection."""
        super().handle_events()
        if self.scope is not None:
            extensions: dict[str, object] = self.scope.setdefault("extensions", {})  # type: ignore[assignment]
            extensions["sandbox.drop"] = self.transport.abort


class Serving:
    """A running server. Use as a context manager or call ``stop``."""

    def __init__(self, app: Any, port: int = 0) -> None:
        # Named TCP, or asyncio leaves Nagle on and each answer waits 40 ms for an acknowledgement.
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            app,
            http=DroppableProtocol,
            log_level="error",
            access_log=False,
            date_header=False,  # the machine's; a sandbox tells the time of its own moved clock
            lifespan="off",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=75,  # as the real ones: a client may think between two calls
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run,
            kwargs={"sockets": [self._socket]},
            name=f"sandbox-{self.port}",
            daemon=True,
        )
        self._thread.start()
        deadline = time.monotonic() + 10
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the sandbox server did not start")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop serving and free the port."""
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self._socket.close()

    def __enter__(self) -> Serving:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
