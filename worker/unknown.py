"""Which names of the policy the mirror does not know, each with how bad that is and the mend."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Literal

from sqlalchemy import Connection, or_, select

from routing.names import name_key
from routing.nouns import (
    Account,
    Deal,
    DealContact,
    GroupMember,
    Person,
    Prospect,
    RoleHolding,
    Stage,
    Territory,
)
from routing.policy import Policy
from worker.names import Kind, Named, names_of
from worker.store.mirror import chunks, count, table_of
from worker.validation import nearest, shown

_PERSON = table_of(Person).c
_NOUNS: dict[str, type[Any]] = {
    "account": Account,
    "deal": Deal,
    "prospect": Prospect,
    "person": Person,
}
_CORRECT = "correct the e-mail in the policy, or the user in the CRM"
_FILL = "fill it in the CRM, or correct its name"


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that the mirror lacks. With ``fail`` a rule that names it cannot work as written."""

    named: Named
    state: Literal["fail", "warn"]
    what: str
    mend: str


def unknown_names(conn: Connection, policy: Policy) -> Iterator[Unknown]:
    """Every name that is not known, at each place; nothing while no person is mirrored."""
    if not count(conn, Person):
        return
    names = list(names_of(policy))
    by_kind: dict[Kind, list[Named]] = {}
    for one in names:
        by_kind.setdefault(one.kind, []).append(one)
    yield from _people(conn, by_kind)
    for kind, look in _LOOKS.items():
        if kind in by_kind:
            yield from look(conn, by_kind[kind])


def _people(conn: Connection, by_kind: dict[Kind, list[Named]]) -> Iterator[Unknown]:
    kinds: tuple[Kind, ...] = ("person", "sender", "admin")
    named = [one for kind in kinds for one in by_kind.get(kind, ())]
    active: dict[str, bool] = {}
    emails = sorted({one.name for one in named})
    for chunk in chunks(emails):
        query = select(_PERSON.email, _PERSON.active).where(
            _PERSON.email.in_(chunk), _PERSON.deleted_at.is_(None), _PERSON.queue.is_(False)
        )
        for email, is_active in conn.execute(query):
            active[email] = active.get(email, False) or bool(is_active)
    known: list[str] = []
    if any(one.name not in active for one in named):
        everybody = select(_PERSON.email).where(_PERSON.deleted_at.is_(None), _PERSON.active)
        known = [row[0] for row in conn.execute(everybody) if row[0]]
    for one in named:
        if one.name not in active:
            what = f"the CRM has no user {one.name}"
            what += ", who is told all the same" if one.kind == "admin" else ""
            yield Unknown(one, "fail" if one.kind == "person" else "warn", what, _who(one, known))
        elif not active[one.name]:
            state: Literal["fail", "warn"] = "warn" if one.kind == "sender" else "fail"
            yield Unknown(one, state, f"{one.name} is no longer active in the CRM", _CORRECT)


def _who(one: Named, known: Sequence[str]) -> str:
    # Addresses of one company are all alike; only a slip of the keys is worth a guess.
    close = get_close_matches(one.name, known, n=1, cutoff=0.9)
    return f"did you mean {close[0]!r}?" if close else _CORRECT


def _stages(conn: Connection, named: Sequence[Named]) -> Iterator[Unknown]:
    labels = _distinct(conn, table_of(Stage).c.label, Stage)
    if not labels:
        return  # this CRM has no stages to mirror, or none was read yet
    for one in named:
        if not _known(one.name, labels, pattern=one.path[0] != "stage_classes"):
            dead = "no deal is ever in it" if one.kind == "stage" else "naming it keeps no deal out"
            what = f"the CRM has no deal stage {shown(one.name)!r}: {dead}"
            state: Literal["fail", "warn"] = "fail" if one.kind == "stage" else "warn"
            yield Unknown(one, state, what, nearest(one.name, labels))


def _pipelines(conn: Connection, named: Sequence[Named]) -> Iterator[Unknown]:
    known = _distinct(conn, table_of(Stage).c.pipeline_id, Stage)
    known += _distinct(conn, table_of(Deal).c.pipeline_id, Deal)
    yield from _missing(named, sorted(set(known)), "fail", "the CRM has no pipeline with the id")


