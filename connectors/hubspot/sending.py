"""Sends one batch of tasks and notes what became of each row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from connectors.base import ActivityDraft, WriteResult
from connectors.errors import ConfigError, ConnectorError, PermanentError, UnclearError
from connectors.hubspot.errors import row_refusal

TRACE = "objectWriteTraceId"
Drafts = Sequence[ActivityDraft]
Results = dict[str, WriteResult]
Row = Callable[[ActivityDraft], dict[str, Any]]
Call = Callable[[list[dict[str, Any]]], dict[str, Any]]


def send(drafts: Drafts, row: Row, call: Call, results: Results, *, created: bool) -> None:
    """Send one batch; ``created`` where the answer does not say whether a row is new.

    The trace ids make HubSpot judge each row by itself. Where it refuses the whole batch all the
    same nothing was written, and each row is tried alone.
    """
    if not drafts:
        return
    traced = {f"hlr-{number}": draft for number, draft in enumerate(drafts)}
    try:
        answer = call([{**row(draft), TRACE: trace} for trace, draft in traced.items()])
    except PermanentError as error:
        if len(drafts) == 1 or isinstance(error, ConfigError):
            fail(drafts, error, results)
            return
        for draft in drafts:
            send([draft], row, call, results, created=created)
        return
    except ConnectorError as error:
        fail(drafts, error, results)
        return
    fail(drafts, UnclearError("HubSpot said nothing about this task"), results)
    _note(answer, traced, results, created=created)


def fail(drafts: Drafts, error: ConnectorError, results: Results) -> None:
    """One error for all of them."""
    results.update({one.key: WriteResult(key=one.key, error=error) for one in drafts})


def _note(
    answer: dict[str, Any], traced: dict[str, ActivityDraft], results: Results, *, created: bool
) -> None:
    for one in answer.get("results") or []:
        draft = traced.get(str(one.get(TRACE)))
        if draft is not None:
            new = bool(one.get("new", created))
            results[draft.key] = WriteResult(key=draft.key, remote_id=str(one["id"]), created=new)
    for one in answer.get("errors") or []:
        for trace in (one.get("context") or {}).get(TRACE) or []:
            draft = traced.get(str(trace))
            if draft is not None:
                refused = row_refusal("writing a task", one)
                results[draft.key] = WriteResult(key=draft.key, error=refused)
