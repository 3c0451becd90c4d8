"""Writes the task of each alert, by its own key, so that writing twice is one task."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors.base import ActivityDraft, WriteResult
from connectors.errors import ConfigError, ConnectorError, PermanentError, UnclearError
from connectors.salesforce.activity_fields import (
    ACTIVITY_FIELDS,
    KEY,
    LENGTHS,
    MEND,
    api_name,
    may_write,
    problems,
)
from connectors.salesforce.client import Client
from connectors.salesforce.errors import from_row
from connectors.salesforce.fields import Fields
from connectors.salesforce.values import api_time

BATCH = 200
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_RELATIONS = ("WhoId", "WhatId")


@dataclass(frozen=True, slots=True)
class _Org:
    """What this org calls things: our fields by their plain name, an open and a closed status."""

    ours: dict[str, str]
    open_status: str
    closed_status: str


class Writing:
    """Upserts tasks through collections of 200, with a result for each row."""

    def __init__(self, client: Client, fields: Fields, prefix: str) -> None:
        self._client = client
        self._fields = fields
        self._prefix = prefix
        self._org: _Org | None = None
        self.missing: tuple[str, ...] = ()

    def write(self, drafts: Sequence[ActivityDraft]) -> list[WriteResult]:
        """A result for each draft, in order. Raises ConnectorError with nothing written."""
        org = self._looked_up()
        results: dict[str, WriteResult] = {}
        # Tasks of one account stand together: two batches then lock its row less often.
        rows = sorted(drafts, key=lambda draft: (draft.account_id or "", draft.key))
        for start in range(0, len(rows), BATCH):
            results |= self._write(org, rows[start : start + BATCH])
        return [results[draft.key] for draft in drafts]

    def problems(self) -> list[str]:
        """What an admin must mend; what was mended is used from the next task on.

        Raises ConnectorError when the org could not be asked.
        """
        self._fields.forget("Task")
        found = problems(self._fields, self._prefix)
        self._org = None
        return found

    def _write(self, org: _Org, drafts: Sequence[ActivityDraft]) -> dict[str, WriteResult]:
        results = self._send(org, drafts, lean=True)
        doubled = [draft for draft in drafts if _again(draft, results[draft.key])]
        if doubled:
            results |= self._send(org, doubled, lean=False)
        return {key: _settled(result) for key, result in results.items()}

    def _send(
        self, org: _Org, drafts: Sequence[ActivityDraft], *, lean: bool
    ) -> dict[str, WriteResult]:
        records = [self._record(org, draft, lean=lean) for draft in drafts]
        try:
            answers = self._client.upsert("Task", org.ours[KEY], records)
        except ConnectorError as error:
            if isinstance(error, ConfigError):
                self._org = None
                self._fields.forget("Task")
            return {draft.key: WriteResult(key=draft.key, error=error) for draft in drafts}
        pairs = zip(drafts, answers, strict=True)
        return {draft.key: _result(draft.key, answer) for draft, answer in pairs}

    def _record(self, org: _Org, draft: ActivityDraft, *, lean: bool) -> dict[str, Any]:
        record: dict[str, Any] = {
            "attributes": {"type": "Task"},
            "Subject": _cut(" ".join(draft.subject.split()), 255),
            "Description": _cut(draft.body, 32_000),
            "Status": org.closed_status if draft.completed_at else org.open_status,
            "Priority": "High",
            "ActivityDate": draft.due_at.date().isoformat(),
        }
        if draft.owner_id:
            record["OwnerId"] = draft.owner_id
        if not (lean and draft.remote_id):
            # What a known task is about stays: its lead may be converted, its contact merged.
            record |= _relations(draft)
        for name, value in _ours(draft).items():
            if name in org.ours:
                record[org.ours[name]] = value
        return record

    def _looked_up(self) -> _Org:
        """Our fields and the statuses, read once. Raises ConfigError without the key's field."""
        org = self._org
        if org is not None:
            return org
        known = self._fields.of("Task")
        names = {one.name: api_name(self._prefix, one.name) for one in ACTIVITY_FIELDS}
        described = {name: known.get(field.lower(), {}) for name, field in names.items()}
        there = {name: field for name, field in names.items() if may_write(described[name])}
        if KEY not in there or not described[KEY].get("externalId"):
            self._fields.forget("Task")
            said = f"Task has no writable external id field {names[KEY]}"
            raise ConfigError(said, mend=MEND)
        self.missing = tuple(field for name, field in names.items() if name not in there)
        self._org = org = _Org(there, *self._statuses())
        return org

    def _statuses(self) -> tuple[str, str]:
        try:
            found = self._client.query(
                "SELECT ApiName, IsClosed, IsDefault FROM TaskStatus ORDER BY SortOrder"
            )
        except ConfigError:  # hidden from the integration user: every org starts with these
            return "Not Started", "Completed"
        rows = found["records"]
        opened = [row["ApiName"] for row in rows if not row["IsClosed"]]
        default = [row["ApiName"] for row in rows if row["IsDefault"] and not row["IsClosed"]]
        closed = [row["ApiName"] for row in rows if row["IsClosed"]]
        usual = [name for name in closed if name == "Completed"]
        first = [*default, *opened, "Not Started"][0]
        return str(first), str([*usual, *closed, "Completed"][0])


