"""What the worker asks of a surface, and the cards that it gives to one.

Abilities are data, so that nothing outside an adapter's folder asks which adapter it is. Errors are
those of ``connectors.errors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: well, working but for something, or failed.

    ``name`` is the same at every look, for programs; ``text`` and ``mend`` are for people.
    """

    name: str
    state: Literal["ok", "warn", "fail"]
    text: str
    mend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """A button of a card. ``action`` is a word of ``ACTIONS``; a ``url`` button opens a link."""

    label: str
    action: str
    style: str = ""
    """'primary', 'danger' or ''."""
    url: str = ""
    choices: Sequence[tuple[str, str]] = ()
    """What the presser chooses from, (word, label) in order; empty for a plain button. The press
    carries the word."""


ACTIONS = ("claim", "acknowledge", "snooze", "not_mine", "noise", "why", "open_thread", "drill")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardItem:
    """One alert of several on a card. ``links`` are (label, address) pairs.

    ``button`` acts on the alert ``alert_id``, which is not the card's own.
    """

    text: str
    status: str = ""
    links: Sequence[tuple[str, str]] = ()
    button: Button | None = None
    alert_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardGroup:
    """What belongs together on a card, such as the alerts of one account."""

    title: str
    items: Sequence[CardItem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a rep reads, surface-neutral. All texts are plain and hostile: escape where shown.

    ``facts`` are (label, value) pairs in order. ``status`` is the line that changes as the alert
    lives. ``alert_id`` is what its buttons tell. ``key`` is opaque, goes into the message's
    metadata and finds it again.
    """

    key: str
    alert_id: str
    title: str
    summary: str
    subject: str = ""
    """Who and what in one line, for a list of messages; '' is the title."""
    facts: Sequence[tuple[str, str]] = ()
    status: str = ""
    thread_url: str = ""
    crm_url: str = ""
    buttons: Sequence[Button] = ()
    footer: str = ""
    mention: str = ""
    """Address (not e-mail) of a person to call upon in a channel post, or ''."""
    items: Sequence[str] = ()
    """Lines of a digest."""
    groups: Sequence[CardGroup] = ()
    """Alerts of a return brief, the most important first; a surface shows as many as fit."""
    more: int = 0
    """How many further alerts there are that ``groups`` leave out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a surface can do, as data."""

    can_update: bool
    has_buttons: bool
    can_find: bool
    longest_text: int
    seconds_between: float
    """Least seconds between two new messages to one place."""
    called: str
    """What people call it, as in “nobody is on Slack”."""
    invite: str
    """The mend for a person whom the surface does not know."""
    can_ask: bool = False
    """Whether a presser can be asked for words of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Where a message came to lie: opaque to all but the surface that made it."""

    remote_id: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress:
    """A rep pressed a button. ``press_id`` is the same when the surface tells us twice."""

    press_id: str
    surface: str
    address: str
    """The presser's address on the surface, for example a Slack user id."""
    action: str
    alert_id: str
    place: str
    remote_id: str
    at: datetime
    choice: str = ""
    """The word of the choice that was taken; '' for a plain button."""
    words: str | None = None
    """What the presser wrote when asked; None when they were not asked."""
    details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a presser is asked to write, one text. ``longest`` counts letters."""

    title: str
    label: str
    hint: str
    submit: str
    longest: int


class Surface(Protocol):
    """A place where reps read alerts. One instance serves several threads."""

    name: str
    abilities: Abilities

    def find_person(self, email: str) -> str | None:
        """The address of the person with this e-mail, or None if the surface knows nobody."""

    def known_people(self, emails: Sequence[str]) -> set[str]:
        """Which of these e-mails, in lower case, belong to somebody whom the surface knows.

        In as few calls as it allows. Raises ConnectorError.
        """

    def find_email(self, address: str) -> str | None:
        """The e-mail of the person at this address, the way back from ``find_person``."""

    def send(self, place: str, card: Card) -> Sent:
        """Post once, without any retry. ``place`` is a person's address or a channel name/id.

        Raises UnclearError if the message may have been posted.
        """

    def update(self, remote_id: str, card: Card) -> None:
        """Change the message in place."""

    def find(self, place: str, key: str, since: datetime) -> Sent | None:
        """The message with this key posted at or after ``since``, if it is there."""

    def tell(self, press: ButtonPress, text: str) -> None:
        """Say something to the presser alone (too late, already claimed)."""

    def ask(self, press: ButtonPress, question: Question) -> None:
        """Ask the presser for words; these come as the same press with ``words``, or never do.

        Only where the surface can ask. Raises ConnectorError.
        """

    def listen(self, on_press: Callable[[ButtonPress], None]) -> None:
        """Start hearing buttons in the background; ``on_press`` must return at once."""

    def checks(self, channels: Sequence[str]) -> Iterator[Check]:
        """Look at all that this worker needs of the surface, these channels too; posts nothing.

        The first is of the log-in; when that failed, nothing follows. Never raises
        ConnectorError: a look that fails is a failed check.
        """

    def health(self) -> dict[str, object]:
        """``{"ok": bool, ...}`` and what a person needs to see why not."""

    def close(self) -> None:
        """Stop listening and give back connections."""
