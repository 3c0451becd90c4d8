"""Who holds a role for this prospect: the ordered sources, one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from routing.nouns import Account, Deal, GroupMember, Person, Prospect, RoleHolding, Signal
from routing.policy import NamedAccount, Policy
from routing.pools import queue_pool, whose_turn
from routing.receipt import Fact, fact_of
from routing.snapshot import Snapshot
from routing.stages import Standing


@dataclass(frozen=True, slots=True)
class Holder:
    """A person found by a source, the words for it, and the fact that says so."""

    person: Person
    role: str
    because: str
    fact: Fact | None


@dataclass(frozen=True, slots=True)
class Search:
    """The holder, if any; what each source before had to say, and the facts that say so."""

    holder: Holder | None
    tried: tuple[str, ...]
    facts: tuple[Fact, ...] = ()


def find_assignee(
    targets: tuple[str, ...],
    signal: Signal,
    snapshot: Snapshot,
    where: Standing,
    policy: Policy,
    now: datetime,
) -> Search:
    """The holder of the first of ``targets`` that has one."""
    tried: list[str] = []
    facts: list[Fact] = []
    for target in targets:
        if target == "claim_channel":
            tried.append("the route ends in the claim channel")
            continue
        for source in _sources(target, policy):
            found = _look(source, signal, snapshot, where, policy, now)
            facts += [found.fact] if found.fact else []
            why = _unfit(found)
            if found.person is not None and not why:
                holder = Holder(found.person, target, found.because, found.fact)
                return Search(holder, tuple(tried), tuple(facts))
            tried.append(why)
    return Search(None, tuple(tried), tuple(facts))


def named_account(snapshot: Snapshot, policy: Policy) -> NamedAccount | None:
    """The hard assignment of the snapshot's account, by record id, name or domain."""
    account = snapshot.account
    if account is None:
        return None
    known = policy.named_by_key
    if not known:
        return None
    names = {account.id.lower(), account.name.lower(), account.domain.lower()} - {""}
    rows = [known[name] for name in names if name in known]
    return min(rows, key=lambda one: one[0], default=(0, None))[1]


@dataclass(frozen=True, slots=True)
class _Found:
    """What a source says: ``because`` ends the sentence “they are asked, as …”."""

    because: str
    person: Person | None = None
    missing: str = ""
    fact: Fact | None = None


def _sources(target: str, policy: Policy) -> tuple[str, ...]:
    if target == "named_rep":
        return ("named_rep", "named_backup")
    return policy.roles.get(target, (target,))


def _unfit(found: _Found) -> str:
    """Why the source gives nobody who can be assigned; '' when it does."""
    person = found.person
    if person is None:
        return f"{found.because}, but {found.missing}" if found.missing else found.because
    if person.queue:
        return f"{found.because}, but {person.name} is a queue and not a person"
    if not person.active:
        return f"{found.because}, but {person.name} is no longer active"
    return ""


def _look(
    source: str,
    signal: Signal,
    snapshot: Snapshot,
    where: Standing,
    policy: Policy,
    now: datetime,
) -> _Found:
    kind, _, rest = source.partition(":")
    if kind in ("pool", "queue"):
        return _turn(kind, rest, snapshot, policy, now)
    if kind == "territory":
        return _territory(rest, snapshot)
    if kind in ("named_rep", "named_backup"):
        return _named(kind, snapshot, policy)
    if kind == "person":
        return _by_email(rest, "the policy names them", snapshot)
    if kind == "sending_rep":
        if not signal.sending_rep:
            return _Found("the signal names no sending rep")
        return _by_email(signal.sending_rep, "they sent the thread", snapshot)
    if kind == "field":
        return _field(rest, snapshot, where)
    if kind == "owner":
        return _owner(rest, snapshot, where)
    return _team(kind, rest, snapshot, where)


def _named(kind: str, snapshot: Snapshot, policy: Policy) -> _Found:
    row = named_account(snapshot, policy)
    if row is None:
        return _Found("this is no named account")
    if kind == "named_rep":
        return _by_email(row.rep, f"{row.rep} is the named rep of this account", snapshot)
    if row.backup is None:
        return _Found("this account has no named backup")
    return _by_email(row.backup, f"{row.backup} is the named backup of this account", snapshot)


