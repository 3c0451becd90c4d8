"""The server: ``/{tenant}/oauth2/v2.0/token``, and two routes of Graph's ``/v1.0/users/{id}``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.diary import Entry
from connectors.sandbox.faults import Faults
from connectors.sandbox.microsoft.errors import (
    EntraError,
    GraphError,
    denied,
    no_mailbox,
    no_user,
)
from connectors.sandbox.microsoft.mailbox import Mailbox, calendar_view, replies_of
from connectors.sandbox.microsoft.tokens import App, Tokens

_CALENDARS = frozenset({"Calendars.Read", "Calendars.ReadBasic.All", "Calendars.ReadWrite"})
_SETTINGS = frozenset({"MailboxSettings.Read", "MailboxSettings.ReadWrite"})


class MicrosoftSandbox:
    """One tenant with one app. ``largest_page`` makes pages smaller than asked for."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self.boxes: dict[str, Mailbox] = {}
        self.largest_page = 1000
        self.calls: list[str] = []
        self.apps = Tokens(App("team.example", str(uuid4()), f"secret-{uuid4()}"))
        self.faults = Faults()
        user = "/v1.0/users/{user}"
        routes = [
            Route("/{tenant}/oauth2/v2.0/token", self._token, methods=["POST"]),
            Route(f"{user}/calendarView", self._view, methods=["GET"]),
            Route(
                f"{user}/mailboxSettings/automaticRepliesSetting", self._replies, methods=["GET"]
            ),
            Route("/{rest:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]
        self.app = self.faults.around(Starlette(routes=routes))

    @property
    def registration(self) -> App:
        """The app of the tenant."""
        return self.apps.app

    def add_user(self, email: str, zone: str = "UTC") -> Mailbox:
        """A user with an empty mailbox."""
        made = self.boxes[email.lower()] = Mailbox(email.lower(), zone)
        return made

    def put(self, email: str, entry: Entry) -> None:
        """Enter something into a user's calendar."""
        self.boxes[email.lower()].entries.append(entry)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        self.calls.append("token")
        own = str(request.base_url).rstrip("/")
        resources = (own, "https://graph.microsoft.com")
        try:
            tenant = request.path_params["tenant"]
            return JSONResponse(self.apps.grant(tenant, form, resources, self.now()))
        except EntraError as refused:
            return refused.response()

    async def _view(self, request: Request) -> Response:
        def listed(box: Mailbox) -> dict[str, Any]:
            query, prefer = request.query_params, request.headers.get("prefer", "")
            page, following = calendar_view(box, query, prefer, self.largest_page)
            found: dict[str, Any] = {"@odata.context": "$metadata#events", "value": page}
            if following is not None:
                others = [one for one in query.multi_items() if one[0] != "$skip"]
                more = QueryParams([*others, ("$skip", str(following))])
                found["@odata.nextLink"] = str(request.url.replace(query=str(more)))
            return found

        return self._answer(request, "calendarView", _CALENDARS, listed)

    async def _replies(self, request: Request) -> Response:
        return self._answer(request, "automaticRepliesSetting", _SETTINGS, replies_of)

    def _answer(
        self,
        request: Request,
        what: str,
        needed: frozenset[str],
        act: Callable[[Mailbox], dict[str, Any]],
    ) -> Response:
        who = request.path_params["user"]
        self.calls.append(f"{what} {who}")
        try:
            granted = self.apps.permissions(request.headers.get("authorization", ""), self.now())
            if granted is None:
                told = "Access token has expired or is not yet valid."
                raise GraphError(401, "InvalidAuthenticationToken", told)
            box = self.boxes.get(who.lower())
            if not granted & needed or (box is not None and box.hidden):
                raise denied()
            if box is None:
                raise no_user(who)
            if not box.enabled:
                raise no_mailbox()
            return JSONResponse(act(box))
        except GraphError as refused:
            return refused.response()


async def _nowhere(request: Request) -> Response:
    told = f"Resource not found for the segment '{request.path_params['rest'].split('/')[-1]}'."
    return GraphError(400, "BadRequest", told).response()
