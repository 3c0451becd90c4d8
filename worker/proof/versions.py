"""The versions of the live policy: what it said, since when, and who made it so."""

from __future__ import annotations

import difflib
import getpass
from collections.abc import Sequence
from datetime import datetime
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from sqlalchemy import Connection, select, update

from routing.policy import Policy
from worker.store.alerts import Row
from worker.store.engine import Tx
from worker.store.statements import add
from worker.store.tables import POLICY, POLICY_VERSION


class NoVersionError(Exception):
    """No version, or more than one, is meant; the text says what to write instead."""


def user() -> str:
    """Who runs this, by the name that the system knows them by."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"


def note_version(
    tx: Tx, policy_hash: str, how: str, *, by: str, now: datetime, text: str = ""
) -> None:
    """Note that a policy became the live one, unless it was that already."""
    query = select(POLICY_VERSION.c.hash).order_by(POLICY_VERSION.c.id.desc()).limit(1)
    if how == "loaded" and tx.conn.execute(query).scalar() == policy_hash:
        return
    row = {"hash": policy_hash, "at": now, "by": by, "how": how, "text": text}
    add(tx, POLICY_VERSION, row)


def keep_text(tx: Tx, policy_hash: str, text: str, *, by: str, now: datetime) -> None:
    """Keep what the live policy's file says, so that a version has its comments, too."""
    note_version(tx, policy_hash, "loaded", by=by, now=now)
    bare = (POLICY_VERSION.c.hash == policy_hash) & (POLICY_VERSION.c.text == "")
    tx.conn.execute(update(POLICY_VERSION).where(bare).values(text=text))


def versions(conn: Connection) -> Sequence[Row]:
    """Every time that a policy became the live one, the latest first."""
    query = select(POLICY_VERSION).order_by(POLICY_VERSION.c.id.desc())
    return conn.execute(query).mappings().all()


def text_of(conn: Connection, beginning: str) -> tuple[str, str]:
    """(hash, text) of a version by the beginning of its hash: as it was written, or else its
    rules without comments. Raises NoVersionError.
    """
    policy_hash, body = _one(conn, beginning)
    query = (
        select(POLICY_VERSION.c.text)
        .where(POLICY_VERSION.c.hash == policy_hash, POLICY_VERSION.c.text != "")
        .order_by(POLICY_VERSION.c.id.desc())
        .limit(1)
    )
    written = conn.execute(query).scalar()
    return policy_hash, str(written) if written else as_yaml(body)


def difference(conn: Connection, one: str, other: str) -> str:
    """What two versions say differently, in their rules alone; '' for nothing."""
    (first, before), (second, after) = _one(conn, one), _one(conn, other)
    lines = difflib.unified_diff(
        as_yaml(before).splitlines(keepends=True),
        as_yaml(after).splitlines(keepends=True),
        first,
        second,
        n=2,
    )
    return "".join(lines)


def as_yaml(body: dict[str, Any]) -> str:
    """The rules of a policy as YAML, without what is left at its default."""
    plain = Policy.model_validate(body).model_dump(mode="json", exclude_defaults=True)
    written = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 100
    yaml.dump(plain, written)
    return written.getvalue()


def _one(conn: Connection, beginning: str) -> tuple[str, dict[str, Any]]:
    wanted = POLICY.c.hash.startswith(beginning.lower(), autoescape=True)
    found = conn.execute(select(POLICY.c.hash, POLICY.c.body).where(wanted).limit(2)).all()
    if len(found) != 1 or not beginning:
        which = "several versions begin" if found else "no version begins"
        raise NoVersionError(f"{which} with {beginning!r}; hotlead policy versions lists them")
    return found[0][0], dict(found[0][1])
