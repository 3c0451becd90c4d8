"""Who holds a role for this prospect: the ordered sources, one after the other."""

from __future__ import annotations

from dataclasses import dataclass

from routing.nouns import Account, Person, Prospect, RoleHolding, Signal
from routing.policy import NamedAccount, Policy
from routing.receipt import Fact
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
    """The holder, if any, and what each source that was tried had to say."""

    holder: Holder | None
    tried: tuple[str, ...]


def find_assignee(
    targets: tuple[str, ...], signal: Signal, snapshot: Snapshot, where: Standing, policy: Policy
) -> Search:
    """The holder of the first of ``targets`` that has one."""
    tried: list[str] = []
    for target in targets:
        if target == "claim_channel":
            tried.append("the route ends in the claim channel")
            continue
        sources = policy.roles.get(target, (target,))
        for source in sources:
            holder, why = _look(source, target, signal, snapshot, where, policy)
            if holder is not None:
                return Search(holder, tuple(tried))
            tried.append(why)
    return Search(None, tuple(tried))


def named_account(snapshot: Snapshot, policy: Policy) -> NamedAccount | None:
    """The hard assignment of the snapshot's account, by record id, name or domain."""
    account = snapshot.account
    if account is None:
        return None
    names = {account.id.lower(), account.name.lower(), account.domain.lower()} - {""}
    return next((row for row in policy.named_accounts if row.account.lower() in names), None)


def _look(
    source: str,
    role: str,
    signal: Signal,
    snapshot: Snapshot,
    where: Standing,
    policy: Policy,
) -> tuple[Holder | None, str]:
    if source == "named_rep":
        row = named_account(snapshot, policy)
        email = row.rep if row else ""
        return _by_email(email, role, f"{email} is the named rep of this account", snapshot)
    kind, _, rest = source.partition(":")
    if kind == "person":
        return _by_email(rest, role, "the policy names them", snapshot)
    if kind == "sending_rep":
        return _by_email(signal.sending_rep, role, "they sent the thread", snapshot)
    person_id, because, fact = _reference(kind, rest, snapshot, where)
    if person_id is None:
        return None, because
    person = snapshot.people.get(person_id)
    if person is None:
        return None, f"{because}, but the mirror has no person {person_id}"
    if person.queue:
        return None, f"{because}, but {person.name} is a queue and not a person"
    if not person.active:
        return None, f"{because}, but {person.name} is no longer active"
    return Holder(person, role, because, fact), ""


def _by_email(email: str, role: str, because: str, snapshot: Snapshot) -> tuple[Holder | None, str]:
    if not email:
        return None, f"{role}: nobody is named"
    person = snapshot.by_email(email)
    if person is None:
        return None, f"{because}, but the CRM has no user {email}"
    if not person.active:
        return None, f"{because}, but {person.name} is no longer active"
    fact = Fact(
        record="person",
        record_id=person.id,
        field="email",
        value=person.email,
        modified_at=person.modified_at,
        seen_at=person.seen_at,
    )
    return Holder(person, role, because, fact), ""


def _reference(
    kind: str, rest: str, snapshot: Snapshot, where: Standing
) -> tuple[str | None, str, Fact | None]:
    if kind == "field":
        return _field(rest.removeprefix("account."), snapshot.account)
    if kind == "owner":
        return _owner(rest, snapshot, where)
    return _team(kind, rest, snapshot, where)


def _field(name: str, account: Account | None) -> tuple[str | None, str, Fact | None]:
    if account is None:
        return None, f"{name}: no account is known", None
    value = account.fields.get(name, "")
    if not value:
        return None, f"{name} of {account.name} is empty", None
    return value, f"{name} of {account.name} names them", _fact("account", account, name, value)


def _owner(what: str, snapshot: Snapshot, where: Standing) -> tuple[str | None, str, Fact | None]:
    record = {"deal": where.deal, "account": snapshot.account, "prospect": snapshot.prospect}[what]
    if record is None:
        return None, f"no {what} is known", None
    if not record.owner_id:
        return None, f"the {what} {record.name} has no owner", None
    fact = _fact(what, record, "owner", record.owner_id)
    return record.owner_id, f"they own the {what} “{record.name}”", fact


def _team(
    kind: str, role: str, snapshot: Snapshot, where: Standing
) -> tuple[str | None, str, Fact | None]:
    def fits(row: RoleHolding) -> bool:
        if kind == "team":
            at = snapshot.account
            return at is not None and row.account_id == at.id
        return where.deal is not None and row.deal_id == where.deal.id

    rows = [row for row in snapshot.holdings if fits(row) and row.role.lower() == role.lower()]
    row = min(rows, key=lambda one: one.id, default=None)
    if row is None:
        return None, f"nobody is {role} in the team", None
    fact = Fact(
        record="role_holding",
        record_id=row.id,
        field="role",
        value=row.role,
        modified_at=row.modified_at,
        seen_at=row.seen_at,
    )
    return row.person_id, f"they are {role} in the team", fact


def _fact(record: str, row: Account | Prospect | object, field: str, value: str) -> Fact:
    return Fact(
        record=record,
        record_id=str(getattr(row, "id", "")),
        field=field,
        value=value,
        modified_at=getattr(row, "modified_at", None),
        seen_at=getattr(row, "seen_at", None),
    )
