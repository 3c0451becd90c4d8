"""What the checks of all connectors have in common: one failed look stops no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from connectors.base import Check
from connectors.errors import ConnectorError

_NOTABLE = timedelta(seconds=30)
_HARMFUL = timedelta(minutes=5)
_LITTLE = 0.2
log = logging.getLogger(__name__)


def probe(name: str, look: Callable[[], Iterable[Check]]) -> Iterator[Check]:
    """The checks that ``look`` makes; what stops it is a failed check of this name."""
    try:
        yield from look()
    except ConnectorError as error:
        yield Check(name=name, state="fail", text=str(error), mend=error.mend)
    except Exception as error:
        # Whatever an answer did to this look, the others must go on. Its text may hold an address.
        log.debug("the check %s broke off", name, exc_info=True)
        text = f"the look broke off unexpectedly ({type(error).__name__})"
        yield Check(name=name, state="fail", text=text, mend="run it again; then report it")


def clock_check(name: str, who: str, theirs: datetime | None, ours: datetime) -> Check:
    """Whether our clock and the other side's tell the same time, to half a minute."""
    if theirs is None:
        return Check(name=name, state="warn", text=f"{who} did not say what time it is")
    apart = abs(ours - theirs)
    if apart <= _NOTABLE:
        return Check(name=name, state="ok", text=f"this machine's clock agrees with {who}'s")
    which = "ahead of" if ours > theirs else "behind"
    return Check(
        name=name,
        state="fail" if apart > _HARMFUL else "warn",
        text=f"this machine's clock is {apart.total_seconds():.0f} s {which} {who}'s",
        mend="let the machine keep its time by NTP (timedatectl set-ntp true)",
    )


def budget_check(name: str, who: str, used: int, most: int) -> Check:
    """Whether enough of the day's calls is left; ``used`` of ``most`` are gone."""
    left = max(0, most - used)
    text = f"{left:,} of the {most:,} calls that {who} allows in a day are left"
    if left >= most * _LITTLE:
        return Check(name=name, state="ok", text=text)
    mend = f"see which other apps use {who}'s API, or have the limit raised"
    return Check(name=name, state="warn" if left else "fail", text=text, mend=mend)
