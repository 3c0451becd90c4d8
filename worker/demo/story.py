"""A morning at the made-up company, scene by scene, for people to watch and tests to play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from worker.demo.cast import Cast

_TEAM = "kestrelworks.example"


@dataclass(frozen=True, slots=True)
class Scene:
    """What is told, and what then happens."""

    tells: str
    happens: Callable[[], object]


def scenes(cast: Cast) -> Iterator[Scene]:
    """The morning, in order. Each scene leaves nothing due behind."""
    yield from _opens_twice(cast)
    yield from _positive_reply(cast)
    yield from _out_of_office(cast)
    yield from _not_on_slack(cast)
    yield from _claimed(cast)
    yield from _machines(cast)
    yield from _silence(cast)
    yield Scene(
        "17:00 comes: what was not urgent arrives as one digest a person.",
        lambda: cast.forward(timedelta(hours=5)),
    )


def _opens_twice(cast: Cast) -> Iterator[Scene]:
    naomi = "naomi@alder.example"
    yield Scene(
        "Naomi Castellan opens the pricing mail once. One open interrupts nobody.",
        lambda: _tell(cast, naomi, "open", tier=1, sending_rep=f"priya@{_TEAM}"),
    )

    def again() -> None:
        cast.forward(timedelta(minutes=35))
        _tell(cast, naomi, "open", tier=2, sending_rep=f"priya@{_TEAM}")

    yield Scene(
        "35 minutes later she opens it again: a hot lead. Alder & Finch is prospecting, so its "
        "BDR Priya gets a direct message.",
        again,
    )
    yield Scene(
        "Priya acknowledges. The clock runs on: an acknowledgement is not a response.",
        lambda: _press(cast, 4, "priya", naomi, "acknowledge"),
    )
    yield Scene(
        "Priya calls. The CRM logs the call, the mirror sees it, the clock stops and the CRM task "
        "is completed with the latency.",
        lambda: _respond(cast, 8, "call", "priya", "naomi"),
    )


def _positive_reply(cast: Cast) -> Iterator[Scene]:
    camille = "camille@solstice.example"
    yield Scene(
        "Camille Duval replies positively. Solstice has an open deal, so its owner Diego (AE) is "
        "told, not the BDR.",
        lambda: _tell(
            cast,
            camille,
            "reply",
            sentiment="positive",
            sending_rep=f"leo@{_TEAM}",
            subject="Solstice pilot",
        ),
    )
    yield Scene("Diego mails back.", lambda: _respond(cast, 9, "email", "diego", "camille"))


def _out_of_office(cast: Cast) -> Iterator[Scene]:
    elliot = "elliot@northgate.example"
    yield Scene(
        "Elliot Barnes opens twice. His AE Hannah is out of office (the CRM says so), so her "
        "backup Diego is told at once, and why. The CRM's owner stays as it is.",
        lambda: _tell(cast, elliot, "multi_open", tier=1, count=2),
    )
    yield Scene("Diego mails him.", lambda: _respond(cast, 11, "email", "diego", "elliot"))


def _not_on_slack(cast: Cast) -> Iterator[Scene]:
    samuel = "samuel@mapleton.example"
    yield Scene(
        "Samuel Ortiz, a customer, replies positively. His CSM Tomas is not on Slack: that rung "
        "is empty and is skipped at once; Grace covers.",
        lambda: _tell(cast, samuel, "reply", sentiment="positive", subject="Renewal question"),
    )
    yield Scene("Grace calls.", lambda: _respond(cast, 13, "call", "grace", "samuel"))


def _claimed(cast: Cast) -> Iterator[Scene]:
    jonah = "jonah@pinewood.example"
    yield Scene(
        "Jonah Reyes opens three times. Nobody owns Pinewood: the team may claim it in #hot-leads.",
        lambda: _tell(cast, jonah, "multi_open", tier=1, count=3),
    )
    yield Scene(
        "Leo claims it. First come, first served.", lambda: _press(cast, 3, "leo", jonah, "claim")
    )
    yield Scene("Leo calls.", lambda: _respond(cast, 14, "call", "leo", "jonah"))


def _machines(cast: Cast) -> Iterator[Scene]:
    def opens() -> None:
        for _ in range(3):
            _tell(cast, "beatrice@harborline.example", "open", tier=5)
        _tell(cast, "lila@brightwater.example", "reply", sentiment="automatic")

    yield Scene("Three opens by a mail scanner and an automatic reply: nobody is disturbed.", opens)


def _silence(cast: Cast) -> Iterator[Scene]:
    omar = "omar@verity.example"
    yield Scene(
        "Omar Haddad opens twice. Sofia is told, and stays silent.",
        lambda: _tell(cast, omar, "multi_open", tier=2, count=2),
    )
    yield Scene(
        "15 minutes without a word: her backup Hannah is away, so Hannah's backup Diego is told.",
        lambda: cast.forward(timedelta(minutes=16)),
    )
    yield Scene(
        "Another 15: the whole team sees it in #hot-leads.",
        lambda: cast.forward(timedelta(minutes=16)),
    )
    yield Scene(
        "30 more: the manager, Marcus, is told.", lambda: cast.forward(timedelta(minutes=31))
    )
    yield Scene("Marcus mails Omar himself.", lambda: _respond(cast, 6, "email", "marcus", "omar"))


def _tell(cast: Cast, prospect: str, kind: str, **more: object) -> None:
    cast.signal(prospect, kind, **more)
    cast.settle()


def _press(cast: Cast, minutes: int, who: str, prospect: str, action: str) -> None:
    cast.forward(timedelta(minutes=minutes))
    alert = cast.alert_of(prospect)
    if alert is not None:
        cast.press(f"{who}@{_TEAM}", alert["id"], action)


def _respond(cast: Cast, minutes: int, kind: str, who: str, prospect: str) -> None:
    cast.forward(timedelta(minutes=minutes))
    cast.respond(kind, cast.outside.ids[who], cast.outside.ids[prospect])
