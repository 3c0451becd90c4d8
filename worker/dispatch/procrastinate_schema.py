"""Brings Procrastinate's own tables into the store, and up to the installed Procrastinate."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

if TYPE_CHECKING:
    import psycopg

_LOCK = 7_105_116_109
_META_KEY = "procrastinate"
# The index finds a job that already waits for a row. The trigger wakes the workers when a job ends:
# Procrastinate wakes them for new jobs only, may miss that while it fetches another, and would
# leave the next job of a freed lock to its polling.
_EXTRAS: LiteralString = """
CREATE INDEX hotlead_queued ON procrastinate_jobs (task_name, (args ->> 'row_id'))
WHERE status = 'todo';

CREATE FUNCTION hotlead_job_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(
        'procrastinate_queue_v1#' || OLD.queue_name,
        json_build_object('type', 'job_inserted', 'job_id', OLD.id)::text
    );
    RETURN NULL;
END;
$$;

CREATE TRIGGER hotlead_job_ended AFTER DELETE OR UPDATE OF status ON procrastinate_jobs
FOR EACH ROW WHEN (OLD.status = 'doing')
EXECUTE FUNCTION hotlead_job_ended();
"""


def apply_schema(conninfo: str) -> None:
    """Make or upgrade the tables; safe when several workers start at once.

    The version that made them is kept in the table ``meta``, so the store must be migrated.
    """
    import psycopg

    installed = version("procrastinate")
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        with conn.transaction():
            present = _recorded_version(conn)
            if present is None:
                _run_file(conn, _sql_folder() / "schema.sql")
                conn.execute(_EXTRAS)
            elif _parts(present) < _parts(installed):
                for file in _migrations_after(present):
                    _run_file(conn, file)
            else:
                return
            _record_version(conn, installed)


def _recorded_version(conn: psycopg.Connection) -> str | None:
    row = conn.execute("SELECT value FROM meta WHERE key = %s", [_META_KEY]).fetchone()
    return row[0] if row else None


def _record_version(conn: psycopg.Connection, installed: str) -> None:
    conn.execute(
        "INSERT INTO meta (key, value) VALUES (%s, %s) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [_META_KEY, installed],
    )


def _migrations_after(present: str) -> list[Path]:
    """Migration files are named by the version that needs them: ``03.04.00_50_post_….sql``."""
    files = sorted((_sql_folder() / "migrations").glob("*.sql"))
    return [file for file in files if _parts(file.name.split("_")[0]) > _parts(present)]


def _parts(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:3] if part.isdigit())


def _sql_folder() -> Path:
    import procrastinate.schema

    folder: str = procrastinate.schema.SchemaManager.get_migrations_path()
    return Path(folder).parent


def _run_file(conn: psycopg.Connection, file: Path) -> None:
    conn.execute(file.read_bytes())