def _queues(conn: Connection, named: Sequence[Named]) -> Iterator[Unknown]:
    query = select(_PERSON.name).where(_PERSON.queue, _PERSON.deleted_at.is_(None))
    known = [row[0] for row in conn.execute(query)]
    yield from _missing(named, known, "fail", "the CRM has no queue", pattern=False)


def _territories(conn: Connection, named: Sequence[Named]) -> Iterator[Unknown]:
    table = table_of(Territory).c
    query = select(table.name).where(table.active, table.deleted_at.is_(None)).distinct()
    known = sorted(row[0] for row in conn.execute(query))
    yield from _missing(named, known, "fail", "the CRM has no active territory")


def _account_types(conn: Connection, named: Sequence[Named]) -> Iterator[Unknown]:
    known = _distinct(conn, table_of(Account).c.kind, Account)
    yield from _missing(named, known, "warn", "no account has the type")


def _contact_roles(conn: Connection, named: Sequence[Named]) -> Iterator[Unknown]:
    known = _distinct(conn, table_of(DealContact).c.role, DealContact)
    yield from _missing(named, known, "warn", "nobody takes part in a deal as")


def _team_roles(conn: Connection, named: Sequence[Named]) -> Iterator[Unknown]:
    known = _distinct(conn, table_of(RoleHolding).c.role, RoleHolding)
    known += _distinct(conn, table_of(GroupMember).c.role, GroupMember)
    yield from _missing(
        named, sorted(set(known)), "warn", "nobody in the CRM holds the role", pattern=False
    )


def _named_accounts(conn: Connection, named: Sequence[Named]) -> Iterator[Unknown]:
    table = table_of(Account).c
    found: set[str] = set()
    for chunk in chunks(named):
        names = [one.name for one in chunk]
        lower = [name.lower() for name in names]
        keys = [key for key in map(name_key, names) if key]
        same = or_(table.id.in_(names), table.domain.in_(lower), table.name_key.in_(keys))
        query = select(table.id, table.name, table.domain)
        for row in conn.execute(query.where(table.deleted_at.is_(None), same)):
            found.update(str(value).lower() for value in row if value)
    for one in named:
        if one.name.lower() not in found:
            what = f"no account has the name, domain or id {shown(one.name)!r}"
            yield Unknown(one, "warn", what, "write it as the CRM has it")


def _fields(conn: Connection, named: Sequence[Named]) -> Iterator[Unknown]:
    """A field in which no record has a value gives nobody a role and meets no condition."""
    filled: dict[str, bool] = {}
    for one in named:
        noun, _, name = one.name.partition(".")
        if one.name not in filled:
            table = table_of(_NOUNS[noun]).c
            query = select(table.id).where(
                table.deleted_at.is_(None), table.fields[name].as_string() != ""
            )
            filled[one.name] = conn.execute(query.limit(1)).first() is not None
        if not filled[one.name]:
            yield Unknown(one, "warn", f"no {noun} has a value in {name}", _FILL)


_LOOKS: dict[Kind, Callable[[Connection, Sequence[Named]], Iterator[Unknown]]] = {
    "stage": _stages,
    "kept out": _stages,
    "pipeline": _pipelines,
    "queue": _queues,
    "territory": _territories,
    "account type": _account_types,
    "contact role": _contact_roles,
    "team role": _team_roles,
    "named account": _named_accounts,
    "field": _fields,
}


def _missing(
    named: Sequence[Named],
    known: Sequence[str],
    state: Literal["fail", "warn"],
    lacks: str,
    *,
    pattern: bool = True,
) -> Iterator[Unknown]:
    for one in named:
        if not _known(one.name, known, pattern=pattern):
            what = f"{lacks} {shown(one.name)!r}"
            mend = nearest(one.name, known) if known else "correct the name, or take it out"
            yield Unknown(one, state, what, mend)


def _known(name: str, known: Iterable[str], *, pattern: bool) -> bool:
    wanted = name.casefold()
    if not pattern:
        return any(wanted == one.casefold() for one in known)
    return any(fnmatchcase(one.casefold(), wanted) for one in known)


def _distinct(conn: Connection, column: Any, noun: type[Any]) -> list[str]:
    """The values that living records have, without the empty one, in order."""
    query = select(column).where(table_of(noun).c.deleted_at.is_(None), column != "").distinct()
    return sorted(row[0] for row in conn.execute(query))
