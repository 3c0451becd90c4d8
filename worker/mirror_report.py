"""What the mirror holds, in numbers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from routing.nouns import Account, Deal, OutOfOffice, Person, Prospect
from worker.context import Context
from worker.store.mirror import count
from worker.store.tables import WATERMARK


def mirror_report(ctx: Context) -> dict[str, Any]:
    """Counts of living records, calls to the CRM, notes on what is switched off, and errors."""
    with ctx.store.read() as conn:
        errors = {
            row[0]: row[1]
            for row in conn.execute(
                select(WATERMARK.c.object, WATERMARK.c.error).where(WATERMARK.c.error != "")
            )
        }
        return {
            "accounts": count(conn, Account),
            "contacts": count(conn, Prospect),
            "deals": count(conn, Deal),
            "people": count(conn, Person),
            "out_of_office": count(conn, OutOfOffice),
            "api_calls": ctx.crm.api_calls,
            "notes": [note for reader in (ctx.crm, *ctx.absences) for note in reader.notes],
            "errors": errors,
        }
