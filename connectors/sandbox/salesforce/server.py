"""The HTTP face of the sandbox org."""

from __future__ import annotations

import re
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.sandbox.salesforce.call import Call, Reply, read_json
from connectors.sandbox.salesforce.composite import composite
from connectors.sandbox.salesforce.consent import Consent
from connectors.sandbox.salesforce.deploys import Deploys
from connectors.sandbox.salesforce.errors import Refusal, not_found
from connectors.sandbox.salesforce.jobs import DAILY_JOBS, Jobs
from connectors.sandbox.salesforce.org import Org
from connectors.sandbox.salesforce.queries import Queries
from connectors.sandbox.salesforce.records import sobjects
from connectors.sandbox.salesforce.tokens import Tokens

_VERSIONS = range(31, 68)
_LIMITED = ("query", "queryAll", "sobjects", "composite", "limits", "jobs", "metadata")
_LONGEST_ADDRESS = 16_384
_VERSION = re.compile(r"v(\d+)\.0")


class Server:
    """Routes calls into the org, one at a time."""

    def __init__(self, org: Org, tokens: Tokens, consent: Consent) -> None:
        self._org = org
        self._tokens = tokens
        self._consent = consent
        self._queries = Queries(org)
        self._deploys = Deploys(org)
        self._jobs = Jobs(org)

    def app(self) -> Starlette:
        """The ASGI application."""
        methods = ["GET", "POST", "PATCH", "PUT", "DELETE", "HEAD"]
        return Starlette(
            routes=[
                Route("/services/oauth2/token", self._token, methods=["POST"]),
                Route("/services/oauth2/revoke", self._revoke, methods=["GET", "POST"]),
                Route("/services/oauth2/authorize", self._authorize, methods=["GET", "POST"]),
                Route("/{path:path}", self._data, methods=methods),
            ]
        )

    async def _authorize(self, request: Request) -> Response:
        given = dict(request.query_params) | await _fields(request)
        with self._org.lock:
            return self._consent.answer(given)

    async def _revoke(self, request: Request) -> Response:
        given = dict(request.query_params) | await _fields(request)
        with self._org.lock:
            if self._tokens.revoke(given):
                return Response(status_code=200)
        told = urlencode({"error": "invalid_token", "error_description": "invalid token"})
        return Response(told, 400, media_type="application/x-www-form-urlencoded")

    async def _token(self, request: Request) -> Response:
        form = await _fields(request)
        host = f"{request.url.scheme}://{request.url.netloc}"
        with self._org.lock:
            return self._response(self._tokens.token(form, dict(request.headers), host), data=False)

    async def _data(self, request: Request) -> Response:
        raw = await request.body()
        form = await _form(request)
        with self._org.lock:
            try:
                reply = self._answer(request, raw, form)
            except Refusal as refusal:
                reply = Reply(refusal.status, refusal.body())
            return self._response(reply, data=True)

    def _answer(self, request: Request, raw: bytes, form: dict[str, bytes]) -> Reply:
        path = request.scope.get("raw_path", b"").decode("ascii", "replace").split("?")[0]
        if len(path) + len(request.url.query) > _LONGEST_ADDRESS:
            raise Refusal(414, "URI_TOO_LONG", "URI Too Long")
        pieces = [unquote(piece) for piece in path.split("/")]
        if pieces[:3] != ["", "services", "data"]:
            raise not_found()
        rest = [piece for piece in pieces[3:] if piece]
        if not rest:
            return Reply(body=_versions())
        version = _VERSION.fullmatch(rest[0])
        if version is None or int(version[1]) not in _VERSIONS:
            raise not_found()
        headers = dict(request.headers)
        if not self._tokens.knows(headers):
            raise Refusal(401, "INVALID_SESSION_ID", "Session expired or invalid")
        self._org.calls += 1
        if self._org.calls > self._org.daily_limit:
            raise Refusal(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        return self._route(
            Call(
                method=request.method,
                base=f"/services/data/{rest[0]}",
                parts=tuple(rest[1:]),
                query=dict(request.query_params),
                headers=headers,
                body=None if form else read_json(raw),
                form=form,
            )
        )

    def _route(self, call: Call) -> Reply:
        match call.parts[:1]:
            case ():
                return Reply(body=self._resources(call))
            case ("query" | "queryAll",):
                return self._queries.query(call)
            case ("sobjects",):
                return sobjects(self._org, call)
            case ("jobs",):
                return self._jobs.jobs(call)
            case ("composite",):
                return composite(self._org, call, self._route)
            case ("metadata",):
                return self._deploys.answer(call)
            case ("limits",):
                return Reply(body=self._limits())
            case _:
                raise not_found()

    def _resources(self, call: Call) -> dict[str, str]:
        user = f"https://login.salesforce.com/id/{self._org.org_id}/{self._org.user_id}"
        return {name: f"{call.base}/{name}" for name in _LIMITED} | {"identity": user}

    def _limits(self) -> dict[str, Any]:
        left = max(0, self._org.daily_limit - self._org.calls)
        return {
            "DailyApiRequests": {"Max": self._org.daily_limit, "Remaining": left},
            "DailyBulkV2QueryJobs": {"Max": DAILY_JOBS, "Remaining": self._jobs.left},
        }

    def _response(self, reply: Reply, *, data: bool) -> Response:
        headers = {"date": format_datetime(self._org.now(), usegmt=True)}
        if data:
            used = f"{self._org.calls}/{self._org.daily_limit}"
            headers["sforce-limit-info"] = f"api-usage={used}"
        headers |= reply.headers
        if reply.csv is not None:
            return Response(reply.csv, reply.status, headers, media_type="text/csv")
        if reply.body is None:
            return Response(status_code=reply.status, headers=headers)
        return JSONResponse(reply.body, reply.status, headers)


async def _form(request: Request) -> dict[str, bytes]:
    """The parts of a multipart body; empty for any other."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return {}
    parts: dict[str, bytes] = {}
    async with request.form() as form:
        for name, part in form.multi_items():
            parts[name] = part.encode() if isinstance(part, str) else await part.read()
    return parts


async def _fields(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


def _versions() -> list[dict[str, str]]:
    """The versions and their seasons: three a year, the first of them in spring."""
    seasons = ("Spring", "Summer", "Winter")
    listed = []
    for number in _VERSIONS:
        turn = number - 30  # 30 was Spring '14
        year = 14 + turn // 3 + (1 if turn % 3 == 2 else 0)
        label = f"{seasons[turn % 3]} '{year}"
        listed.append(
            {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        )
    return listed