def _by_email(email: str, because: str, snapshot: Snapshot) -> _Found:
    person = snapshot.by_email(email)
    if person is None:
        return _Found(because, missing=f"the CRM has no user {email}")
    return _Found(because, person, fact=fact_of("person", person, "email", person.email))


def _by_id(person_id: str, because: str, fact: Fact, snapshot: Snapshot) -> _Found:
    person = snapshot.people.get(person_id)
    return _Found(because, person, f"the mirror has no person {person_id}", fact)


def _field(source: str, snapshot: Snapshot, where: Standing) -> _Found:
    noun, _, name = source.partition(".")
    records: dict[str, Account | Deal | Prospect | None] = {
        "account": snapshot.account,
        "deal": where.deal,
        "prospect": snapshot.prospect,
    }
    record = records[noun]
    if record is None:
        return _Found(f"{name}: no {noun} is known")
    value = record.fields.get(name, "")
    fact = fact_of(noun, record, name, value)
    if not value:
        return _Found(f"{name} of {record.name} is empty", fact=fact)
    return _by_id(value, f"{name} of {record.name} names them", fact, snapshot)


def _turn(kind: str, name: str, snapshot: Snapshot, policy: Policy, now: datetime) -> _Found:
    pool = policy.pools.get(name) if kind == "pool" else queue_pool(name, snapshot)
    if pool is None:
        return _Found(f"the {kind} {name} has no members that are known")
    turn = whose_turn(name if kind == "pool" else f"queue:{name}", pool, snapshot, policy, now)
    passed = "; ".join(turn.passed)
    if turn.person is None:
        return _Found(f"nobody of the {kind} {name} can take a turn ({passed})")
    because = f"it is their turn in the {kind} {name}" + (f" ({passed})" if passed else "")
    person = turn.person
    return _Found(because, person, fact=fact_of("person", person, "email", person.email))


def _territory(role: str, snapshot: Snapshot) -> _Found:
    """Who has this role in a territory of the account; of several, the first who can be asked."""
    active = {one.id: one for one in snapshot.territories if one.active}
    rows = [
        row
        for row in snapshot.group_members
        if row.group_id in active and row.role.casefold() == role.casefold()
    ]

    def rank(row: GroupMember) -> tuple[bool, str]:
        person = snapshot.people.get(row.person_id)
        return person is None or person.queue or not person.active, row.id

    row = min(rows, key=rank, default=None)
    if row is None:
        return _Found(f"nobody is {role} in a territory of the account")
    fact = fact_of("group_member", row, "role", row.role)
    name = active[row.group_id].name
    return _by_id(row.person_id, f"they are {role} in the territory {name}", fact, snapshot)


def _owner(what: str, snapshot: Snapshot, where: Standing) -> _Found:
    records: dict[str, Deal | Account | Prospect | None] = {
        "deal": where.deal,
        "account": snapshot.account,
        "prospect": snapshot.prospect,
    }
    record = records[what]
    if record is None:
        return _Found(f"no {what} is known")
    fact = fact_of(what, record, "owner", record.owner_id or "")
    if not record.owner_id:
        return _Found(f"the {what} “{record.name}” has no owner", fact=fact)
    return _by_id(record.owner_id, f"they own the {what} “{record.name}”", fact, snapshot)


def _team(kind: str, role: str, snapshot: Snapshot, where: Standing) -> _Found:
    """The team member of this role; of several, one who can be asked, then the first by id."""
    at = snapshot.account.id if snapshot.account else None
    on = where.deal.id if where.deal else None

    def fits(row: RoleHolding) -> bool:
        ours = row.account_id == at if kind == "team" else row.deal_id == on
        return ours and row.role.lower() == role.lower()

    def rank(row: RoleHolding) -> tuple[bool, str]:
        person = snapshot.people.get(row.person_id)
        return person is None or person.queue or not person.active, row.id

    known, whose = (at, "account") if kind == "team" else (on, "deal")
    row = min(filter(fits, snapshot.holdings), key=rank, default=None) if known else None
    if row is None:
        return _Found(f"nobody is {role} in the team of the {whose}")
    fact = fact_of("role_holding", row, "role", row.role)
    return _by_id(row.person_id, f"they are {role} in the team", fact, snapshot)
