"""Looks whether what the policy names is there: people, stages, account fields."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from connectors.base import Check, Crm
from routing.nouns import Account, Person, Stage
from routing.policy import Policy
from worker.settings import account_fields
from worker.store.engine import Store
from worker.store.mirror import chunks, count, table_of
from worker.store.people_facts import policy_emails
from worker.validation import nearest

_PERSON = table_of(Person).c
_ACCOUNT = table_of(Account).c
_STAGE = table_of(Stage).c


def policy_checks(store: Store, crm: Crm, policy: Policy) -> Iterator[Check]:
    """The checks; none while no person is mirrored, which the look at the mirror tells."""
    with store.read() as conn:
        if not count(conn, Person):
            return
        yield from _people(conn, policy)
        if any(one.noun is Stage for one in crm.objects):
            yield from _stages(conn, policy)
        yield from _fields(conn, policy)


def _people(conn: Connection, policy: Policy) -> Iterator[Check]:
    name = "policy people"
    named = sorted(policy_emails(policy))
    active = dict.fromkeys(named, "")
    for chunk in chunks(named):
        query = select(_PERSON.email, _PERSON.active).where(
            _PERSON.email.in_(chunk), _PERSON.deleted_at.is_(None), _PERSON.queue.is_(False)
        )
        for email, is_active in conn.execute(query):
            active[email] = "active" if is_active or active[email] == "active" else "left"
    admins = [one for one in policy.places.admins if not active[one]]
    unknown = [one for one in named if not active[one] and one not in admins]
    left = [one for one in named if active[one] == "left"]
    mend = "correct the e-mail in the policy, or the user in the CRM"
    if unknown:
        text = f"the CRM has no user {', '.join(unknown)}"
        yield Check(name=name, state="fail", text=text, mend=mend)
    if left:
        text = f"no longer active in the CRM: {', '.join(left)}"
        yield Check(name=name, state="fail", text=text, mend=mend)
    if not unknown and not left:
        text = "everybody whom the policy names is an active user of the CRM"
        yield Check(name=name, state="ok", text=text)
    if admins:
        text = f"admins who are no users of the CRM, and told all the same: {', '.join(admins)}"
        yield Check(name="policy admins", state="warn", text=text, mend=mend)


def _stages(conn: Connection, policy: Policy) -> Iterator[Check]:
    name = "policy stages"
    query = select(_STAGE.label).where(_STAGE.deleted_at.is_(None)).distinct()
    labels = sorted(row[0] for row in conn.execute(query))
    if not labels:
        return  # the look at the mirror tells
    required = _unknown(labels, [rule.open_deal_in or () for rule in policy.stage_classes])
    excluded = _unknown(labels, [rule.open_deal_not_in or () for rule in policy.stage_classes])
    for label in required:
        text = f"the CRM has no deal stage {label!r}: no deal is ever in it"
        yield Check(name=name, state="fail", text=text, mend=nearest(label, labels))
    for label in excluded:
        text = f"the CRM has no deal stage {label!r}: naming it keeps no deal out"
        yield Check(name=name, state="warn", text=text, mend=nearest(label, labels))
    if not required and not excluded:
        yield Check(name=name, state="ok", text="every deal stage that the policy names is there")


def _unknown(labels: Sequence[str], named: Sequence[Sequence[str]]) -> list[str]:
    known = {label.casefold() for label in labels}
    wanted = dict.fromkeys(label for rule in named for label in rule)
    return [label for label in wanted if label.casefold() not in known]


def _fields(conn: Connection, policy: Policy) -> Iterator[Check]:
    """A field that no account has a value in gives nobody a role."""
    name, wanted = "policy fields", account_fields(policy)
    filled = select(_ACCOUNT.id).where(_ACCOUNT.deleted_at.is_(None)).limit(1)
    empty = [
        one
        for one in wanted
        if conn.execute(filled.where(_ACCOUNT.fields[one].as_string() != "")).first() is None
    ]
    if empty:
        text = f"no account has a value in {', '.join(empty)}"
        mend = "fill it in the CRM, or correct the role sources of the policy"
        yield Check(name=name, state="warn", text=text, mend=mend)
    elif wanted:
        text = f"accounts have values in {', '.join(wanted)}"
        yield Check(name=name, state="ok", text=text)
