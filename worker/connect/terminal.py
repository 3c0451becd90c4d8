"""Plays a guide on the terminal, or on lines that a script pipes in."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from connectors.base import Check
from connectors.guiding import Ask, Step, filled
from worker.cli.common import UsageError
from worker.cli.output import printable
from worker.connect.guided import Guided

MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


class Terminal:
    """Shows and asks. What is typed for a secret is never shown."""

    def __init__(self, out: Console) -> None:
        self._out = out
        self._real = sys.stdin.isatty()

    def say(self, text: str = "", style: str = "") -> None:
        """One line or more, as it is."""
        self._out.print(Text(text, style=style), soft_wrap=True)

    def ask(self, prompt: str, *, hidden: bool = False) -> str:
        """The line that is typed. Raises UsageError when the input has ended."""
        if self._real and hidden:
            return getpass.getpass(f"{prompt} (hidden): ")
        self._out.print(Text(f"{prompt}: "), end="", soft_wrap=True)
        line = sys.stdin.readline()
        if not self._real:
            self._out.print()  # nobody's Enter ended the line
        if not line:
            raise UsageError("the input ended before everything was answered; nothing was written")
        return line.strip()

    def yes(self, question: str) -> bool:
        """Whether the answer is yes, as it is for Enter alone."""
        while True:
            said = self.ask(f"{question} [Y/n]").lower()
            if said in ("", "y", "yes"):
                return True
            if said in ("n", "no"):
                return False

    def choose(self, question: str, options: Sequence[tuple[str, str]]) -> str:
        """The name of one of the options (name, what it is), by number or name."""
        self.say(question)
        for number, (name, what) in enumerate(options, start=1):
            self.say(f"  {number}  {name}: {what}")
        names = [name for name, _ in options]
        while True:
            said = self.ask("Number or name")
            if said in names:
                return said
            if said.isascii() and said.isdigit() and 0 < int(said) <= len(names):
                return names[int(said) - 1]

    def step(self, guided: Guided, number: int, step: Step) -> None:
        """What to click."""
        known = guided.values()
        self.say()
        self.say(f"{number}. {step.title}", "bold")
        for click in step.clicks:
            self.say(f"   • {filled(click, known) or click}")
        for name, what in step.pairs:
            self.say(f"       {name:<28} {what}", "dim")
        for link in step.links:
            address = filled(link.url, known)
            if address is not None:
                self.say(f"   {link.text}: {address}")
        for paste in step.pastes:
            text = filled(paste.text, known)
            if text is not None and not paste.spare:
                self.say(f"   {paste.label}:")
                self.say("\n".join(f"     {line}" for line in text.splitlines()), "cyan")

    def answer(self, guided: Guided, ask: Ask) -> None:
        """Ask until the answer can be right; Enter keeps what is there."""
        source = guided.source(ask)
        if source == "environment":
            self.say(f"   {ask.label}: taken from {ask.name} in the environment", "dim")
            return
        kept = f" [Enter keeps {guided.shown(ask) or 'the one stored'}]" if source else ""
        while True:
            file = "path of the file" if ask.from_file else ""
            prompt = f"   {ask.label}{kept}" + (f", {file}" if file else "")
            text = self.ask(prompt, hidden=ask.secret and not ask.from_file)
            if not text and source:
                return
            give = guided.give_file if ask.from_file else guided.give
            complaint = give(ask, text)
            if not complaint:
                return
            self.say(f"   ✗ {complaint}", "red")

    def check(self, check: Check) -> None:
        """One line with its mark."""
        mark, colour = MARKS[check.state]
        said = f" {printable(check.name)}: {printable(check.text)}"
        self._out.print(Text.assemble((mark, colour), said), soft_wrap=True)

    def list_of(self, title: str, checks: Iterable[Check]) -> None:
        """What is missing, each with its mend."""
        found = list(checks)
        if not found:
            return
        self.say()
        self.say(title, "bold")
        for one in found:
            mark, colour = MARKS[one.state]
            self._out.print(
                Text.assemble((f"  {mark}", colour), f" {printable(one.text)}"), soft_wrap=True
            )
            if one.mend:
                self.say(f"      → {printable(one.mend)}", "dim")
