"""A Salesforce org with a million contacts that exist only while somebody looks at them.

Rows are made when a page asks for them, from the number that is in their id, so that the sandbox
neither takes minutes to fill nor gigabytes to hold.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connectors.sandbox.salesforce import SalesforceSandbox
from connectors.sandbox.salesforce.ids import make_id
from connectors.sandbox.salesforce.table import Place, Row
from connectors.sandbox.salesforce.times import stamp
from tests.bench.company import PEOPLE_OF_WORLD, prospect_email, rep_email

_DIGITS = {
    one: place
    for place, one in enumerate(string.digits + string.ascii_uppercase + string.ascii_lowercase)
}
_FIRST = 10_000_000
"""Numbers of ids from here on; the org itself has used only small ones."""
_BATCH = 200
"""Records that one call of a loader wrote, and that have one stamp."""


class Crowd(Mapping[str, Row]):
    """So many rows of one object, by id."""

    def __init__(self, prefix: str, size: int, begun: datetime, make: Callable[[int], Row]) -> None:
        self._prefix, self._size, self._make = prefix, size, make
        self._batches = [
            stamp(begun + timedelta(seconds=number)) for number in range(size // _BATCH + 1)
        ]

    def id_of(self, number: int) -> str:
        """The id of the row with this number."""
        return make_id(self._prefix, _FIRST + number)

    def stamp_of(self, number: int) -> str:
        """When it was loaded."""
        return self._batches[number // _BATCH]

    def __getitem__(self, record_id: str) -> Row:
        value = 0
        for one in record_id[6:15]:
            value = value * 62 + _DIGITS[one]
        number = value - _FIRST
        if not 0 <= number < self._size or not record_id.startswith(self._prefix):
            raise KeyError(record_id)
        at = self.stamp_of(number)
        stamps = {"SystemModstamp": at, "LastModifiedDate": at, "CreatedDate": at}
        return {**self._make(number), "Id": record_id, **stamps}

    def __iter__(self) -> Iterator[str]:
        return map(self.id_of, range(self._size))

    def __len__(self) -> int:
        return self._size


class Places(Sequence[Place]):
    """The places of a crowd's rows, in order."""

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd

    def __getitem__(self, number: Any) -> Any:
        if isinstance(number, slice):
            return [self[one] for one in range(*number.indices(len(self)))]
        return self._crowd.stamp_of(number), self._crowd.id_of(number)

    def __len__(self) -> int:
        return len(self._crowd)


def gather(sandbox: SalesforceSandbox, accounts: int, contacts: int, begun: datetime) -> None:
    """Let a crowd of accounts and contacts of theirs stand in an org that has its people."""
    owners = {row["Email"]: key for key, row in sandbox.org.table("User").rows.items()}
    reps = [owners[rep_email(number)] for number in range(PEOPLE_OF_WORLD)]
    account = sandbox.record("Account", sandbox.create("Account", Name="Model", OwnerId=reps[0]))
    contact = sandbox.record("Contact", sandbox.create("Contact", LastName="Model"))

    def an_account(number: int) -> Row:
        name, owner = f"Account {number}", reps[number % PEOPLE_OF_WORLD]
        website = f"https://www.account{number}.example"
        return {**account, "Name": name, "OwnerId": owner, "Website": website}

    companies = Crowd("001", accounts, begun, an_account)
    company_ids = list(companies)

    def a_contact(number: int) -> Row:
        given, family = f"Given{number}", f"Family{number}"
        return {
            **contact,
            "FirstName": given,
            "LastName": family,
            "Name": f"{given} {family}",
            "Email": prospect_email(number),
            "Title": "Head of Procurement",
            "AccountId": company_ids[number % accounts],
            "OwnerId": reps[number % PEOPLE_OF_WORLD],
        }

    people = Crowd("003", contacts, begun, a_contact)
    for name, crowd in (("Account", companies), ("Contact", people)):
        table: Any = sandbox.org.table(name)
        table.rows, table.order = crowd, Places(crowd)
