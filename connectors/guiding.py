"""What a guide to connecting a system is made of. A guide is data; ``worker.connect`` plays it.

Texts may hold ``{login_url}``, ``{redirect_uri}`` and the like: names that the player fills in from
what the admin has said so far.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from connectors.base import Check

_HOLE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A typical wrong paste: a text that is ``pattern`` as a whole is answered with ``says``."""

    pattern: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing that the admin is asked for.

    ``name`` is the environment name of a secret, or the path of a setting in hotlead.yaml, such as
    ``salesforce.login_url``. ``pattern`` is of the whole text, ``shape`` says the same in words.
    ``tidies`` are pairs (pattern, replacement) applied before anything is judged.
    """

    name: str
    label: str
    where: str
    shape: str
    pattern: str = r"\S+"
    slips: tuple[Slip, ...] = ()
    tidies: tuple[tuple[str, str], ...] = ()
    example: str = ""
    from_file: bool = False
    """A text of several lines, given as the file that holds it."""

    @property
    def secret(self) -> bool:
        """Whether it is a secret and no setting: never shown, never in hotlead.yaml."""
        return "." not in self.name

    def tidy(self, text: str) -> str:
        """The text without what people paste along with it."""
        text = text.strip()
        for pattern, replacement in self.tidies:
            text = re.sub(pattern, replacement, text)
        return text

    def complaint(self, text: str) -> str:
        """What is wrong with a tidied text and how to mend it, without the text; '' if nothing."""
        if not text:
            return f"nothing was given; {self.where}"
        for slip in self.slips:
            if re.fullmatch(slip.pattern, text, re.DOTALL):
                return slip.says
        if not re.fullmatch(self.pattern, text, re.DOTALL):
            return f"this does not look right: it {self.shape}; {self.where}"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A page of the vendor. Not shown while a name in ``url`` is unknown."""

    text: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paste:
    """A text that the admin pastes into a page of the vendor."""

    label: str
    text: str
    spare: bool = False
    """Needed only when something else does not work; a terminal leaves it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to do in one place: ``clicks`` in order, then ``asks`` to answer from what is seen.

    ``pairs`` is a table, such as the scopes to add, each with what it is for.
    """

    title: str
    clicks: tuple[str, ...]
    links: tuple[Link, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()
    pastes: tuple[Paste, ...] = ()
    asks: tuple[Ask, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One way to log in. ``settings`` go into hotlead.yaml as they are, by path.

    ``consents``: after the answers the admin logs in at the vendor's page, in a browser.
    """

    name: str
    title: str
    summary: str
    steps: tuple[Step, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    consents: bool = False

    def asks(self) -> Iterator[Ask]:
        """Everything asked, in order."""
        for step in self.steps:
            yield from step.asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Blame:
    """Which answers a failed check speaks of: its name, what its text holds, and in our words."""

    check: str
    pattern: str
    asks: tuple[str, ...]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """How one system is connected. The first of ``flows`` is for whoever names none."""

    name: str
    title: str
    kind: Literal["crm", "surface"]
    need: str
    """Who the admin must be there, and what they need at hand."""
    flows: tuple[Flow, ...]
    blames: tuple[Blame, ...]
    document: str
    """The document that tells the same by hand, in ``docs``."""
    installs: str = ""
    """What of ours can be put into the system, in words; '' where there is nothing."""
    install_check: str = ""
    """The check that is not well while it is missing."""
    refresh_token: str = ""
    """The name of the secret that a log-in in the browser gives, where there is such a flow."""

    def wants_install(self, checks: Iterable[Check]) -> bool:
        """Whether what can be installed is missing."""
        return any(one.name == self.install_check and one.state != "ok" for one in checks)

    def blames_for(self, check: str, text: str) -> list[Blame]:
        """What a failed check with this name and text speaks of; the first that fits."""
        fitting = (
            one for one in self.blames if one.check == check and re.search(one.pattern, text)
        )
        return list(fitting)[:1]

    def flow(self, name: str) -> Flow:
        """The flow of this name. Raises KeyError."""
        return {one.name: one for one in self.flows}[name]


def filled(text: str, values: Mapping[str, str]) -> str | None:
    """The text with every name filled in; None while one of them is unknown."""
    if any(name not in values for name in _HOLE.findall(text)):
        return None
    return _HOLE.sub(lambda hole: values[hole[1]], text)
