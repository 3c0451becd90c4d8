"""What several commands need: the configuration file, the secrets, the clock, the store."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from worker.clock import clock_from_environment
from worker.credentials import CredentialFile
from worker.secrets import Secrets, load_secrets
from worker.settings import Settings, load_settings, missing_secrets
from worker.store.engine import Store
from worker.store.migrate import migrate

if TYPE_CHECKING:
    from sqlalchemy import Connection

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file.", metavar="FILE")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
DEFAULT_CONFIG = Path("hotlead.yaml")
log = logging.getLogger(__name__)


class UsageError(Exception):
    """The command cannot do what was asked; the text says what and how to mend it."""


def load(config: Path) -> tuple[Settings, Secrets]:
    """The settings and secrets; raises SettingsError, SecretsError or UsageError."""
    settings = load_settings(config)
    secrets = secrets_for(settings)
    missing = missing_secrets(settings, secrets)
    if missing:
        names = "\n".join(f"  {name} (or {name}_FILE)" for name in missing)
        where = f"neither in the environment nor in {settings.credentials}"
        raise UsageError(f"{config} needs secrets that are {where}:\n{names}")
    for note in secrets.notes:
        log.info(note)
    return settings, secrets


def secrets_for(settings: Settings) -> Secrets:
    """The secrets of the environment and of the settings' file. Raises SecretsError."""
    return load_secrets(os.environ, CredentialFile(settings.credentials))


@contextmanager
def opened_store(config: Path) -> Iterator[Store]:
    """The store that the configuration names, in its present shape."""
    store = Store(load_settings(config).store.url)
    try:
        migrate(store)
        yield store
    finally:
        store.close()


clock = clock_from_environment()


def need_people(conn: Connection) -> None:
    """Raise UsageError while the mirror has nobody, as an answer out of nothing would mislead."""
    from sqlalchemy import select

    from routing.nouns import Person
    from worker.store.mirror_map import table_of

    if conn.execute(select(table_of(Person).c.id).limit(1)).first() is None:
        raise UsageError("nobody is mirrored yet; run hotlead sync --once first")
