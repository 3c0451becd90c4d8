"""The server: ``/token`` and ``/calendar/v3/calendars/{id}/events``."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from urllib.parse import parse_qsl

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.diary import Entry
from connectors.sandbox.faults import Faults
from connectors.sandbox.google.errors import (
    GoogleError,
    TokenError,
    invalid,
    no_credentials,
    not_enabled,
    too_little_scope,
)
from connectors.sandbox.google.events import GoogleUser, list_events
from connectors.sandbox.google.fields import only, parsed
from connectors.sandbox.google.tokens import Account, Session, Tokens

_PREFIX = "https://www.googleapis.com/auth/"
READS_EVENTS = frozenset(
    _PREFIX + name
    for name in ("calendar", "calendar.readonly", "calendar.events", "calendar.events.readonly")
)


class GoogleSandbox:
    """One domain with one service account, which may read everybody's events.

    ``largest_page`` makes pages smaller than asked for, as the API may. ``private_key`` is a PEM.
    """

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.now = now
        self.users: dict[str, GoogleUser] = {}
        self.enabled = True
        self.largest_page = 2500
        self.calls: list[str] = []
        self.private_key, public = _key_pair()
        account = Account("hotlead@project.iam.gserviceaccount.com", public)
        account.delegated = frozenset({f"{_PREFIX}calendar.events.readonly"})
        self.tokens = Tokens(account)
        self._pages: dict[str, tuple[int, str, str]] = {}
        self.faults = Faults()
        routes = [
            Route("/token", self._token, methods=["POST"]),
            Route("/calendar/v3/calendars/{calendar}/events", self._events, methods=["GET"]),
            Route("/{rest:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]
        self.app = self.faults.around(Starlette(routes=routes))

    @property
    def account(self) -> Account:
        """The service account."""
        return self.tokens.account

    def add_user(self, email: str, zone: str = "UTC") -> GoogleUser:
        """A user with an empty calendar."""
        made = self.users[email.lower()] = GoogleUser(email.lower(), zone)
        return made

    def put(self, email: str, entry: Entry) -> None:
        """Enter something into a user's calendar."""
        self.users[email.lower()].entries.append(entry)

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        self.calls.append("token")
        audience = f"{request.base_url}token"
        try:
            return JSONResponse(self.tokens.grant(form, audience, self.users, self.now()))
        except TokenError as refused:
            return refused.response()

    async def _events(self, request: Request) -> Response:
        self.calls.append(f"events {request.path_params['calendar']}")
        try:
            return JSONResponse(self._listed(request))
        except GoogleError as refused:
            return refused.response()

    def _listed(self, request: Request) -> object:
        session = self.tokens.session(request.headers.get("authorization", ""), self.now())
        if session is None:
            raise no_credentials()
        if not self.enabled:
            raise not_enabled()
        if not session.scopes & READS_EVENTS:
            raise too_little_scope()
        user = self._calendar(request.path_params["calendar"], session)
        query, first = self._place(user, request.query_params)
        found, total = list_events(user, query, self.largest_page)
        following = first + len(found["items"])
        if following < total:
            found["nextPageToken"] = self._page(following, user, request.query_params)
        else:
            found["nextSyncToken"] = secrets.token_urlsafe(12)
        text = request.query_params.get("fields")
        return only(found, parsed(text)) if text is not None else found

    def _calendar(self, calendar: str, session: Session) -> GoogleUser:
        who = session.user if calendar == "primary" else calendar.lower()
        user = self.users.get(who)
        if user is not None and not user.calendar:
            told = "The user must be signed up for Google Calendar."
            raise GoogleError(403, "notACalendarUser", told, domain="calendar")
        if user is None or (who != session.user and not user.shared):
            raise GoogleError(404, "notFound", "Not Found")
        return user

    def _place(self, user: GoogleUser, query: QueryParams) -> tuple[QueryParams, int]:
        """The query with the number of its first event in the place of the token."""
        token = query.get("pageToken")
        if token is None:
            return query, 0
        first, whose, asked = self._pages.get(token, (0, "", ""))
        if (whose, asked) != (user.email, _without_page(query)):
            raise invalid("pageToken", "Invalid page token value.")
        others = [(name, value) for name, value in query.multi_items() if name != "pageToken"]
        return QueryParams([*others, ("pageToken", str(first))]), first

    def _page(self, following: int, user: GoogleUser, query: QueryParams) -> str:
        token = secrets.token_urlsafe(12)
        self._pages[token] = (following, user.email, _without_page(query))
        return token


def _without_page(query: QueryParams) -> str:
    return str(QueryParams([one for one in query.multi_items() if one[0] != "pageToken"]))


@cache
def _key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


async def _nowhere(_: Request) -> Response:
    return GoogleError(404, "notFound", "Not Found").response()
