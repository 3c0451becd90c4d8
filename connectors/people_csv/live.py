"""Live reads of the folder: it is read again when a file changed."""

from __future__ import annotations

from collections.abc import Iterator

from connectors.live import LivePart, LiveQuestion, missing
from connectors.people_csv.records import Records


def live_parts(records: Records, question: LiveQuestion) -> Iterator[LivePart]:
    """What the folder holds of the answer; there are no deals, teams or stages in it."""
    contacts = [
        one
        for one in records.contacts
        if one.email in question.emails or one.id in question.prospects
    ]
    yield LivePart(name="contacts", records=contacts, gone=missing(question.prospects, contacts))
    accounts = [one for one in records.accounts if one.id in question.accounts]
    yield LivePart(name="accounts", records=accounts, gone=missing(question.accounts, accounts))
    people = [one for one in records.people if one.id in question.people]
    yield LivePart(name="people", records=people, gone=missing(question.people, people))
    yield LivePart(
        name="out_of_office",
        records=[one for one in records.out_of_office if one.person_id in question.people],
        column="person_id",
        values=question.people,
    )
