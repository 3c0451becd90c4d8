"""Writes one task a draft, never two.

A new task is created with its associations in one call, and a known one updated by its id. A draft
that may have been written is an upsert by our key where HubSpot keeps that unique, and so is one
that turns out to be there already. Elsewhere it is looked for before it is created.

What a task is about may have been merged or deleted since the alert fired, and its rep may have
left: such a row is sent again, about what goes on and to whom is there.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import Any

from connectors.base import ActivityDraft, FoundActivity, WriteResult
from connectors.easing import next_owner, noted
from connectors.errors import ConfigError, ConnectorError, PermanentError, TemporaryError
from connectors.hubspot.client import Client
from connectors.hubspot.errors import ConflictError, GoneError, OwnerError
from connectors.hubspot.evidence import KEY
from connectors.hubspot.lookup import look_up
from connectors.hubspot.notes import Notes
from connectors.hubspot.parents import as_they_stand
from connectors.hubspot.properties import TaskShape, ensure_properties
from connectors.hubspot.reading import Reader
from connectors.hubspot.sending import Drafts, Results, fail, send
from connectors.hubspot.settings import HubspotSettings
from connectors.hubspot.tasks import STATUS, SUBJECT, associations, links, parents, properties
from connectors.hubspot.values import text

BATCH = 100
_MOST_ROUNDS = 12
_GONE = "What this was about is gone from HubSpot."
_LEFT = "The rep that this was for is no longer in HubSpot."


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

    def find(self, draft: ActivityDraft) -> FoundActivity | None:
        """The draft's task as it stands, by its id or else by its key. Raises ConnectorError."""
        task_id = draft.remote_id
        if task_id is None:
            task_id = look_up(self._reader, [draft], self.shape()).get(draft.key)
        rows = self._reader.by_key("tasks", [SUBJECT, STATUS], [task_id]) if task_id else []
        if not rows:
            return None
        about = {
            link.id
            for kind in parents(draft)
            for found in self._reader.associated("tasks", [str(rows[0]["id"])], kind).values()
            for link in found
        }
        return FoundActivity(
            remote_id=str(rows[0]["id"]),
            subject=text(rows[0], SUBJECT),
            done=text(rows[0], STATUS) == "COMPLETED",
            about=frozenset(about),
        )

    def remove(self, remote_id: str) -> None:
        """Put a task into the recycling bin. Raises ConnectorError."""
        api = self._client.writing.crm.objects.basic_api
        with contextlib.suppress(GoneError):
            self._client.put("removing a task", api.archive, "tasks", remote_id)

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
        waiting = list(drafts)
        for _ in range(_MOST_ROUNDS):
            self._once(waiting, shape, results)
            waiting = self._eased(waiting, results)
            if not waiting:
                return

    def _once(self, drafts: Drafts, shape: TaskShape, results: Results) -> None:
        """Update what is known by its id; it may be older than the key. Then the others."""
        ids = {draft.key: draft.remote_id for draft in drafts if draft.remote_id}
        lost = [draft for draft in drafts if draft.maybe_written and draft.key not in ids]
        new = [draft for draft in drafts if not (draft.key in ids or draft.maybe_written)]
        if not shape.unique:
            try:
                ids |= look_up(self._reader, lost, shape)
            except ConnectorError as error:
                fail(lost, _curable(error), results)
            new += [one for one in lost if one.key not in ids and _error(results, one) is None]
        known = [draft for draft in drafts if draft.key in ids]
        self._update(known, ids, shape, results)
        gone = [one for one in known if isinstance(_error(results, one), GoneError)]
        self._create([*new, *gone], shape, results)
        if shape.unique:
            made = [*new, *gone]
            taken = [one for one in made if isinstance(_error(results, one), ConflictError)]
            self._upsert([*lost, *taken], shape, results)

    def _upsert(self, drafts: Drafts, shape: TaskShape, results: Results) -> None:
        def row(draft: ActivityDraft) -> dict[str, Any]:
            return {"id": draft.key, "idProperty": KEY, "properties": properties(draft, shape)}

        api = self._client.writing.crm.objects.batch_api

        def call(inputs: list[dict[str, Any]]) -> dict[str, Any]:
            return self._client.put("writing tasks", api.upsert, "tasks", {"inputs": inputs})

        send(drafts, row, call, results, created=False)
        written = [one for one in drafts if _error(results, one) is None]
        # An upsert takes no associations, and of a first try nobody knows how far it came.
        self._link(
            [one for one in written if results[one.key].created or not one.remote_id], results
        )

    def _link(self, drafts: Drafts, results: Results) -> None:
        """Associate tasks with what they are about; twice is harmless."""
        try:
            current = as_they_stand(self._reader, drafts) if drafts else []
            for kind, inputs in links(current, results).items():
                api = self._client.writing.crm.associations.v4.batch_api
                what, body = f"linking tasks with {kind}", {"inputs": inputs}
                self._client.put(what, api.create, "tasks", kind, body)
        except TemporaryError as error:
            fail(drafts, error, results)
        except PermanentError as error:
            self._notes.say("tasks:link", f"some tasks hang on no record: {error}")

    def _update(
        self, drafts: Drafts, ids: dict[str, str], shape: TaskShape, results: Results
    ) -> None:
        def row(draft: ActivityDraft) -> dict[str, Any]:
            return {"id": ids[draft.key], "properties": properties(draft, shape)}

        api = self._client.writing.crm.objects.batch_api

        def call(inputs: list[dict[str, Any]]) -> dict[str, Any]:
            return self._client.put("updating tasks", api.update, "tasks", {"inputs": inputs})

        send(drafts, row, call, results, created=False)

    def _create(self, drafts: Drafts, shape: TaskShape, results: Results) -> None:
        def row(draft: ActivityDraft) -> dict[str, Any]:
            return {
                "properties": properties(draft, shape),
                "associations": associations(draft),
            }

        api = self._client.writing.crm.objects.batch_api

        def call(inputs: list[dict[str, Any]]) -> dict[str, Any]:
            return self._client.put("creating tasks", api.create, "tasks", {"inputs": inputs})

        send(drafts, row, call, results, created=True)

    def _eased(self, drafts: Drafts, results: Results) -> list[ActivityDraft]:
        """Those that can be tried otherwise, in that form; the others keep their error."""
        gone = [one for one in drafts if isinstance(_error(results, one), GoneError)]
        eased = [
            next_owner(one, _LEFT) for one in drafts if isinstance(_error(results, one), OwnerError)
        ]
        try:
            current = as_they_stand(self._reader, gone) if gone else []
        except ConnectorError as error:
            fail(gone, _curable(error), results)
        else:
            pairs = zip(gone, current, strict=True)
            eased += [one if one != was else _bare(was) for was, one in pairs]
        return [one for one in eased if one is not None]


def _bare(draft: ActivityDraft) -> ActivityDraft | None:
    """About nothing, when what it is about is refused although it is there."""
    if not (draft.prospect_id or draft.account_id or draft.deal_id):
        return None
    body = noted(draft.body, _GONE)
    return replace(draft, prospect_id=None, account_id=None, deal_id=None, body=body)


def _curable(error: ConnectorError) -> ConnectorError:
    """A look-up that is refused says nothing about the task: it is not given up for that."""
    if not isinstance(error, PermanentError) or isinstance(error, ConfigError):
        return error
    return ConfigError(str(error), mend=f"See that tasks still have the property {KEY}.")


def _error(results: Results, draft: ActivityDraft) -> ConnectorError | None:
    result = results.get(draft.key)
    return result.error if result else None
