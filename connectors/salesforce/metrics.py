"""Writes the medians into our own object, one row for a rep (or the team) and a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from connectors.base import Metric, WriteResult
from connectors.errors import ConnectorError
from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingObjectError, from_row
from connectors.salesforce.fields import Fields

BATCH = 200
KEY = "Key__c"


class Metrics:
    """The object for medians of one org, where it has one."""

    def __init__(self, client: Client, fields: Fields, prefix: str) -> None:
        self._client = client
        self._fields = fields
        self.sobject = f"{prefix}Metric__c"

    def there(self) -> bool:
        """Whether the org has the object and lets us write it. Raises ConnectorError."""
        self._fields.forget(self.sobject)
        try:
            known = self._fields.of(self.sobject)
        except MissingObjectError:
            return False
        return self._fields.may_write(self.sobject) and KEY.lower() in known

    def write(self, metrics: Sequence[Metric]) -> list[WriteResult]:
        """A result for each, in order. Raises ConnectorError with nothing written."""
        known = self._fields.of(self.sobject)
        results: list[WriteResult] = []
        for start in range(0, len(metrics), BATCH):
            results += self._batch(metrics[start : start + BATCH], set(known))
        return results

    def _batch(self, metrics: Sequence[Metric], known: set[str]) -> list[WriteResult]:
        records = [self.record(one, known) for one in metrics]
        try:
            answers = self._client.upsert(self.sobject, KEY, records)
        except ConnectorError as error:
            return [WriteResult(key=one.key, error=error) for one in metrics]
        return [_result(one, answer) for one, answer in zip(metrics, answers, strict=True)]

    def record(self, metric: Metric, known: set[str]) -> dict[str, Any]:
        """The row of a metric, of those fields (in lower case) that the org has."""
        values = {
            KEY: metric.key,
            "Day__c": metric.day.isoformat(),
            "Rep__c": metric.rep_id,
            "Rep_Name__c": metric.rep[:121],
            "Whole_Team__c": metric.whole_team,
            "Fired__c": metric.fired,
            "Answered__c": metric.answered,
            "Median_Minutes__c": metric.median_minutes,
            "Median_Working_Minutes__c": metric.median_working_minutes,
        }
        shown = {name: value for name, value in values.items() if name.lower() in known}
        return {"attributes": {"type": self.sobject}, **shown}


def _result(metric: Metric, answer: dict[str, Any]) -> WriteResult:
    if not answer.get("success"):
        return WriteResult(key=metric.key, error=from_row(answer.get("errors") or []))
    made = bool(answer.get("created"))
    return WriteResult(key=metric.key, remote_id=str(answer["id"]), created=made)
