"""One mirror object of Salesforce and the query behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from connectors.base import MirrorObject
from connectors.salesforce.client import Client
from connectors.salesforce.values import Row
from routing.nouns import MirrorRecord

MINUTE = 60
PROMPT = 45
"""So that who owns what, and who is away, is known within a minute: see docs/decisions."""
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One mirror object and the query behind it.

    ``needed`` fields must be there; an ``optional`` one that the org lacks or hides is left out
    with a note, a ``quiet`` one without, and a ``further`` one is named by the policy. ``begins``
    names the field, besides the stamp, whose time makes a record due. ``where`` spares a whole
    read what ``make`` would turn down.
    """

    name: str
    noun: type[MirrorRecord]
    sobject: str
    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    further: tuple[str, ...] = ()
    nested: str = ""
    """A query in parentheses that is selected besides the fields."""
    where: str = ""
    order: str = "Id"
    full: bool = False
    every: int = 2 * MINUTE
    budget: int | None = None
    recent: bool = False
    """Only the last days matter: the first read does not go back to the beginning."""
    thinned: bool = False
    """Not every row that fits ``where`` becomes a record of its own."""
    begins: str = ""
    concerned: str = ""
    """Which records are worth reading again for their formulas; empty for all."""
    owned: tuple[tuple[str, str], ...] = ()
    """How records are found by what they are of, for live reads: (column, field) each."""
    suffix: str = ""
    """Makes ids of its own out of ids that another source has, too."""
    vanishing: bool = False
    """Rows go without a trace in the recycle bin, so that the list of deletions is read, too."""
    soft: bool = False
    """A needed field that the org lacks switches ``feature`` off and is no error."""
    feature: str = ""
    """What is off when the org has no such object; empty for objects that must be there."""
    make: Callable[[Row], MirrorRecord | None]
    enrich: Callable[[Client, list[Row]], None] | None = None
    """Looks up what the rows of a page lack, and puts it into them."""
    walk: Callable[[Client], Iterable[MirrorRecord]] | None = None
    """Reads the whole object by a way of its own."""

    @property
    def mirrored(self) -> MirrorObject:
        """The object as the worker sees it."""
        return MirrorObject(
            name=self.name, noun=self.noun, full=self.full, every=self.every, budget=self.budget
        )
