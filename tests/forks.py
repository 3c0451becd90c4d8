"""``hotlead`` in processes of their own, that are forked where everything is imported already.

A start from nothing costs a second of CPU, most of it imports, and the tests make hundreds. What
runs in the fork is the same ``main``, with its own arguments, environment, folder and streams, and
it ends as every interpreter ends.
"""

from __future__ import annotations

import atexit
import faulthandler
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parents[1]


class Forks:
    """The process that forks; started at its first use, ended with the tests."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def ask(self, what: dict[str, Any]) -> Any:
        """The answer to one request: ``{"start": {...}}`` or ``{"ended": pid}``."""
        process = self._process
        if process is None:
            process = self._process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(what) + "\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    def _started(self) -> subprocess.Popen[str]:
        # Without COLUMNS: each fork reads its own.
        env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forks"],
            cwd=_HERE,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        atexit.register(self._end)
        return process

    def _end(self) -> None:
        if self._process is not None:
            self._process.communicate()


_FORKS = Forks()


class Process:
    """One running ``hotlead``. Its standard output and error go to files."""

    def __init__(
        self,
        *words: str,
        env: Mapping[str, str],
        cwd: Path,
        stdout: Path,
        stderr: Path,
        stdin: Path = Path(os.devnull),
    ) -> None:
        files = [str(stdin), str(stdout), str(stderr)]
        how = {"words": words, "env": dict(env), "cwd": str(cwd), "files": files}
        self.pid: int = _FORKS.ask({"start": how})
        self._code: int | None = None

    def poll(self) -> int | None:
        """The exit code, minus the signal for one that was killed; None while it runs."""
        if self._code is None:
            self._code = _FORKS.ask({"ended": self.pid})
        return self._code

    def wait(self, timeout: float) -> int:
        """The exit code as soon as there is one; TimeoutExpired after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("hotlead", timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it as a power cut would, and wait until it is gone."""
        self.send_signal(signal.SIGKILL)
        self.wait(20)


def run(
    *words: str, env: Mapping[str, str], cwd: Path, text: str = "", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """``hotlead WORDS`` run to its end, with ``text`` as its input."""
    with tempfile.TemporaryDirectory(prefix="hotlead-fork-") as folder:
        stdin, stdout, stderr = (Path(folder) / name for name in ("in", "out", "err"))
        stdin.write_text(text)
        process = Process(*words, env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            process.send_signal(signal.SIGUSR1)  # it says where each of its threads is
            time.sleep(1)
            error.add_note(stdout.read_text()[-3000:] + stderr.read_text()[-9000:])
            raise
        finally:
            process.kill()
        said = stdout.read_text(), stderr.read_text()
    return subprocess.CompletedProcess(["hotlead", *words], code, *said)


# The other side.


def serve() -> int:
    """Fork for each line of input until it ends; a fork returns what ``hotlead`` exits with."""
    _warm()
    gc.freeze()  # what a collection does not touch is not copied
    for line in sys.stdin:
        (what, about), *_ = json.loads(line).items()
        if what == "start":
            pid = os.fork()
            if pid == 0:
                _become(**about)
                return _hotlead()
            answer: int | None = pid
        else:
            answer = _ended(about)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


def _warm() -> None:
    """Import ahead of the forks what commands import.

    Not the commands themselves, which look at their environment when they are imported.
    """
    for name in (
        "alembic.command",
        "connectors.hubspot",
        "connectors.people_csv",
        "connectors.salesforce",
        "fastapi",
        "rich.console",
        "rich.progress",
        "rich.table",
        "slack_sdk.socket_mode",
        "typer",
        "uvicorn.protocols.http.h11_impl",
        "uvicorn.protocols.websockets.auto",
        "worker.demo.cast",
        "worker.doctor.examine",
        "worker.run",
    ):
        import_module(name)
    assert "worker.cli.common" not in sys.modules


def _hotlead() -> int:
    from worker.cli.main import main

    main()
    return 0


def _become(words: list[str], env: dict[str, str], cwd: str, files: list[str]) -> None:
    """Take on the arguments, environment, folder and streams of the process to be."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = ["hotlead", *words]
    for number, file in enumerate(files):
        flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND
        opened = os.open(file, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = os.fdopen(0, closefd=False)
    faulthandler.register(signal.SIGUSR1, all_threads=True)


def _ended(pid: int) -> int | None:
    gone, status = os.waitpid(pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if gone else None


if __name__ == "__main__":
    sys.exit(serve())
