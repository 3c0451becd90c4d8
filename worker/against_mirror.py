"""Holds the policy's names against the mirror, each problem told where it stands in the file.

Nothing is written: a store that is not there, or has another shape, is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from routing.nouns import Person
from routing.policy import Policy
from worker.settings import read_whole
from worker.store.engine import Store, StoreError
from worker.store.mirror import count
from worker.store.people_facts import last_reads
from worker.unknown import Unknown, unknown_names
from worker.yaml_file import FileProblem

_SYNC = "run hotlead sync --once, then this again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What came of it. ``why_not`` says why nothing could be compared; '' when it could.

    ``as_of`` is when the object that was read longest ago was read. ``failing`` break a rule as
    it is written; ``doubtful`` may be right, or right soon.
    """

    why_not: str = ""
    mend: str = ""
    as_of: datetime | None = None
    failing: Sequence[FileProblem] = ()
    doubtful: Sequence[FileProblem] = ()


def held_against_mirror(config: Path, url: str, policy: Policy) -> Held:
    """Compare; ``config`` is the file that the policy was read from."""
    file = make_url(url).database if url.startswith("sqlite") else None
    if file is not None and not Path(file).is_file():
        return Held(why_not="nothing is mirrored yet", mend=_SYNC)
    try:
        store = Store(url)
    except StoreError as error:
        return Held(why_not=str(error), mend="correct store.url")
    try:
        with store.read() as conn:
            if not count(conn, Person):
                return Held(why_not="nothing is mirrored yet", mend=_SYNC)
            read = [at for at in last_reads(conn).values() if at is not None]
            unknown = list(unknown_names(conn, policy))
    except (SQLAlchemyError, OSError) as error:
        # The driver's own words; the address, which may hold a password, is not in them.
        said = " ".join(str(getattr(error, "orig", None) or error).split())
        return Held(
            why_not=f"the store cannot be read ({said})",
            mend="see that its server runs; hotlead sync --once brings its shape up to date",
        )
    finally:
        store.close()
    return Held(
        as_of=min(read, default=None),
        failing=_placed(config, [one for one in unknown if one.state == "fail"]),
        doubtful=_placed(config, [one for one in unknown if one.state == "warn"]),
    )


def _placed(config: Path, unknown: Sequence[Unknown]) -> list[FileProblem]:
    _, origins = read_whole(config)
    problems = []
    for one in unknown:
        file, inner = origins.of(("policy", *one.named.path))
        key = inner not in file.values
        problems.append(file.problem(inner, one.what, one.mend, key=key))
    return sorted(set(problems), key=lambda one: (one.file, one.line, one.column, one.what))
