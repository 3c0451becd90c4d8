"""Live reads: what is asked of the CRM itself, past the mirror, just before a decision.

A question names records by what a decision stands on; an answer says, object by object, what
is there now and what is not.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields

from routing.nouns import MirrorRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveQuestion:
    """What is to be read. All are ids of the CRM but ``emails``, which are in lower case.

    - ``emails``: the prospects with these addresses, whether the mirror knows them or not;
    - ``prospects``: these, and which deals they take part in;
    - ``accounts``: these, with their open and won deals and their teams;
    - ``deals``: these, with their teams and the prospects that take part;
    - ``people``: these, and when they are out of office;
    - ``stages``: every stage.
    """

    emails: frozenset[str] = frozenset()
    prospects: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    deals: frozenset[str] = frozenset()
    people: frozenset[str] = frozenset()
    stages: bool = False

    def __bool__(self) -> bool:
        """Whether anything is asked."""
        return any(getattr(self, one.name) for one in fields(self))

    def __or__(self, other: LiveQuestion) -> LiveQuestion:
        """Both questions in one."""
        return LiveQuestion(
            **{one.name: getattr(self, one.name) | getattr(other, one.name) for one in fields(self)}
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePart:
    """What one object of the mirror holds of the answer.

    ``gone`` are ids that were asked for and are not there. Where ``column`` is set, ``records``
    are all that the CRM has whose ``column`` is one of ``values``: any other of the mirror is
    gone.
    """

    name: str
    records: Sequence[MirrorRecord] = ()
    gone: Sequence[str] = ()
    column: str = ""
    values: Collection[str] = ()


def missing(asked: Collection[str], found: Sequence[MirrorRecord]) -> list[str]:
    """The ids that were asked for and did not come."""
    return sorted(set(asked) - {record.id for record in found})


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The calls of a day, of all apps of the account together.

    ``seconds_left`` is until the count begins anew; None when it is of the past 24 hours.
    ``fair_share`` is what one app should keep to, from 0 to 1.
    """

    used: int
    most: int
    seconds_left: float | None = None
    fair_share: float = 0.25
