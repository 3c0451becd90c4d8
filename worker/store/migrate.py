"""Brings a store's tables to the present shape, and says so when it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from worker.store.engine import Store, StoreError

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_105_116_108


def alembic_config(connection: Any) -> Any:
    """Alembic's settings for this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["connection"] = connection
    return config


def migrate(store: Store) -> None:
    """Upgrade to the newest shape; safe when several workers start at once.

    Raises StoreError for a store that a newer Hotlead has already upgraded.
    """
    from alembic import command
    from alembic.util import CommandError

    with store.write() as tx:
        if tx.dialect == "postgresql":
            tx.conn.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        try:
            command.upgrade(alembic_config(tx.conn), "head")
        except CommandError as error:
            raise StoreError(
                f"the store was made by a newer Hotlead ({error}); upgrade this installation "
                "or name another store.url"
            ) from error
