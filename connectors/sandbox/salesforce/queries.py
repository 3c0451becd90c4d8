"""``query``, ``queryAll`` and the locators behind ``nextRecordsUrl``."""

from __future__ import annotations

import itertools
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from connectors.sandbox.salesforce.call import Call, Reply
from connectors.sandbox.salesforce.errors import Refusal
from connectors.sandbox.salesforce.ids import make_id
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.soql.run import Answer, run, show

_CURSORS = 10
_BATCH = re.compile(r"batchSize=(\d+)")


@dataclass(slots=True)
class _Cursor:
    answer: Answer
    batch: int
    deleted: bool


class Queries:
    """Runs queries and keeps the last few open; older ones are forgotten, as the vendor does."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._cursors: OrderedDict[str, _Cursor] = OrderedDict()
        self._numbers = itertools.count(1)

    def query(self, call: Call) -> Reply:
        """Answer ``query?q=…``, ``queryAll?q=…`` and ``query/<locator>``."""
        call.need("GET")
        deleted = call.parts[0].lower() == "queryall"
        if len(call.parts) > 1 and call.parts[1]:
            return self._more(call)
        if "q" not in call.query:
            message = "A query string has to be specified"
            raise Refusal(400, "MALFORMED_QUERY", message)
        answer = run(self._org, call.query["q"], deleted=deleted)
        if answer.counted is not None:
            return Reply(body={"totalSize": answer.counted, "done": True, "records": []})
        if answer.results is not None:
            found = answer.results
            return Reply(body={"totalSize": len(found), "done": True, "records": found})
        cursor = _Cursor(answer, self._batch(call), deleted)
        locator = make_id("01g", next(self._numbers))
        if len(answer.ids) > cursor.batch:
            self._cursors[locator] = cursor
            while len(self._cursors) > _CURSORS:
                self._cursors.popitem(last=False)
        return self._page(call, cursor, locator, 0)

    def _batch(self, call: Call) -> int:
        wanted = _BATCH.search(call.headers.get("sforce-query-options", ""))
        if wanted is None:
            return self._org.page_size
        return min(max(int(wanted[1]), 200), 2000, self._org.page_size)

    def _more(self, call: Call) -> Reply:
        locator, _, start = call.parts[1].partition("-")
        cursor = self._cursors.get(locator)
        if cursor is None or not start.isdigit():
            raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(call, cursor, locator, int(start))

    def _page(self, call: Call, cursor: _Cursor, locator: str, start: int) -> Reply:
        answer = cursor.answer
        rows = self._org.tables[answer.sobject.name.lower()].rows
        end = start + cursor.batch
        found = (rows.get(one) for one in answer.ids[start:end])
        body: dict[str, Any] = {
            "totalSize": len(answer.ids),
            "done": end >= len(answer.ids),
            "records": [
                show(self._org, answer.sobject, answer.shape, row, call.base)
                for row in found
                if row is not None
            ],
        }
        if not body["done"]:
            body["nextRecordsUrl"] = f"{call.base}/query/{locator}-{end}"
        return Reply(body=body)
