"""Bulk API 2.0 query jobs: made, looked at until they are complete, read in pieces, deleted."""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass, field
from typing import Any

from connectors.sandbox.salesforce.call import Call, Reply
from connectors.sandbox.salesforce.errors import Refusal, not_found
from connectors.sandbox.salesforce.ids import make_id
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.soql.aggregates import aggregates
from connectors.sandbox.salesforce.soql.grammar import parse
from connectors.sandbox.salesforce.soql.paths import object_of, path
from connectors.sandbox.salesforce.soql.run import answer
from connectors.sandbox.salesforce.soql.tree import Name, Query
from connectors.sandbox.salesforce.table import Row

_DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
_ENDED = ("JobComplete", "Aborted", "Failed")
_MOST = 50_000
DAILY_JOBS = 10_000


@dataclass(slots=True)
class Job:
    """One job. ``rows`` are the records as they were when it ran."""

    info: dict[str, Any]
    query: Query
    looks: int
    rows: list[Row] = field(default_factory=list)


class Jobs:
    """The query jobs of one org. Ingest jobs are not offered."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count(1)
        self.left = DAILY_JOBS
        """Jobs that may still be made today."""

    def jobs(self, call: Call) -> Reply:
        """Answer everything under ``jobs``. Raises Refusal."""
        if "bulk" not in self._org.features:
            raise Refusal(403, "API_DISABLED_FOR_ORG", "API is not enabled for this Organization")
        match call.parts[1:]:
            case ("query",):
                call.need("GET", "POST")
                return self._list() if call.method == "GET" else self._create(call)
            case ("query", job_id):
                return self._one(call, self._job(job_id))
            case ("query", job_id, "results"):
                call.need("GET")
                return self._results(call, self._job(job_id))
            case _:
                raise not_found()

    def _list(self) -> Reply:
        records = [one.info for one in self._jobs.values()]
        return Reply(body={"done": True, "records": records, "nextRecordsUrl": None})

    def _create(self, call: Call) -> Reply:
        given = call.given()
        operation = given.get("operation")
        if operation not in ("query", "queryAll"):
            raise Refusal(400, "INVALIDJOB", f"Unsupported operation: {operation}")
        delimiter = given.get("columnDelimiter") or "COMMA"
        ending = given.get("lineEnding") or "LF"
        if delimiter not in _DELIMITERS or ending not in ("LF", "CRLF"):
            raise Refusal(400, "INVALIDJOB", "Unsupported column delimiter or line ending")
        if (given.get("contentType") or "CSV") != "CSV":
            raise Refusal(400, "INVALIDJOB", "Unsupported content type")
        query = parse(str(given.get("query") or ""))
        sobject = object_of(self._org, query.text, query.sobject)
        self._supported(query, sobject.name, bulk=sobject.bulk)
        for one in query.items:
            path(self._org, query.text, sobject, one)  # type: ignore[arg-type]
        if self.left <= 0:
            message = f"Max query jobs of a day reached: {DAILY_JOBS}"
            raise Refusal(400, "LIMIT_EXCEEDED", message)
        self.left -= 1
        job_id = make_id("750", next(self._numbers))
        now = self._org.stamp()
        info = {
            "id": job_id,
            "operation": operation,
            "object": sobject.name,
            "createdById": self._org.user_id,
            "createdDate": now,
            "systemModstamp": now,
            "state": "UploadComplete",
            "concurrencyMode": "Parallel",
            "contentType": "CSV",
            "apiVersion": float(call.base.rpartition("v")[2]),
            "lineEnding": ending,
            "columnDelimiter": delimiter,
        }
        self._jobs[job_id] = Job(info, query, self._org.bulk_polls)
        return Reply(body=dict(info))

    def _supported(self, query: Query, name: str, *, bulk: bool) -> None:
        if not bulk:
            message = f"Entity '{name}' is not supported by the Bulk API."
            raise Refusal(400, "INVALIDENTITY", message)
        plain = all(isinstance(one, Name) for one in query.items)
        if not plain or aggregates(query) or query.offset:
            message = "Aggregate Relationships not supported in Bulk V2 Query with CSV content type"
            raise Refusal(400, "FEATURENOTENABLED", message)

    def _job(self, job_id: str) -> Job:
        found = self._jobs.get(job_id)
        if found is None:
            raise not_found()
        return found

    def _one(self, call: Call, job: Job) -> Reply:
        call.need("GET", "PATCH", "DELETE")
        state = job.info["state"]
        if call.method == "GET":
            self._go_on(job)
            return Reply(body=dict(job.info))
        if call.method == "DELETE":
            if state not in _ENDED:
                message = f"Job must be aborted or complete to be deleted, it is {state}"
                raise Refusal(400, "INVALIDJOBSTATE", message)
            del self._jobs[job.info["id"]]
            return Reply(204)
        if call.given().get("state") != "Aborted" or state in _ENDED:
            message = f"Transition from {state} to {call.given().get('state')} is not allowed"
            raise Refusal(400, "INVALIDJOBSTATE", message)
        job.info["state"] = "Aborted"
        return Reply(body=dict(job.info))

    def _go_on(self, job: Job) -> None:
        """A look at the job finds it further on than the last one."""
        if job.info["state"] in _ENDED:
            return
        job.looks -= 1
        if job.looks >= 0:
            job.info |= {"state": "InProgress", "numberRecordsProcessed": 0, "retries": 0}
            return
        deleted = job.info["operation"] == "queryAll"
        found = answer(self._org, job.query, deleted=deleted)
        rows = self._org.tables[found.sobject.name.lower()].rows
        job.rows = [rows[one] for one in found.ids]
        job.info |= {
            "state": "JobComplete",
            "numberRecordsProcessed": len(job.rows),
            "retries": 0,
            "totalProcessingTime": 1000,
            "isPkChunkingSupported": not job.query.order,
        }

    def _results(self, call: Call, job: Job) -> Reply:
        if job.info["state"] != "JobComplete":
            message = f"Results are not available while the job is {job.info['state']}"
            raise Refusal(400, "INVALIDJOBSTATE", message)
        most = call.query.get("maxRecords", str(_MOST))
        place = call.query.get("locator", "0")
        if not most.isdigit() or not place.isdigit() or int(place) > len(job.rows):
            raise Refusal(400, "INVALIDQUERYLOCATOR", "invalid query locator or maxRecords")
        start, stop = int(place), int(place) + max(1, int(most))
        rows = job.rows[start:stop]
        left = stop < len(job.rows)
        headers = {
            "sforce-locator": str(stop) if left else "null",
            "sforce-numberofrecords": str(len(rows)),
        }
        return Reply(headers=headers, csv=self._csv(job, rows))

    def _csv(self, job: Job, rows: list[Row]) -> str:
        query, org = job.query, self._org
        sobject = object_of(org, query.text, query.sobject)
        fields = [path(org, query.text, sobject, one) for one in query.items]  # type: ignore[arg-type]
        ending = {"LF": "\n", "CRLF": "\r\n"}[job.info["lineEnding"]]
        out = io.StringIO()
        writer = csv.writer(
            out,
            delimiter=_DELIMITERS[job.info["columnDelimiter"]],
            lineterminator=ending,
            quoting=csv.QUOTE_ALL,
        )
        names = [
            ".".join([*(one.relationship or "" for one in found.steps), found.column.name])
            for found in fields
        ]
        writer.writerow(names)
        for row in rows:
            writer.writerow([_text(found.read(row)) for found in fields])
        return out.getvalue()


def _text(value: Any) -> str:
    """A value in a CSV: empty for none, ``…Z`` for a moment."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text.replace("+0000", "Z") if text.endswith(".000+0000") else text