def _ours(draft: ActivityDraft) -> dict[str, Any]:
    responded = draft.responded_at
    return {
        KEY: draft.key,
        "Fired_At": api_time(draft.fired_at),
        "Responded_At": api_time(responded) if responded else None,
        "Latency_Minutes": draft.latency_minutes,
        "Business_Latency_Minutes": draft.working_latency_minutes,
        "Routed_Role": _cut(draft.role, LENGTHS["Routed_Role"]) or None,
        "Routing_Reason": _cut(draft.reason, LENGTHS["Routing_Reason"]) or None,
        "Response_Source": _cut(draft.response_source, LENGTHS["Response_Source"]) or None,
    }


def _relations(draft: ActivityDraft) -> dict[str, str]:
    """Who and what the task is about; a lead stands alone."""
    if draft.prospect_id and draft.prospect_kind == "lead":
        return {"WhoId": draft.prospect_id}
    about = draft.deal_id or draft.account_id
    pairs = zip(_RELATIONS, (draft.prospect_id, about), strict=True)
    return {name: value for name, value in pairs if value}


def _again(draft: ActivityDraft, result: WriteResult) -> bool:
    """Whether to send a row once more, whole.

    Another writer made the task first (ours now updates it), or the known task was deleted and
    came to be anew without what it is about.
    """
    doubled = isinstance(result.error, _Doubled)
    return doubled or (result.created and draft.remote_id is not None)


class _Doubled(UnclearError):
    """Another writer used the key in the same moment."""


def _result(key: str, answer: dict[str, Any]) -> WriteResult:
    if answer.get("success"):
        return WriteResult(
            key=key, remote_id=str(answer["id"]), created=bool(answer.get("created"))
        )
    errors = [one for one in answer.get("errors") or () if isinstance(one, dict)]
    if any(one.get("statusCode") == "DUPLICATE_VALUE" for one in errors):
        return WriteResult(key=key, error=_Doubled(str(from_row(errors))))
    return WriteResult(key=key, error=from_row(errors))


def _settled(result: WriteResult) -> WriteResult:
    """A key that is taken still, when the writer who took it is long done, is not a task's."""
    if not isinstance(result.error, _Doubled):
        return result
    return WriteResult(key=result.key, error=PermanentError(str(result.error)))


def _cut(text: str, most: int) -> str:
    clean = _CONTROLS.sub(" ", text).strip()
    return clean if len(clean) <= most else clean[: most - 1].rstrip() + "…"
