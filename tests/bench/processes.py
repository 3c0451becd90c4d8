"""Servers of the bench, each in a process of its own so that nobody shares an interpreter lock.

A server writes one line of JSON when it is ready and ends when its standard input closes.
"""

from __future__ import annotations

import json
import queue
import resource
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]
_READY_SECONDS = 120.0
_END_SECONDS = 20.0


class Child:
    """A module of the bench at work. ``ready`` is what it said first; ``lines`` what it said on.

    Raises RuntimeError when it ends before it is ready. Its errors go to our standard error.
    """

    def __init__(
        self,
        module: str,
        *args: str,
        env: Mapping[str, str] | None = None,
        patience: float = _READY_SECONDS,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"tests.bench.{module}", *args],
            cwd=ROOT,
            env=dict(env) if env is not None else None,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            first = self.lines.get(timeout=patience)
        except queue.Empty:
            first = ""
        if not first:
            self.stop()
            raise RuntimeError(f"{module} did not become ready")
        self.ready: dict[str, Any] = json.loads(first)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line)
        self.lines.put("")

    def line(self, seconds: float) -> str:
        """The next line; RuntimeError when the process ended or ``seconds`` went by."""
        try:
            found = self.lines.get(timeout=seconds)
        except queue.Empty:
            raise RuntimeError(f"waited {seconds:.0f} s in vain") from None
        if not found:
            raise RuntimeError("a server of the bench ended")
        return found

    def ask(self, seconds: float, **order: Any) -> dict[str, Any]:
        """Give it an order, a line of JSON, and wait for its answer; RuntimeError for none."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.line(seconds))
        return answer

    def stop(self) -> None:
        """Let it end."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def say(**ready: Any) -> None:
    """In a server: one line of JSON to whoever started it."""
    print(json.dumps(ready), flush=True)


def wait_for_end() -> None:
    """In a server: return when whoever started it closes our standard input, or dies."""
    sys.stdin.read()


def peak_memory() -> int:
    """Most resident memory this process ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
