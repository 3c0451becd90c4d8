"""One logged-in Salesforce client: sessions, tries of one call, and the org's own clock.

simple-salesforce knows the API's addresses and shapes. Logging in again stays here, because the
library does it once a thread, loses extra headers and fails on a 401 that is not a list.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from connectors.errors import ConnectorError, TemporaryError
from connectors.http import CallCounter, HttpSettings, Seam, is_loopback, session
from connectors.salesforce.errors import (
    QueryTimeoutError,
    from_part,
    from_transport,
    from_vendor,
)
from connectors.salesforce.login import Login
from connectors.salesforce.settings import SalesforceSecrets, SalesforceSettings
from connectors.salesforce.values import soql_time

if TYPE_CHECKING:
    from simple_salesforce.api import Salesforce as Library

_FIRST_WAIT = 0.3
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Session:
    library: Library
    url: str


@dataclass(frozen=True, slots=True)
class Access:
    """What another API of the org wants to see: the session's token, and the org's address."""

    token: str = field(repr=False)
    url: str


class Client:
    """Calls to one org from any number of threads."""

    def __init__(
        self, settings: SalesforceSettings, secrets: SalesforceSecrets, http: HttpSettings
    ) -> None:
        self._settings = settings
        self._limits = http
        self.counter = CallCounter()
        self._seam = Seam(http, self.counter)
        self._http = session(self._seam)
        self._login = Login(settings, secrets, self._http)
        self._http.hooks["response"].append(self._note)
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(settings.most_at_once)
        self._live: _Session | None = None
        self._seen = threading.local()
        self._offset: float | None = None
        self._usage = ""

    @property
    def instance_url(self) -> str:
        """Where the org's pages are; the log-in address until the first log-in."""
        live = self._live
        return live.url if live else self._settings.login_url

    def now(self) -> datetime:
        """The org's own time, as its last answer told it. Logs in when it was never asked."""
        if self._offset is None:
            self._tried(lambda: self._session(), writing=False)
        if self._offset is None:
            raise TemporaryError("Salesforce answered without a Date")
        return datetime.fromtimestamp(time.monotonic() + self._offset, UTC)

    def access(self, *, instead_of: Access | None = None) -> Access:
        """The living session; a new one when ``instead_of`` is of the living one and was refused.

        Raises ConnectorError.
        """

        def ask() -> Access:
            live = self._session()
            if instead_of is not None and live.library.session_id == instead_of.token:
                self._forget(live)
                live = self._session()
            return Access(str(live.library.session_id), live.url)

        return self._tried(ask, writing=False)

    @property
    def usage(self) -> tuple[int, int] | None:
        """The org's API calls of the past day and how many it allows; None when never told."""
        return _usage(self._usage)

    def versions(self) -> list[str]:
        """The API versions that the org offers, such as '66.0', as it lists them."""

        def ask(library: Library) -> list[str]:
            answer = library.session.get(f"https://{library.sf_instance}/services/data/")
            answer.raise_for_status()
            found = answer.json()
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise requests.exceptions.InvalidJSONError("not a list of versions")
            return [str(one.get("version")) for one in found]

        return self._call(ask)

    def query(self, soql: str, *, deleted: bool = False, once: bool = False) -> dict[str, Any]:
        """The first page of a query; ``deleted`` includes the recycle bin.

        ``once``: one that the org gives up as too long is not tried again as it is.
        """
        headers = {"Sforce-Query-Options": f"batchSize={self._settings.page_size}"}
        return self._call(
            lambda library: _page(library.query(soql, include_deleted=deleted, headers=headers)),
            worth=_not_too_long if once else None,
        )

    def together(self, queries: Sequence[str]) -> list[dict[str, Any] | ConnectorError]:
        """The first page of each of up to 25 queries, by one request; each may fail by itself."""

        def send(library: Library) -> list[Any]:
            version = f"v{library.sf_version}"
            wanted = [
                {"method": "GET", "url": f"{version}/query/?q={quote(soql, safe='')}"}
                for soql in queries
            ]
            body = {"batchRequests": wanted, "haltOnError": False}
            found = _object(library.restful("composite/batch", method="POST", json=body))
            results = found.get("results")
            if not isinstance(results, list) or len(results) != len(queries):
                raise requests.exceptions.InvalidJSONError("not one result a query")
            return results

        return [_result(one) for one in self._call(send)]

    def more(self, next_url: str) -> dict[str, Any]:
        """The page behind a ``nextRecordsUrl``."""
        return self._call(
            lambda library: _page(library.query_more(next_url, identifier_is_url=True))
        )

    def deleted(self, sobject: str, start: datetime, end: datetime) -> dict[str, Any]:
        """What was deleted in a stretch of time. Raises BeyondError, TooManyError."""
        path = f"sobjects/{sobject}/deleted"
        ends = {name: soql_time(when) for name, when in (("start", start), ("end", end))}
        return self._call(lambda library: _object(library.restful(path, params=ends)))

    def job(self, method: str, path: str = "", body: dict[str, Any] | None = None) -> Any:
        """One call about a bulk query job; what it answers, None for an empty answer.

        Not repeated when its outcome is unclear, except for looks.
        """
        more = {} if body is None else {"json": body}
        where = f"jobs/query{path}"
        return self._call(
            lambda library: library.restful(where, method=method, **more),
            writing=method == "POST",
        )

    def results(self, job_id: str, params: dict[str, str]) -> requests.Response:
        """A piece of what a bulk query job found, not yet read: close it.

        What goes wrong while it is read comes out as an error of requests.
        """

        def ask(library: Library) -> requests.Response:
            from simple_salesforce.util import exception_handler

            url = f"{library.base_url}jobs/query/{job_id}/results"
            found = library.session.get(url, params=params, headers=library.headers, stream=True)
            if found.status_code >= 300:
                exception_handler(found)
            return found

        return self._call(ask)

    def describe(self, sobject: str) -> dict[str, Any]:
        """What the org says of an object."""
        return self._call(lambda library: _object(library.restful(f"sobjects/{sobject}/describe")))

    def upsert(
        self, sobject: str, field: str, records: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Create or update up to 200 records by external id; the result of each, in order.

        Safe to repeat: the same record twice is one record.
        """
        body = {"allOrNone": False, "records": records}
        path = f"composite/sobjects/{sobject}/{field}"

        def send(library: Library) -> list[dict[str, Any]]:
            found = library.restful(path, method="PATCH", json=body)
            if not isinstance(found, list) or len(found) != len(records):
                raise requests.exceptions.InvalidJSONError("not one result a record")
            return found

        return self._call(send, writing=True)

    def create(
        self, sobject: str, records: list[dict[str, Any]], *, all_or_none: bool
    ) -> list[dict[str, Any]]:
        """Create up to 200 records in one call; the result of each, in order."""
        typed = [{"attributes": {"type": sobject}, **one} for one in records]
        body = {"allOrNone": all_or_none, "records": typed}
        return self._rows("POST", body=body, count=len(records))

    def delete(self, ids: list[str]) -> list[dict[str, Any]]:
        """Put up to 200 records into the recycle bin; the result of each, in order."""
        return self._rows("DELETE", params={"ids": ",".join(ids)}, count=len(ids))

    def _rows(
        self,
        method: str,
        *,
        count: int,
        body: dict[str, Any] | None = None,
        params: dict[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        def send(library: Library) -> list[dict[str, Any]]:
            found = library.restful("composite/sobjects", params, method, json=body)
            if not isinstance(found, list) or len(found) != count:
                raise requests.exceptions.InvalidJSONError("not one result a record")
            return found

        return self._call(send, writing=True)

    def call(self, action: Callable[[Library], Result], *, writing: bool = False) -> Result:
        """Do it with the library, logged in, with the tries and errors of every call.

        ``writing`` marks what may be done twice but not be left unclear.
        """
        return self._call(action, writing=writing)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(
        self,
        action: Callable[[Library], Result],
        *,
        writing: bool = False,
        worth: Callable[[BaseException], bool] | None = None,
    ) -> Result:
        return self._tried(lambda: self._logged_in(action), writing=writing, worth=worth)

    def _tried(
        self,
        action: Callable[[], Result],
        *,
        writing: bool,
        worth: Callable[[BaseException], bool] | None = None,
    ) -> Result:
        """Do it, again if need be and if the wait is short enough to stand in line for."""
        retrying = Retrying(
            retry=retry_if_exception(
                lambda error: self._worth_waiting(error) and (worth is None or worth(error))
            ),
            wait=self._wait,
            stop=stop_after_attempt(self._limits.tries),
            reraise=True,
        )
        result: Result = retrying(self._translated, action, writing)
        return result

    def _worth_waiting(self, error: BaseException) -> bool:
        if not isinstance(error, TemporaryError) or getattr(error, "daily", False):
            return False
        return (error.retry_after or 0) <= self._limits.longest_wait

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, TemporaryError) and error.retry_after is not None:
            return error.retry_after
        return float(min(_FIRST_WAIT * 2 ** (state.attempt_number - 1), self._limits.longest_wait))

    def _translated(self, action: Callable[[], Result], writing: bool) -> Result:
        """Do it once; every failure comes out as one of our errors."""
        from simple_salesforce.exceptions import SalesforceError

        self._seen.headers = {}
        try:
            return action()
        except ConnectorError:
            raise
        except SalesforceError as error:
            raise from_vendor(
                error,
                writing=writing,
                retry_after=_seconds(self._seen.headers.get("Retry-After")),
                day_used_up=_used_up(self._usage),
            ) from error
        except (requests.exceptions.RequestException, ValueError) as error:
            raise from_transport(error, writing=writing) from error

    def _logged_in(self, action: Callable[[Library], Result]) -> Result:
        from simple_salesforce.exceptions import SalesforceExpiredSession

        live = self._session()
        try:
            with self._places:
                return action(live.library)
        except SalesforceExpiredSession:
            self._forget(live)
        live = self._session()
        with self._places:
            return action(live.library)

    def _session(self) -> _Session:
        """The living session; of several threads that find none, one logs in."""
        with self._lock:
            if self._live is None:
                self._live = self._log_in()
            return self._live

    def _forget(self, session: _Session) -> None:
        with self._lock:
            if self._live is session:
                self._live = None

    def _log_in(self) -> _Session:
        from simple_salesforce.api import Salesforce as Library

        grant = self._login.grant()
        host = urlsplit(grant.instance_url).netloc
        url = self._reach(host)
        library = Library(
            session_id=grant.access_token.get_secret_value(),
            instance_url=f"https://{host}",
            version=self._settings.api_version,
            session=self._http,
            object_pairs_hook=dict,
        )
        return _Session(library, url)

    def _reach(self, host: str) -> str:
        """The org's address. Plain http only where the configured address is that already."""
        plain = urlsplit(self._settings.login_url).scheme == "http" and is_loopback(f"//{host}")
        if not plain:
            return f"https://{host}"
        self._seam.hosts[host] = f"http://{host}"
        return f"http://{host}"

    def _note(self, response: requests.Response, **_: object) -> None:
        self._seen.headers = response.headers
        self._usage = response.headers.get("Sforce-Limit-Info", self._usage)
        try:
            told = parsedate_to_datetime(response.headers.get("Date", ""))
        except ValueError:  # a proxy's answer without a date tells no time
            return
        self._offset = told.timestamp() - time.monotonic()


def _not_too_long(error: BaseException) -> bool:
    """Whether the same query may go better a moment later."""
    return not isinstance(error, QueryTimeoutError)


def _page(found: Any) -> dict[str, Any]:
    page = _object(found)
    if not isinstance(page.get("records"), list) or not isinstance(page.get("done"), bool):
        raise requests.exceptions.InvalidJSONError("not a page of records")
    return page


def _result(one: Any) -> dict[str, Any] | ConnectorError:
    found = _object(one)
    status = int(found.get("statusCode") or 0)
    return _page(found.get("result")) if status == 200 else from_part(found.get("result"), status)


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise requests.exceptions.InvalidJSONError("not an object")
    return found


def _seconds(text: str | None) -> float | None:
    """The seconds of a Retry-After, which may also be a date."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (until - datetime.now(UTC)) / timedelta(seconds=1))


def _usage(told: str) -> tuple[int, int] | None:
    """What ``api-usage=18/5000`` says: calls used, calls allowed."""
    used, _, most = told.partition("api-usage=")[2].partition(";")[0].partition("/")
    if not (used.strip().isdigit() and most.strip().isdigit()):
        return None
    return int(used), int(most)


def _used_up(told: str) -> bool:
    """Whether nothing is left."""
    usage = _usage(told)
    return usage is not None and usage[0] >= usage[1]
