"""Which columns of accounts.csv name people: those for roles, and others with e-mails alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from connectors.base import OwnerField
from connectors.people_csv.records import Records

_NO_ROLE = frozenset({"backup", "stage_class"})


def owner_fields(records: Records) -> Sequence[OwnerField]:
    """As the protocol says. A column of one's own counts when each cell is a person's e-mail."""
    people = {one.id for one in records.people}
    values: dict[str, list[str]] = defaultdict(list)
    for account in records.accounts:
        for name, value in account.fields.items():
            if name not in _NO_ROLE:
                values[name].append(value)
    return tuple(
        OwnerField(noun="account", name=name, label=name, filled=len(cells))
        for name, cells in values.items()
        if people.issuperset(cells)
    )
