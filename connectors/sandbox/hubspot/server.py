"""The account as a server, and the hand of a test or a visitor inside it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connectors.sandbox.faults import Faults
from connectors.sandbox.hubspot import versions
from connectors.sandbox.hubspot.call import Answer, Call, Endpoint
from connectors.sandbox.hubspot.errors import HubspotError, no_page, not_found, unauthorized
from connectors.sandbox.hubspot.journal import Journal
from connectors.sandbox.hubspot.limits import Limits
from connectors.sandbox.hubspot.loading import Loader
from connectors.sandbox.hubspot.oauth import VERSIONS, OAuth
from connectors.sandbox.hubspot.portal import Portal
from connectors.sandbox.hubspot.routes import ENDPOINTS, LEGACY
from connectors.sandbox.hubspot.schema import Property
from connectors.sandbox.hubspot.sender import Sender
from connectors.sandbox.hubspot.table import Record
from connectors.sandbox.world import World

_PAGE = {"content-type": "text/html;charset=utf-8"}
TOKEN = "pat-na1-sandbox"  # noqa: S105 - opens the sandbox only


class HubspotSandbox:
    """An account. ``app`` is the ASGI application, ``faults`` what goes wrong on order.

    ``portal`` holds the switches (``scopes``, ``search_lag``, ``search_cap``, ``short_pages``,
    ``most_rows`` of any page, ``unique_task_property``, ``task_properties``,
    ``association_page``), ``limits`` the limiter, ``oauth`` the app that may be installed.
    ``calls`` counts requests by path.
    """

    def __init__(
        self,
        now: Callable[[], datetime],
        *,
        token: str = TOKEN,
        enforce_limits: bool = False,
    ) -> None:
        self.token = token
        self.portal = Portal(now=now)
        self.oauth = OAuth(self.portal)
        self.journal = Journal(self.portal)
        self.limits = Limits(self.portal.stamp, enforced=enforce_limits)
        self.faults = Faults()
        self.calls: dict[str, int] = {}
        routes = [
            Route(path.replace("{verb:search}", "search"), self._serve(end, path), methods=[verb])
            for verb, path, end in (*ENDPOINTS, *LEGACY, *self.journal.endpoints())
        ]
        usage = "/account-info/v3/api-usage/daily/private-apps"
        routes.append(Route(usage, self._serve(self._usage, usage), methods=["GET"]))
        routes += self._oauth_routes()
        routes.append(Route("/_sandbox/journal/{offset}", self._journal_file, methods=["GET"]))
        starlette = Starlette(
            routes=routes, exception_handlers={404: _no_such_route, 405: _no_such_method}
        )
        self.app = self.faults.around(versions.around(starlette))

    async def _journal_file(self, request: Request) -> Response:
        """Not of the API: a file store, whose addresses are signed and which takes no token."""
        if "authorization" in request.headers:
            said = "Only one auth mechanism allowed"
            return _response(400, {"Code": "InvalidArgument", "Message": said}, {})
        with self.portal.lock:
            until = request.query_params.get("until", "")
            status, body = self.journal.file(request.path_params["offset"], until)
            return _response(status, body, {})

    def webhooks(self, url: str, *, generic: bool = True) -> Sender:
        """The app's webhooks to this address, from now on."""
        return Sender(self.portal, url, self.oauth.app.client_secret, generic=generic)

    def _oauth_routes(self) -> list[Route]:
        async def authorize(request: Request) -> Response:
            given = dict(request.query_params) | await _fields(request)
            with self.portal.lock:
                return self.oauth.authorize(given)

        async def token(request: Request) -> Response:
            given, version = await _fields(request), request.path_params["version"]
            kind = request.headers.get("content-type", "").partition(";")[0]
            with self.portal.lock:
                if version not in VERSIONS or kind != "application/x-www-form-urlencoded":
                    return _response(415 if version in VERSIONS else 404, not_found().body, {})
                return self._token(given, version)

        return [
            Route("/oauth/authorize", authorize, methods=["GET", "POST"]),
            Route("/oauth/{version}/token", token, methods=["POST"]),
        ]

    def _token(self, given: Mapping[str, str], version: str) -> Response:
        date = {"Date": format_datetime(self.portal.now(), usegmt=True)}
        try:
            self.limits.take(searching=False)
            status, body = self.oauth.token(given, version)
        except HubspotError as error:
            return _response(error.status, error.body, {**error.headers, **date})
        return _response(status, body, date)

    def _serve(self, endpoint: Endpoint, path: str) -> Callable[[Request], Any]:
        verb = {"verb": "search"} if "{verb:search}" in path else {}

        async def serve(request: Request) -> Response:
            raw = await request.body()
            with self.portal.lock:
                self.journal.base = f"{request.url.scheme}://{request.url.netloc}"
                self.calls[request.url.path] = self.calls.get(request.url.path, 0) + 1
                given = Call(
                    self.portal,
                    request.method,
                    {**request.path_params, **verb},
                    request.query_params,
                    raw,
                )
                return self._answer(request, endpoint, given, searching=bool(verb))

        return serve

    def _answer(
        self, request: Request, endpoint: Endpoint, call: Call, *, searching: bool
    ) -> Response:
        headers: dict[str, str] = {}
        try:
            call = replace(call, scopes=self._admit(request))
            self.limits.take(searching=searching)
            status, body = endpoint(call)
        except HubspotError as error:
            status, body, headers = error.status, error.page or error.body, error.headers
        headers = {**headers, "Date": format_datetime(self.portal.now(), usegmt=True)}
        if not searching:
            headers |= self.limits.headers()
        return _response(status, body, headers)

    def _admit(self, request: Request) -> frozenset[str] | None:
        """The scopes of the token, None for the one that stays. Raises the API's refusal."""
        given = request.headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return None
        granted = self.oauth.find(given.removeprefix("Bearer "))
        if granted is None:
            raise unauthorized()
        return granted.scopes

    def _usage(self, _: Call) -> Answer:
        usage = {
            "name": "private-apps-api-calls-daily",
            "usageLimit": self.limits.daily,
            "currentUsage": self.limits.used_today,
            "fetchStatus": "SUCCESS",
            "resetsAt": self.portal.now().replace(hour=23, minute=59).isoformat(),
        }
        return 200, {"results": [usage]}

    def load(self, world: World) -> dict[str, str]:
        """Fill the account; world key → HubSpot id (people: their owner id)."""
        with self.portal.lock:
            return Loader(self.portal, world).load()

    def records(self, kind: str) -> list[dict[str, str]]:
        """All living records of a type, with ``id`` among their properties."""
        with self.portal.lock:
            rows = self.portal.table(kind).live.values()
            return [{**row.props, "id": str(row.id)} for row in rows]

    def associated(self, kind: str, record_id: str, to: str) -> list[str]:
        """Ids of the ``to`` records that a record is associated with."""
        with self.portal.lock:
            return [str(one) for one in self.portal.links.of(kind, int(record_id), to)]

    def _record(self, kind: str, record_id: str) -> Record:
        return self.portal.table(kind).live[int(record_id)]

    def create(
        self, kind: str, /, links: Mapping[str, str | list[str]] | None = None, **props: str
    ) -> str:
        """Enter a record, associated with the ids in ``links`` by type; its id."""
        with self.portal.lock:
            record = self.portal.insert(self.portal.table(kind), props)
            for to_type, ids in (links or {}).items():
                for one in [ids] if isinstance(ids, str) else ids:
                    self.portal.link(kind, record.id, to_type, int(one))
            return str(record.id)

    def update(self, kind: str, record_id: str, /, **props: str) -> None:
        """Change a record; an empty text clears a property."""
        with self.portal.lock:
            self.portal.change(self.portal.table(kind), self._record(kind, record_id), props)

    def archive(self, kind: str, record_id: str) -> None:
        """Put a record into the recycling bin."""
        with self.portal.lock:
            self.portal.archive(self.portal.table(kind), self._record(kind, record_id))

    def restore(self, kind: str, record_id: str) -> None:
        """Take a record out of the recycling bin; the stamp of its last change stays."""
        with self.portal.lock:
            table = self.portal.table(kind)
            self.portal.restore(table, table.archived[int(record_id)])

    def purge(self, kind: str, record_id: str) -> None:
        """Delete a record for good, as the law on privacy asks; the recycling bin has it not."""
        with self.portal.lock:
            self.portal.archive(self.portal.table(kind), self._record(kind, record_id))
            del self.portal.table(kind).archived[int(record_id)]

    def merge(self, kind: str, winner: str, loser: str) -> None:
        """Merge ``loser`` into ``winner``."""
        with self.portal.lock:
            rows = self._record(kind, winner), self._record(kind, loser)
            self.portal.merge(self.portal.table(kind), *rows)

    def link(self, kind: str, record_id: str, to_type: str, to_id: str, label: str = "") -> None:
        """Associate two records; no record's change stamp moves but a contact's company's.

        ``label`` is one of the account's own, made on first use.
        """
        with self.portal.lock:
            self.portal.link(kind, int(record_id), to_type, int(to_id))
            if label:
                self.portal.label(kind, int(record_id), to_type, int(to_id), label)

    def define(self, kind: str, name: str, type_: str = "string", **more: Any) -> None:
        """Add a property to a type; ``more`` is as of ``schema.Property``."""
        with self.portal.lock:
            table = self.portal.table(kind)
            made = Property(name=name, type=type_, label=name, own=False, **more)
            self.portal.define(table, made)

    def drop_property(self, kind: str, name: str) -> None:
        """Archive a property."""
        with self.portal.lock:
            self.portal.table(kind).drop(name, self.portal.stamp())

    def recalculate(self, kind: str, record_id: str, /, **props: str) -> None:
        """Let HubSpot work out values anew; no stamp moves."""
        with self.portal.lock:
            self.portal.table(kind).recalculate(self._record(kind, record_id), props)

    def unlink(self, kind: str, record_id: str, to_type: str, to_id: str) -> None:
        """Take an association away; no record's change stamp moves."""
        with self.portal.lock:
            self.portal.unlink(kind, int(record_id), to_type, int(to_id))


def _response(status: int, body: object, headers: Mapping[str, str]) -> Response:
    if isinstance(body, str):
        return Response(body, status_code=status, headers={**_PAGE, **headers})
    raw = b"" if body is None else json.dumps(body).encode()
    media = {"content-type": "application/json;charset=utf-8"}
    return Response(raw, status_code=status, headers={**media, **headers})


async def _fields(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


async def _no_such_route(_: Request, __: Exception) -> Response:
    return _response(404, no_page().page, {})


async def _no_such_method(_: Request, __: Exception) -> Response:
    return _response(405, no_page(405).page, {})
