"""The real worker in a process of its own: ``hotlead run`` as an admin starts it."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

from tests.bench.company import SECRET
from tests.bench.processes import ROOT

_START_SECONDS = 60.0


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(slack: Mapping[str, str], **more: str) -> dict[str, str]:
    """What the worker is told beside its file; nothing else of ours reaches it."""
    return {
        "PATH": os.environ["PATH"],
        "HOTLEAD_SLACK_BOT_TOKEN": slack["bot_token"],
        "HOTLEAD_SLACK_APP_TOKEN": slack["app_token"],
        "HOTLEAD_SIGNALS_SECRET": SECRET,
        **more,
    }


class WorkerProcess:
    """A running worker. The constructor returns once it answers; then wait for the mirror."""

    def __init__(self, config: Path, port: int, env: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self._database = config.parent / "hotlead.db"
        self._log = config.parent / "worker.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "worker.cli.main", "run", "-c", str(config)],
                cwd=ROOT,
                env=dict(env),
                stdout=log,
                stderr=log,
            )
        try:
            self.wait_for("the worker to answer", self._answers, _START_SECONDS)
        except BaseException:
            self.stop()
            raise

    def wait_for(self, what: str, condition: Callable[[], bool], seconds: float) -> None:
        """Return when the condition holds; RuntimeError with the log's end when it never does."""
        deadline = time.monotonic() + seconds
        while not condition():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"waited in vain for {what}: {self._log.read_text()[-2000:]}")
            time.sleep(0.002)

    def wait_for_mirror(self, seconds: float) -> None:
        """Return when every object of the CRM has been read to its end."""
        query = "SELECT count(*) FROM watermark WHERE finished_at IS NULL"
        self.wait_for("the mirror", lambda: self.count(query) == 0, seconds)

    def wait_for_quiet(self, seconds: float = 60.0) -> None:
        """Return when every message and every task is where it should be."""
        query = (
            "SELECT (SELECT count(*) FROM delivery WHERE state <> 'sent' OR revision < wanted)"
            " + (SELECT count(*) FROM activity WHERE state <> 'sent' OR revision < wanted)"
        )
        self.wait_for("the outboxes to be empty", lambda: self.count(query) == 0, seconds)

    def count(self, query: str) -> int:
        """One number straight from the store, read without any of the worker's own means."""
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as conn:
            return int(conn.execute(query).fetchone()[0])

    def peak_memory(self) -> int:
        """Most resident memory the worker ever had, in bytes."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(one for one in status.splitlines() if one.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code in (200, 503)
        except requests.ConnectionError:
            return False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
