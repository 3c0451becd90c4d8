"""The guide as a page of this machine, for one person and one use.

Whoever has the address with its token first is let in, by a cookie that no script can read; the
token then opens nothing more. Secrets come in as bodies of POST requests and never go out.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from contextlib import ExitStack
from html import escape
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.middleware.base import RequestResponseEndpoint

from worker.cli.common import UsageError
from worker.connect.desk import Desk, DeskError
from worker.connect.guided import Guided
from worker.connect.local_server import listening_on, opened_in_browser, serving
from worker.connect.terminal import Terminal
from worker.web.local import HEADERS, SHARED, loopback_only, same_origin, static_file

_COOKIE = "hotlead_connect"
_OWN = ("connect.css", "connect.js", "steps.js", "results.js")
_FILES = {**SHARED, **dict.fromkeys(_OWN, "worker.connect")}
_MOST_BYTES = 100_000
IDLE_SECONDS = 3600.0
"""A page that nobody looks at for so long closes."""
_Name = Annotated[str, Field(min_length=1, max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Choice(_Strict):
    """Another flow, or the pattern of a new configuration."""

    flow: str = Field("", max_length=40)
    pattern: str = Field("", max_length=40)


class Answer(_Strict):
    """One answer."""

    name: _Name
    text: str = Field(max_length=64_000, repr=False)


class Page:
    """The application around one desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.token = secrets.token_urlsafe(32)
        self._session = ""
        self._lock = threading.Lock()
        self.touched = time.monotonic()

    def app(self) -> FastAPI:
        """The ASGI application; it has no document of its own routes."""
        made = FastAPI(
            openapi_url=None, docs_url=None, redoc_url=None, dependencies=[Depends(loopback_only)]
        )
        made.middleware("http")(self._small)
        made.exception_handler(RequestValidationError)(_not_understood)
        made.exception_handler(DeskError)(_cannot)
        self._add_doors(made)
        self._add_deeds(made)
        return made

    async def _small(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        self.touched = time.monotonic()
        length = request.headers.get("content-length", "0")
        if (
            not length.isdigit()
            or int(length) > _MOST_BYTES
            or "transfer-encoding" in request.headers
        ):
            return JSONResponse({"said": "this is too large"}, status_code=413)
        return await call_next(request)

    def _add_doors(self, made: FastAPI) -> None:
        @made.get("/enter")
        def enter(token: str = "") -> Response:
            with self._lock:
                if not self.token or not hmac.compare_digest(token.encode(), self.token.encode()):
                    return _bare(
                        "This address was used already, or is not complete. Start again: "
                        "hotlead connect.",
                        403,
                    )
                self.token = ""
                self._session = secrets.token_urlsafe(32)
            answer = _bare("One moment.", onward="/")
            answer.set_cookie(_COOKIE, self._session, httponly=True, samesite="strict")
            return answer

        @made.get("/callback")
        def callback(request: Request) -> Response:
            # Comes from the vendor's page, so without our cookie: its state value proves it.
            try:
                self._desk.end_consent(dict(request.query_params))
            except DeskError as error:
                return _bare(f"The log-in did not succeed: {error}.", 400, back="/")
            return _bare("Logged in. One moment.", onward="/#consent")

        @made.get("/")
        def page(request: Request) -> Response:
            if not self._is_ours(request):
                return _bare("Open the address that hotlead connect has printed.", 403)
            return static_file("connect.html", "worker.connect")

        @made.get("/static/{name}")
        def static(name: str) -> Response:
            if name not in _FILES:
                raise HTTPException(404)
            return static_file(name, _FILES[name])

    def _add_deeds(self, made: FastAPI) -> None:
        ours = [Depends(self._let_in)]
        deed = [*ours, Depends(same_origin)]

        @made.get("/state", dependencies=ours)
        def state() -> Response:
            return self._told()

        @made.post("/choose", dependencies=deed)
        def choose(asked: Choice) -> Response:
            self._desk.choose(flow=asked.flow, pattern=asked.pattern)
            return self._told()

        @made.post("/answer", dependencies=deed)
        def answer(asked: Answer) -> Response:
            self._desk.give(asked.name, asked.text)
            return self._told()

        @made.post("/consent", dependencies=deed)
        def consent() -> Response:
            return JSONResponse({"url": self._desk.start_consent()}, headers=HEADERS)

        @made.post("/test", dependencies=deed)
        def test() -> Response:
            self._desk.test()
            return self._told()

        @made.post("/install", dependencies=deed)
        def install() -> Response:
            self._desk.install()
            return self._told()

        @made.post("/write", dependencies=deed)
        def write() -> Response:
            self._desk.write()
            return self._told()

        @made.post("/end", dependencies=deed)
        def end() -> Response:
            self._desk.ended.set()
            return JSONResponse({"ended": True}, headers=HEADERS)

    def _told(self) -> Response:
        return JSONResponse(self._desk.state(), headers=HEADERS)

    def _is_ours(self, request: Request) -> bool:
        given = request.cookies.get(_COOKIE, "")
        return bool(self._session) and hmac.compare_digest(given.encode(), self._session.encode())

    def _let_in(self, request: Request) -> None:
        if not self._is_ours(request):
            raise HTTPException(403, "open the address that hotlead connect has printed")


def _bare(text: str, status: int = 200, *, onward: str = "", back: str = "") -> HTMLResponse:
    """A page of one sentence. It leads on by itself, as a navigation of our own: after one of
    another site's the browser would hold the cookie back."""
    refresh = f'<meta http-equiv="refresh" content="0;url={onward}">' if onward else ""
    link = f'<p><a href="{back}">Back to the guide</a></p>' if back else ""
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" '
        'content="width=device-width, initial-scale=1"><meta name="color-scheme" '
        'content="light dark"><title>Hotlead</title><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/static/base.css">'
        f'<link rel="stylesheet" href="/static/connect.css">{refresh}</head><body>'
        f'<main class="bare"><h1>Hotlead</h1><p>{escape(text)}</p>{link}</main></body></html>'
    )
    return HTMLResponse(body, status, headers=HEADERS)


async def _not_understood(_: Request, __: Exception) -> Response:
    """What was sent is not repeated: it may be a secret in the wrong place."""
    return JSONResponse({"said": "this was not understood"}, status_code=422, headers=HEADERS)


async def _cannot(_: Request, error: Exception) -> Response:
    return JSONResponse({"said": str(error)}, status_code=409, headers=HEADERS)


def show(
    guided: Guided, terminal: Terminal, *, port: int, open_browser: bool, install: bool
) -> Desk:
    """Serve the page until the admin ends it. Raises UsageError when the port is taken."""
    with ExitStack() as stack:
        listening = listening_on(port)
        at = f"http://localhost:{listening.getsockname()[1]}"
        guided.redirect_uri = f"{at}/callback"
        desk = Desk(guided, install=install)
        page = Page(desk)
        stack.enter_context(serving(page.app(), listening))
        address = f"{at}/enter?token={page.token}"
        terminal.say(f"The guide is at {address} (it opens once). Ctrl-C ends it.")
        if open_browser:
            stack.enter_context(opened_in_browser(address))
        while not desk.ended.wait(0.5):
            if time.monotonic() - page.touched > IDLE_SECONDS:
                raise UsageError("nobody looked at the page for an hour, so it was closed")
    return desk
