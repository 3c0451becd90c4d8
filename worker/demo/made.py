"""Invents, the same way every time, what a CRM export lacks: contacts, BDRs and CSMs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from zlib import crc32

_FIRST = (
    "Alma",
    "Boris",
    "Chiara",
    "Dmitri",
    "Elena",
    "Farid",
    "Greta",
    "Hugo",
    "Imani",
    "Jonas",
    "Keiko",
    "Lars",
    "Mina",
    "Nadia",
    "Otto",
    "Paula",
    "Quentin",
    "Rosa",
    "Stefan",
    "Tessa",
    "Umar",
    "Vera",
    "Wanda",
    "Xavier",
    "Yasmin",
    "Zeno",
)
_LAST = (
    "Abbott",
    "Brandt",
    "Cho",
    "Delgado",
    "Ekberg",
    "Fontaine",
    "Gruber",
    "Hassan",
    "Ivers",
    "Jansen",
    "Kowalski",
    "Laurent",
    "Moreau",
    "Nyberg",
    "Okoye",
    "Petrov",
    "Quist",
    "Rahman",
    "Santoro",
    "Thorne",
    "Ueda",
    "Vance",
    "Whitaker",
    "Yilmaz",
    "Zeller",
)
_TITLES = ("Head of Purchasing", "Operations Director", "IT Manager", "Finance Lead", "Owner")
_STAFF = (
    "Avery Stone",
    "Blake Rowan",
    "Casey Lane",
    "Devon Hale",
    "Emery Fields",
    "Finley Brooks",
    "Gray Sutton",
    "Harper Quinn",
    "Indigo West",
    "Jules Carver",
    "Kit Marlowe",
    "Lane Porter",
)


def contact_of(account: str) -> tuple[str, str]:
    """Name and title of the one contact of an account."""
    number = crc32(account.encode())
    first, rest = number % len(_FIRST), number // len(_FIRST)
    last, rest = rest % len(_LAST), rest // len(_LAST)
    return f"{_FIRST[first]} {_LAST[last]}", _TITLES[rest % len(_TITLES)]


def staff_name(number: int) -> str:
    """The name of the ``number``-th person made for an office, counted from 0."""
    name = _STAFF[number % len(_STAFF)]
    return name if number < len(_STAFF) else f"{name} {number // len(_STAFF) + 1}"


def slugs(names: Iterable[str], joint: str = "-") -> dict[str, str]:
    """A slug for each name, in the order given; one that is taken gets a number behind it."""
    made: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        free = (f"{slug(name, joint)}{number or ''}" for number in range(1_000_000))
        made[name] = next(one for one in free if one not in taken)
        taken.add(made[name])
    return made


def slug(text: str, joint: str = "-") -> str:
    """Letters and digits in lower case, everything between them one ``joint``; hyphens stay."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9-]+", joint, plain.lower()).strip("-.") or "x"
