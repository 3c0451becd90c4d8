"""The sources of absences beside the CRM, and for whom they are asked."""

from __future__ import annotations

from sqlalchemy import select

from routing.nouns import Person
from worker.store.engine import Store
from worker.store.mirror import columns_of, table_of


def people_of(store: Store) -> list[Person]:
    """Everybody who may be told of something: active, no queue, with an e-mail."""
    table, names = table_of(Person), columns_of(Person)
    query = (
        select(*(table.c[name] for name in names))
        .where(table.c.deleted_at.is_(None), table.c.active, table.c.queue.is_(False))
        .where(table.c.email != "")
        .order_by(table.c.id)
    )
    with store.read() as conn:
        return [Person(**row) for row in conn.execute(query).mappings()]
