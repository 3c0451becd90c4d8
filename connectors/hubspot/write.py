"""Writes one task a draft, never two.

A task is created with its associations in one call. Where HubSpot keeps our key unique, a second
create is refused and the first one's task is brought up to date. Elsewhere a draft that may have
been written is looked for first: among the tasks of its contact, company or deal, which are
there at once, and then by search, whose index lags.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from connectors.base import ActivityDraft, WriteResult
from connectors.errors import ConfigError, ConnectorError, PermanentError, UnclearError
from connectors.hubspot.client import Client
from connectors.hubspot.errors import GoneError, row_refusal
from connectors.hubspot.evidence import KEY
from connectors.hubspot.notes import Notes
from connectors.hubspot.properties import TaskShape, ensure_properties
from connectors.hubspot.reading import Reader, Rows, where
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.tasks import SUBJECT, associations, is_of, parents, properties, token

BATCH = 100
_TRACE = "objectWriteTraceId"
_PARENTS = ("contacts", "companies", "deals")
Drafts = Sequence[ActivityDraft]
Results = dict[str, WriteResult]
Call = Callable[[list[dict[str, Any]]], dict[str, Any]]


class Tasks:
    """The tasks of one account. Serves several threads."""

    def __init__(self, client: Client, settings: HubspotSettings, notes: Notes) -> None:
        self._client = client
        self._settings = settings
        self._notes = notes
        self._reader = Reader(client)
        self._shape: TaskShape | None = None
        self._lock = threading.Lock()

    def write(self, drafts: Drafts) -> list[WriteResult]:
        """A result for each draft, in order. Raises ConnectorError with nothing written."""
        shape = self.shape()
        results: Results = {}
        for start in range(0, len(drafts), BATCH):
            self._write(drafts[start : start + BATCH], shape, results)
        if any(isinstance(one.error, ConfigError) for one in results.values()):
            self.forget()
        return [results[draft.key] for draft in drafts]

    def shape(self) -> TaskShape:
        """Which of our properties tasks have; looked up, and completed, on first use."""
        with self._lock:
            if self._shape is None:
                create = self._settings.create_properties
                self._shape = ensure_properties(self._client, create=create)
                self._tell(self._shape)
            return self._shape

    def forget(self) -> None:
        """Look again which properties there are."""
        with self._lock:
            self._shape = None

    def problems(self) -> list[str]:
        """What tasks lack and an admin can mend; looked at anew while something is missing."""
        with self._lock:
            if self._shape is not None and self._shape.missing:
                self._shape = None
        shape = self.shape()
        if not shape.mend:
            return []
        said = shape.why or "HubSpot's tasks have no such properties"
        return [f"Tasks are written without {', '.join(shape.missing)}: {said}. {shape.mend}"]

    def _tell(self, shape: TaskShape) -> None:
        if not shape.missing:
            self._notes.drop("tasks:write")
            return
        why = f" ({shape.why})" if shape.why else ""
        named = ", ".join(shape.missing)
        self._notes.say("tasks:write", f"tasks are written without {named}{why}")

    def _write(self, drafts: Drafts, shape: TaskShape, results: Results) -> None:
        ids = {draft.key: draft.remote_id for draft in drafts if draft.remote_id}
        lost = [draft for draft in drafts if draft.maybe_written and draft.key not in ids]
        try:
            ids |= self._look_up(lost, shape)
        except ConnectorError as error:
            _fail(lost, _curable(error), results)
        waiting = [draft for draft in drafts if draft.key not in results]
        self._update([draft for draft in waiting if draft.key in ids], ids, shape, results)
        gone = [one for one in waiting if isinstance(_error(results, one), GoneError)]
        new = [draft for draft in waiting if draft.key not in ids]
        self._create([*new, *gone], shape, results)

    def _update(
        self, drafts: Drafts, ids: dict[str, str], shape: TaskShape, results: Results
    ) -> None:
        def row(draft: ActivityDraft) -> dict[str, Any]:
            return {"id": ids[draft.key], "properties": properties(draft, shape)}

        api = self._client.writing.crm.objects.batch_api

        def call(inputs: list[dict[str, Any]]) -> dict[str, Any]:
            return self._client.put("updating tasks", api.update, "tasks", {"inputs": inputs})

        _send(drafts, row, call, results, created=False)

    def _create(self, drafts: Drafts, shape: TaskShape, results: Results) -> None:
        def row(draft: ActivityDraft) -> dict[str, Any]:
            return {
                "properties": properties(draft, shape),
                "associations": associations(draft),
            }

        api = self._client.writing.crm.objects.batch_api

        def call(inputs: list[dict[str, Any]]) -> dict[str, Any]:
            return self._client.put("creating tasks", api.create, "tasks", {"inputs": inputs})

        _send(drafts, row, call, results, created=True)
        refused = [one for one in drafts if _was_refused(_error(results, one))]
        if shape.unique and refused:
            self._adopt(refused, shape, results)

    def _adopt(self, refused: Drafts, shape: TaskShape, results: Results) -> None:
        """Bring up to date what an earlier try of ours created after all."""
        try:
            ids = self._look_up(refused, shape)
        except ConnectorError as error:
            _fail(refused, _curable(error), results)
            return
        self._update([draft for draft in refused if draft.key in ids], ids, shape, results)

    def _look_up(self, drafts: Drafts, shape: TaskShape) -> dict[str, str]:
        """Keys of the drafts that have a task, and its id."""
        if not drafts:
            return {}
        if shape.unique:
            rows = self._reader.by_key("tasks", [KEY], [draft.key for draft in drafts], KEY)
            return _matching(drafts, rows, shape)
        found: dict[str, str] = {}
        for kind in _PARENTS:
            mine = [one for one in drafts if next(iter(parents(one)), "") == kind]
            found |= self._among_tasks_of(kind, mine, shape) if mine else {}
        rest = [draft for draft in drafts if draft.key not in found]
        return found | self._by_search(rest, shape)

    def _among_tasks_of(self, kind: str, drafts: Drafts, shape: TaskShape) -> dict[str, str]:
        links = self._reader.associated(kind, [parents(one)[kind] for one in drafts], "tasks")
        ids = sorted({link.id for found in links.values() for link in found})
        return _matching(drafts, self._reader.by_key("tasks", [KEY, SUBJECT], ids), shape)

    def _by_search(self, drafts: Drafts, shape: TaskShape) -> dict[str, str]:
        found: dict[str, str] = {}
        for draft in drafts:
            wanted = (
                where(KEY, "EQ", draft.key)
                if KEY in shape.names
                else where(SUBJECT, "CONTAINS_TOKEN", token(draft.key))
            )
            stamps = [KEY, SUBJECT, "hs_lastmodifieddate"]
            for rows in self._reader.found_by("tasks", stamps, [wanted]):
                found |= _matching([draft], rows, shape)
        return found


def _matching(drafts: Drafts, rows: Rows, shape: TaskShape) -> dict[str, str]:
    return {
        draft.key: str(row["id"]) for row in rows for draft in drafts if is_of(draft, row, shape)
    }


def _was_refused(error: ConnectorError | None) -> bool:
    return isinstance(error, PermanentError) and not isinstance(error, ConfigError)


def _curable(error: ConnectorError) -> ConnectorError:
    """A look-up that is refused says nothing about the task: it is not given up for that."""
    if not _was_refused(error):
        return error
    return ConfigError(str(error), mend=f"See that tasks still have the property {KEY}.")


def _error(results: Results, draft: ActivityDraft) -> ConnectorError | None:
    result = results.get(draft.key)
    return result.error if result else None


def _fail(drafts: Drafts, error: ConnectorError, results: Results) -> None:
    results.update({one.key: WriteResult(key=one.key, error=error) for one in drafts})


def _send(
    drafts: Drafts,
    row: Callable[[ActivityDraft], dict[str, Any]],
    call: Call,
    results: Results,
    *,
    created: bool,
) -> None:
    """Send one batch and note what became of each row.

    The trace ids make HubSpot judge each row by itself. Where it refuses the whole batch all the
    same nothing was written, and each row is tried alone.
    """
    if not drafts:
        return
    traced = {f"hlr-{number}": draft for number, draft in enumerate(drafts)}
    try:
        answer = call([{**row(draft), _TRACE: trace} for trace, draft in traced.items()])
    except PermanentError as error:
        if len(drafts) == 1 or isinstance(error, ConfigError):
            _fail(drafts, error, results)
            return
        for draft in drafts:
            _send([draft], row, call, results, created=created)
        return
    except ConnectorError as error:
        _fail(drafts, error, results)
        return
    _fail(drafts, UnclearError("HubSpot said nothing about this task"), results)
    _note(answer, traced, results, created=created)


def _note(
    answer: dict[str, Any], traced: dict[str, ActivityDraft], results: Results, *, created: bool
) -> None:
    for one in answer.get("results") or []:
        draft = traced.get(str(one.get(_TRACE)))
        if draft is not None:
            results[draft.key] = WriteResult(
                key=draft.key, remote_id=str(one["id"]), created=created
            )
    for one in answer.get("errors") or []:
        for trace in (one.get("context") or {}).get(_TRACE) or []:
            draft = traced.get(str(trace))
            if draft is not None:
                refused = row_refusal("writing a task", one)
                results[draft.key] = WriteResult(key=draft.key, error=refused)
