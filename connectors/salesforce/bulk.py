"""Reads an object by a query job of Bulk API 2.0: the org prepares all of it, we fetch it.

A job is asked for without an order, so that the org may cut it by ranges of ids. It shows what
there was when it ran; the reader's watermark is from before, so that later changes come with the
next read. Results are CSV, read row by row and never held as a whole.
"""

from __future__ import annotations

import codecs
import csv
import logging
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import requests

from connectors.errors import AuthError, ConnectorError, PermanentError, TemporaryError
from connectors.salesforce import queries
from connectors.salesforce.client import Client
from connectors.salesforce.errors import MissingFieldError, MissingObjectError, from_transport
from connectors.salesforce.fields import Choice
from connectors.salesforce.settings import SalesforceSettings
from connectors.salesforce.source import Source
from connectors.salesforce.tidy import Tidy
from connectors.salesforce.values import Row

_BLOCK = 65_536
_TRIES = 5
_FIRST_LOOK = 0.1
csv.field_size_limit(1 << 24)  # a long text field is longer than Python's default cell
log = logging.getLogger(__name__)


class NotOfferedError(Exception):
    """The org does not take this as a bulk job."""


def start(
    client: Client,
    settings: SalesforceSettings,
    source: Source,
    choice: Choice,
    tests: Sequence[str],
    fields: Sequence[str] | None = None,
) -> Job:
    """A new job. Raises NotOfferedError, or ConnectorError when it may be tried again."""
    chosen = queries.columns(source, choice.fields if fields is None else fields)
    soql = f"SELECT {chosen} FROM {source.sobject}{queries.where(tests)}"  # noqa: S608
    try:
        made = client.job("POST", body={"operation": "query", "query": soql})
    except (AuthError, MissingFieldError, MissingObjectError):
        raise
    except PermanentError as error:
        raise NotOfferedError(f"no bulk job ({error})") from error
    return Job(client, settings, str(made["id"]))


@dataclass(frozen=True, slots=True)
class Job:
    """One job in the org."""

    client: Client
    settings: SalesforceSettings
    id: str

    def pages(self, tidy: Tidy) -> Iterator[list[Row]]:
        """The rows as JSON would have them, some thousands at a time.

        Empty pages tell that the job is still being worked on. The job is deleted at the end,
        however that comes. Raises ConnectorError.
        """
        ended = False
        try:
            for _ in self._looks():
                yield []
            ended = True
            locator: str | None = ""
            while locator is not None:
                locator = yield from self._piece(locator, tidy)
        finally:
            self._delete(ended)

    def _looks(self) -> Iterator[None]:
        """A pause between two looks each, until the job is complete."""
        until = time.monotonic() + 60 * self.settings.bulk_minutes
        pause = min(_FIRST_LOOK, self.settings.bulk_poll_seconds)
        while True:
            told = self.client.job("GET", f"/{self.id}")
            state = str(told.get("state"))
            if state == "JobComplete":
                return
            if state in ("Failed", "Aborted"):
                why = str(told.get("errorMessage") or "without a reason")[:300]
                raise TemporaryError(f"Salesforce's bulk job ended as {state}: {why}")
            if time.monotonic() > until:
                raise TemporaryError(
                    f"Salesforce's bulk job is still {state} after "
                    f"{self.settings.bulk_minutes:g} minutes",
                    mend="raise salesforce.bulk_minutes, or salesforce.bulk_above to do without",
                )
            yield
            time.sleep(pause)
            pause = min(2 * pause, self.settings.bulk_poll_seconds)

    def _piece(self, locator: str, tidy: Tidy) -> Generator[list[Row], None, str | None]:
        """One piece of the results; the locator of the next. A lost connection is taken up."""
        done = tries = 0
        while True:
            try:
                answer = self._results(locator)
                with closing(answer):
                    following = answer.headers.get("Sforce-Locator")
                    for rows in _pages(answer, tidy, done, self.settings.page_size):
                        done += len(rows)
                        yield rows
            except requests.exceptions.RequestException as error:
                tries += 1
                if tries >= _TRIES:
                    raise from_transport(error, writing=False) from error
            else:
                return None if following in (None, "", "null") else following

    def _results(self, locator: str) -> requests.Response:
        params = {"maxRecords": str(self.settings.bulk_page)}
        if locator:
            params["locator"] = locator
        return self.client.results(self.id, params)

    def _delete(self, ended: bool) -> None:
        """What is left behind does no harm: the org deletes jobs after a week by itself."""
        try:
            if not ended:
                self._abort()
            self.client.job("DELETE", f"/{self.id}")
        except ConnectorError as error:
            log.info("a bulk job was left to the org: %s", error)

    def _abort(self) -> None:
        try:
            self.client.job("PATCH", f"/{self.id}", {"state": "Aborted"})
        except PermanentError as error:
            log.debug("a bulk job that had ended was not aborted: %s", error)


def _pages(answer: requests.Response, tidy: Tidy, skip: int, size: int) -> Iterator[list[Row]]:
    cells = csv.reader(_lines(answer))
    names = next(cells, None)
    if names is None:
        return
    made = tidy.from_csv(names)
    rows: list[Row] = []
    for number, line in enumerate(cells):
        if number < skip:
            continue
        if len(line) != len(names):
            raise PermanentError("Salesforce sent a line of a bulk job that fits no header")
        rows.append(made(line))
        if len(rows) >= size:
            yield rows
            rows = []
    if rows:
        yield rows


def _lines(answer: requests.Response) -> Iterator[str]:
    """The lines of a text with their ends, as they come; a cell may hold ends of its own."""
    rest = ""
    blocks: Any = answer.iter_content(_BLOCK)
    for block in codecs.iterdecode(blocks, "utf-8"):
        *whole, rest = (rest + block).split("\n")
        for line in whole:
            yield f"{line}\n"
    if rest:
        yield rest
