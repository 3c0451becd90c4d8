"""The demo page and its few routes. For the person at this machine and nobody else."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from worker.demo.controls import SIGNALS, WITH_TIER, ControlError, DemoControls
from worker.web.local import SHARED, loopback_only, same_origin, static_file

_OWN = ("page.css", "page.js", "flow.js", "detail.js", "slack.js", "words.js")
_FILES = {**SHARED, **dict.fromkeys(_OWN, "worker.demo")}
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
    action: Literal["claim", "acknowledge", "snooze", "not_mine", "noise", "why"]
    choice: str = Field("", max_length=40, pattern="^[a-z0-9_]*$")
    words: Annotated[str, Field(min_length=1, max_length=300)] | None = None


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
    made = APIRouter(dependencies=[Depends(loopback_only)], include_in_schema=False)

    @made.get("/")
    def page() -> Response:
        return static_file("page.html", "worker.demo")

    @made.get("/demo/static/{name}")
    def static(name: str) -> Response:
        if name not in _FILES:
            raise HTTPException(404)
        return static_file(name, _FILES[name])

    @made.get("/demo/state")
    def state() -> Response:
        return JSONResponse(demo.state(), headers={"Cache-Control": "no-store"})

    _add_verbs(made, demo)
    return made


def _add_verbs(made: APIRouter, demo: DemoControls) -> None:
    own = [Depends(same_origin)]

    @made.post("/demo/signal", dependencies=own)
    def signal(asked: SignalIn) -> Response:
        if asked.kind not in SIGNALS:
            raise HTTPException(422, f"unknown kind; use one of {', '.join(SIGNALS)}")
        tier = asked.tier if asked.kind in WITH_TIER else None
        return _said(lambda: demo.send_signal(asked.prospect, asked.kind, tier))

    @made.post("/demo/press", dependencies=own)
    def press(asked: PressIn) -> Response:
        return _said(
            lambda: demo.press(asked.person, asked.alert, asked.action, asked.choice, asked.words)
        )

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
