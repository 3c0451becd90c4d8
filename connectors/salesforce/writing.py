"""Writes the task of each alert, by its own key, so that writing twice is one task.

What a task is about may have been merged, converted or deleted since the alert fired, and its rep
may have left: such a row is sent again, about what goes on and to whom is there. A task that is
written with less is worth more than a latency that is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors.base import ActivityDraft, FoundActivity, WriteResult
from connectors.easing import next_owner, noted
from connectors.errors import ConfigError, ConnectorError, PermanentError
from connectors.salesforce.activity_fields import (
    ACTIVITY_FIELDS,
    KEY,
    MEND,
    api_name,
    may_write,
    problems,
)
from connectors.salesforce.client import Client
from connectors.salesforce.errors import DoubledError, MovedError, OwnerError, from_row
from connectors.salesforce.fields import Fields
from connectors.salesforce.parents import as_they_stand
from connectors.salesforce.tasks import TaskOrg, record
from connectors.salesforce.values import soql_text

BATCH = 200
_MOST_ROUNDS = 12
_GONE = "What this was about is gone from Salesforce."
_LEFT = "The rep that this was for may own no tasks (any more)."
Results = dict[str, WriteResult]


@dataclass(frozen=True, slots=True)
class _Trial:
    """A draft, the form in which it is tried now, and how much has been left out of it so far."""

    draft: ActivityDraft
    now: ActivityDraft
    left_out: int = 0


class Writing:
    """Upserts tasks through collections of 200, with a result for each row."""

    def __init__(self, client: Client, fields: Fields, prefix: str) -> None:
        self._client = client
        self._fields = fields
        self._prefix = prefix
        self._org: TaskOrg | None = None
        self.missing: tuple[str, ...] = ()

    def write(self, drafts: Sequence[ActivityDraft]) -> list[WriteResult]:
        """A result for each draft, in order. Raises ConnectorError with nothing written."""
        org = self._looked_up()
        results: Results = {}
        # Tasks of one account stand together: two batches then lock its row less often.
        rows = sorted(drafts, key=lambda draft: (draft.account_id or "", draft.key))
        for start in range(0, len(rows), BATCH):
            results |= self._write(org, rows[start : start + BATCH])
        return [results[draft.key] for draft in drafts]

    def find(self, draft: ActivityDraft) -> FoundActivity | None:
        """The draft's task as it stands, by its id or else by its key. Raises ConnectorError."""
        name = "Id" if draft.remote_id else self._looked_up().ours[KEY]
        value = soql_text(draft.remote_id or draft.key)
        columns = "Id, Subject, IsClosed, WhoId, WhatId"
        asked = f"SELECT {columns} FROM Task WHERE {name} = {value} LIMIT 1"  # noqa: S608
        rows = self._client.query(asked)["records"]
        if not rows:
            return None
        row = rows[0]
        about = frozenset(str(row[one]) for one in ("WhoId", "WhatId") if row.get(one))
        return FoundActivity(
            remote_id=str(row["Id"]),
            subject=str(row["Subject"] or ""),
            done=bool(row["IsClosed"]),
            about=about,
        )

    def remove(self, remote_id: str) -> None:
        """Put a task into the recycle bin. Raises ConnectorError."""
        answer = self._client.delete([remote_id])[0]
        if answer.get("success"):
            return
        errors = [one for one in answer.get("errors") or () if isinstance(one, dict)]
        error = from_row(errors)
        if not isinstance(error, MovedError):
            raise error

    def problems(self) -> list[str]:
        """What an admin must mend; what was mended is used from the next task on.

        Raises ConnectorError when the org could not be asked.
        """
        self._fields.forget("Task")
        found = problems(self._fields, self._prefix)
        self._org = None
        return found

    def _write(self, org: TaskOrg, drafts: Sequence[ActivityDraft]) -> Results:
        results = self._send(org, drafts, lean=True)
        doubled = [draft for draft in drafts if _again(draft, results[draft.key])]
        if doubled:
            results |= self._send(org, doubled, lean=False)
        trials = [_Trial(draft, draft) for draft in drafts]
        for _ in range(_MOST_ROUNDS):
            trials = [one for one in trials if _curable(results[one.draft.key].error)]
            if not trials:
                break
            trials = self._eased(trials, results)
            results |= self._send(org, [one.now for one in trials], lean=False)
        return {key: _settled(result) for key, result in results.items()}

    def _eased(self, trials: Sequence[_Trial], results: Results) -> list[_Trial]:
        """Those that can be tried otherwise; the others keep the error that they have."""
        moved = [one for one in trials if _error(results, one, MovedError) and not one.left_out]
        try:
            current = as_they_stand(self._client, [one.now for one in moved])
        except ConnectorError as error:
            results |= {one.draft.key: WriteResult(key=one.draft.key, error=error) for one in moved}
            current = []
            trials = [one for one in trials if one not in moved]
        heirs = {draft.key: draft for draft in current}
        eased = []
        for one in trials:
            key = one.draft.key
            if _error(results, one, OwnerError):
                found = _next_owner(one)
            elif key in heirs:
                found = _about_heirs(heirs[key])
            else:
                found = _about_less(one)
            eased += [found] if found else []
        return eased

    def _send(self, org: TaskOrg, drafts: Sequence[ActivityDraft], *, lean: bool) -> Results:
        """One collection. One that is refused as a whole is halved until the row is found."""
        if not drafts:
            return {}
        records = [record(org, draft, lean=lean) for draft in drafts]
        try:
            answers = self._client.upsert("Task", org.ours[KEY], records)
        except ConnectorError as error:
            lasting = isinstance(error, PermanentError) and not isinstance(error, ConfigError)
            if lasting and len(drafts) > 1:
                middle = len(drafts) // 2
                halves = drafts[:middle], drafts[middle:]
                return self._send(org, halves[0], lean=lean) | self._send(org, halves[1], lean=lean)
            results = {draft.key: WriteResult(key=draft.key, error=error) for draft in drafts}
        else:
            pairs = zip(drafts, answers, strict=True)
            results = {draft.key: _result(draft.key, answer) for draft, answer in pairs}
        if any(isinstance(one.error, ConfigError) for one in results.values()):
            self._org = None
            self._fields.forget("Task")
        return results

    def _looked_up(self) -> TaskOrg:
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
        self._org = org = TaskOrg(there, *self._statuses())
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


