"""A playing as the page holds it: one step at a time, from any thread, told as plain data.

Nothing that the page is told holds a secret: of those it learns where they are from, no more.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from connectors.base import Check
from connectors.guiding import Ask, Flow, Step, filled
from worker.connect.config_file import PATTERNS, UnwritableError
from worker.connect.consenting import ConsentError, Consenting
from worker.connect.guided import Guided, UnknownNameError
from worker.connect.outcome import Outcome, finished
from worker.secrets import SecretsError
from worker.settings import SettingsError

Stage = Literal["asking", "testing", "refused", "to write", "written"]
log = logging.getLogger(__name__)
_EXPECTED = (SettingsError, SecretsError, UnwritableError, UnknownNameError, ConsentError)


class DeskError(Exception):
    """What was asked for cannot be done now; the text says why."""


class Desk:
    """Answers the page. ``install``: offer to install even where nothing of it is missing."""

    def __init__(self, guided: Guided, *, install: bool = False) -> None:
        self._guided = guided
        self._offers = install
        self._lock = threading.RLock()
        self._stage: Stage = "asking"
        self._checks: list[Check] = []
        self._installed: list[Check] = []
        self._wrong: dict[str, str] = {}
        self._trouble = ""
        self._written: list[Path] = []
        self._consenting: Consenting | None = None
        self._outcome: Outcome | None = None
        self.ended = threading.Event()

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; None while nothing is written."""
        return self._outcome

    # Deeds.

    def choose(self, *, flow: str = "", pattern: str = "") -> None:
        """Another flow, or what a new configuration begins as. Raises DeskError."""
        with self._deed():
            if flow:
                self._guided.choose_flow(flow)
            if pattern and not self._guided.config.exists:
                self._guided.choose_pattern(pattern)
            self._back_to_asking()

    def give(self, name: str, text: str) -> None:
        """An answer; what is wrong with it shows in the state. Raises DeskError."""
        with self._deed():
            ask = self._ask(name)
            if self._guided.source(ask) == "environment":
                raise DeskError(f"{name} is set in the environment, which wins; change it there")
            complaint = self._guided.give(ask, text)
            self._wrong.pop(name, None)
            if complaint:
                self._wrong[name] = complaint
            self._back_to_asking()

    def start_consent(self) -> str:
        """The address at which the admin logs in. Raises DeskError."""
        with self._deed():
            self._consenting = Consenting(self._guided)
            return self._consenting.address

    def end_consent(self, query: Mapping[str, str]) -> None:
        """The browser came back. Raises DeskError."""
        with self._deed():
            consenting, self._consenting = self._consenting, None
            if consenting is None:
                raise DeskError("nobody is logging in; start again on the page")
            try:
                consenting.finish(query)
            except ConsentError as error:
                self._wrong |= dict.fromkeys(error.asks, str(error))
                self._guided.take_back(error.asks)
                raise
            self._back_to_asking()

    def test(self) -> None:
        """Begin to test; the state tells how far it is. Raises DeskError."""
        with self._deed():
            if self._open():
                raise DeskError(f"still to be done: {', '.join(self._open())}")
            again = self._stage == "written"
            self._stage, self._checks, self._installed = "testing", [], []
        threading.Thread(target=self._tested, args=(again,), name="test", daemon=True).start()

    def install(self) -> None:
        """Begin to install what ships for the system, then test again. Raises DeskError."""
        with self._deed():
            if self._stage != "written" or not self._guided.guide.installs:
                raise DeskError("test the connection and write it first")
            self._stage, self._checks, self._installed = "testing", [], []
        threading.Thread(
            target=self._tested, args=(True, True), name="install", daemon=True
        ).start()

    def write(self) -> None:
        """Store what was tested. Raises DeskError."""
        with self._deed():
            if self._stage != "to write":
                raise DeskError("test the connection first")
            self._written = self._guided.keep()
            self._stage = "written"
            self._settle()

    # What the page shows.

    def state(self) -> dict[str, Any]:
        """All of it."""
        with self._lock:
            guided = self._guided
            outcome = self._outcome
            return {
                "system": guided.guide.name,
                "title": guided.guide.title,
                "need": guided.guide.need,
                "stage": self._stage,
                "trouble": self._trouble,
                "config": str(guided.config.path),
                "credentials": str(guided.credentials_shown),
                "patterns": self._patterns(),
                "new_file": not guided.config.exists,
                "pattern": guided.pattern,
                "flows": [_flow(one) for one in guided.guide.flows],
                "flow": guided.flow.name,
                "steps": [self._step(one) for one in guided.flow.steps],
                "consents": guided.flow.consents,
                "consented": guided.consented(),
                "open": self._open(),
                "checks": [asdict(one) for one in self._checks],
                "installs": guided.guide.installs,
                "install": guided.guide.wants_install(self._checks)
                or (self._offers and not self._installed),
                "installed": [asdict(one) for one in self._installed],
                "diff": guided.diff() if self._stage == "to write" else "",
                "stores": guided.new_secrets() if self._stage == "to write" else [],
                "written": [str(one) for one in self._written],
                "next": [asdict(one) for one in outcome.following] if outcome else [],
            }

    def _patterns(self) -> list[dict[str, str]]:
        if self._guided.config.exists:
            return []
        return [{"name": name, "what": what} for name, what in PATTERNS.items()]

    def _step(self, step: Step) -> dict[str, Any]:
        known = self._guided.values()
        links = [(link.text, filled(link.url, known)) for link in step.links]
        pastes = [(paste.label, filled(paste.text, known)) for paste in step.pastes]
        return {
            "title": step.title,
            "clicks": [filled(click, known) or click for click in step.clicks],
            "links": [{"text": text, "url": url} for text, url in links if url],
            "pairs": [list(pair) for pair in step.pairs],
            "pastes": [{"label": label, "text": text} for label, text in pastes if text],
            "asks": [self._asked(ask) for ask in step.asks],
        }

    def _asked(self, ask: Ask) -> dict[str, Any]:
        return {
            "name": ask.name,
            "label": ask.label,
            "where": ask.where,
            "shape": ask.shape,
            "example": ask.example,
            "secret": ask.secret,
            "file": ask.from_file,
            "source": self._guided.source(ask),
            "value": self._guided.shown(ask),
            "wrong": self._wrong.get(ask.name, ""),
        }

    # Inner works.

    def _deed(self) -> _Deed:
        return _Deed(self)

    def _ask(self, name: str) -> Ask:
        for ask in self._guided.flow.asks():
            if ask.name == name:
                return ask
        raise DeskError("this is not asked for")

    def _open(self) -> list[str]:
        """What is still to be done before it can be tested."""
        guided = self._guided
        lacking = [ask.label for ask in guided.lacking()]
        if guided.config.needs_pattern:
            lacking.insert(0, "the team's pattern")
        if guided.flow.consents and not guided.consented():
            lacking.append("the log-in")
        return lacking

    def _back_to_asking(self) -> None:
        self._stage, self._checks, self._trouble = "asking", [], ""

    def _tested(self, again: bool, install: bool = False) -> None:
        """Runs in a thread of its own; whatever happens, the stage moves on."""
        try:
            for check in self._guided.install(check_only=False) if install else ():
                with self._lock:
                    self._installed = [*self._installed, check]
            for check in self._guided.look():
                with self._lock:
                    self._checks = [*self._checks, check]
        except _EXPECTED as error:
            with self._lock:
                self._trouble, self._stage = str(error), "refused"
            return
        except Exception as error:
            log.debug("the test broke off", exc_info=True)
            with self._lock:
                said = f"the test broke off unexpectedly ({type(error).__name__})"
                self._trouble, self._stage = f"{said}; run it again, then report it", "refused"
            return
        with self._lock:
            self._judge(again)

    def _judge(self, again: bool) -> None:
        guided = self._guided
        if guided.refused(self._checks):
            blames = guided.blamed(self._checks)
            self._trouble = "; ".join(blame.says for blame in blames) or self._checks[0].text
            for blame in blames:
                self._wrong |= dict.fromkeys(blame.asks, blame.says)
                guided.take_back(blame.asks)
            self._stage = "refused"
        elif again or not guided.anything_new():
            self._stage = "written"
            self._settle()
        else:
            self._stage = "to write"

    def _settle(self) -> None:
        guided = self._guided
        made = Outcome(
            guide=guided.guide,
            flow=guided.flow.name,
            checks=self._checks,
            installed=self._installed,
            written=self._written,
        )
        self._outcome = finished(guided, made)


class _Deed:
    """One deed at a time, none during a test; what it raises comes out as DeskError."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def __enter__(self) -> None:
        self._desk._lock.acquire()
        if self._desk._stage == "testing":
            self._desk._lock.release()
            raise DeskError("the test is running; wait until it has ended")

    def __exit__(self, _: object, error: object, __: object) -> None:
        self._desk._lock.release()
        if isinstance(error, _EXPECTED):
            raise DeskError(str(error)) from error


def _flow(flow: Flow) -> dict[str, str]:
    return {"name": flow.name, "title": flow.title, "summary": flow.summary}
