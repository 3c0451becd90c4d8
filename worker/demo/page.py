"""The demo page and its few routes. For the person at this machine and nobody else.

A page on another site could make a browser call these routes, also under a name that resolves to
this machine; so every request must name a loopback host, and one that changes anything must come
from our own origin with a JSON body, which no form can send.
"""

from __future__ import annotations

from importlib.resources import files
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from worker.demo.controls import SIGNALS, WITH_TIER, ControlError, DemoControls

_FILES = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.css": ("page.css", "text/css; charset=utf-8"),
    **{
        name: (name, "text/javascript; charset=utf-8")
        for name in ("page.js", "dom.js", "flow.js", "detail.js", "slack.js", "words.js")
    },
}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_Text = Annotated[str, Field(min_length=1, max_length=320)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignalIn(_Strict):
    """A signal of the visitor's own."""

    prospect: _Text
    kind: str
    tier: int | None = Field(None, ge=1, le=5)


class PressIn(_Strict):
    """A button pressed as a rep."""

    person: _Text
    alert: _Text
    action: Literal["claim", "acknowledge", "snooze", "not_mine", "noise"]


class RespondIn(_Strict):
    """A contact with the prospect, logged in the CRM."""

    person: _Text
    alert: _Text
    kind: Literal["email", "call"]


class AwayIn(_Strict):
    """A rep goes out of office."""

    person: _Text
    hours: int = Field(ge=1, le=24 * 14)


class ForwardIn(_Strict):
    """Time passes."""

    minutes: int = Field(ge=1, le=24 * 60)


def router(demo: DemoControls) -> APIRouter:
    """The page at ``/`` and everything that it calls."""
    made = APIRouter(dependencies=[Depends(_loopback)], include_in_schema=False)

    @made.get("/")
    def page() -> Response:
        return _file("")

    @made.get("/demo/static/{name}")
    def static(name: str) -> Response:
        if not name or name not in _FILES:
            raise HTTPException(404)
        return _file(name)

    @made.get("/demo/state")
    def state() -> Response:
        return JSONResponse(demo.state(), headers={"Cache-Control": "no-store"})

    _add_verbs(made, demo)
    return made


def _add_verbs(made: APIRouter, demo: DemoControls) -> None:
    own = [Depends(_same_origin)]

    @made.post("/demo/signal", dependencies=own)
    def signal(asked: SignalIn) -> Response:
        if asked.kind not in SIGNALS:
            raise HTTPException(422, f"unknown kind; use one of {', '.join(SIGNALS)}")
        tier = asked.tier if asked.kind in WITH_TIER else None
        return _said(lambda: demo.send_signal(asked.prospect, asked.kind, tier))

    @made.post("/demo/press", dependencies=own)
    def press(asked: PressIn) -> Response:
        return _said(lambda: demo.press(asked.person, asked.alert, asked.action))

    @made.post("/demo/respond", dependencies=own)
    def respond(asked: RespondIn) -> Response:
        return _said(lambda: demo.respond(asked.person, asked.alert, asked.kind))

    @made.post("/demo/away", dependencies=own)
    def away(asked: AwayIn) -> Response:
        return _said(lambda: demo.away(asked.person, asked.hours))

    @made.post("/demo/forward", dependencies=own)
    def forward(asked: ForwardIn) -> Response:
        return _said(lambda: demo.forward(asked.minutes))


def _said(verb: Any) -> Response:
    try:
        return JSONResponse({"ok": True, "said": verb()})
    except ControlError as error:
        return JSONResponse({"ok": False, "said": str(error)}, status_code=409)


def _file(name: str) -> Response:
    path, media = _FILES[name]
    body = (files("worker.demo") / "static" / path).read_bytes()
    return Response(body, media_type=media, headers=_HEADERS)


def _loopback(request: Request) -> None:
    """Refuse a request that was not addressed to this machine by a loopback name."""
    if not _is_loopback(request.headers.get("host", "")):
        raise HTTPException(403, "the demo answers to 127.0.0.1 and localhost only")


def _same_origin(request: Request) -> None:
    """Refuse what another site's page, or a form, made the browser send."""
    origin = request.headers.get("origin")
    host = request.headers.get("host", "")
    site = request.headers.get("sec-fetch-site", "same-origin")
    if origin is not None and urlsplit(origin).netloc != host:
        raise HTTPException(403, "this comes from another page")
    if site not in ("same-origin", "none"):
        raise HTTPException(403, "this comes from another page")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json":
        raise HTTPException(415, "send Content-Type: application/json")


def _is_loopback(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