def _again(draft: ActivityDraft, result: WriteResult) -> bool:
    """Whether to send a row once more, whole.

    Another writer made the task first (ours now updates it), or the known task was deleted and
    came to be anew without what it is about.
    """
    doubled = isinstance(result.error, DoubledError)
    return doubled or (result.created and draft.remote_id is not None)


def _curable(error: ConnectorError | None) -> bool:
    return isinstance(error, MovedError | OwnerError)


def _error(results: Results, trial: _Trial, kind: type[ConnectorError]) -> bool:
    return isinstance(results[trial.draft.key].error, kind)


def _next_owner(trial: _Trial) -> _Trial | None:
    """The same for whoever comes next; at last for nobody, which makes it ours."""
    now = next_owner(trial.now, _LEFT)
    return replace(trial, now=now) if now else None


def _about_heirs(heirs: ActivityDraft) -> _Trial:
    """The same about what goes on for the records that it was about."""
    lost = not (heirs.prospect_id or heirs.account_id or heirs.deal_id)
    body = noted(heirs.body, _GONE) if lost else heirs.body
    return _Trial(heirs, replace(heirs, body=body), left_out=1)


def _about_less(trial: _Trial) -> _Trial | None:
    """The same about the prospect alone, then the account or deal alone, then nothing."""
    whole, now = trial.draft, trial.now
    bare: dict[str, Any] = {"account_id": None, "deal_id": None}
    match trial.left_out:
        case 1:
            eased = replace(now, **bare)
        case 2:
            about: dict[str, Any] = {"account_id": whole.account_id, "deal_id": whole.deal_id}
            eased = replace(now, prospect_id=None, **about)
        case 3:
            eased = replace(now, prospect_id=None, body=noted(now.body, _GONE), **bare)
        case _:
            return None
    return replace(trial, now=eased, left_out=trial.left_out + 1)


def _result(key: str, answer: dict[str, Any]) -> WriteResult:
    if answer.get("success"):
        return WriteResult(
            key=key, remote_id=str(answer["id"]), created=bool(answer.get("created"))
        )
    errors = [one for one in answer.get("errors") or () if isinstance(one, dict)]
    return WriteResult(key=key, error=from_row(errors))


def _settled(result: WriteResult) -> WriteResult:
    """A key that is taken still, when the writer who took it is long done, is not a task's."""
    if not isinstance(result.error, DoubledError):
        return result
    return WriteResult(key=result.key, error=PermanentError(str(result.error)))
