"""``/board``: what is open and what can wait, for the person at this machine. Writes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from routing.latency import BAD_MINUTES, GOOD_MINUTES
from worker.board import Board, NoViewError, as_json, board
from worker.context import Context
from worker.web.local import HEADERS, SHARED, loopback_only, static_file

_FILES = {**SHARED, "board.css": "worker.web", "board.js": "worker.web"}
_ENDED = {"digest": "in a digest", "join": "joined an alert", "explain": "explained"}
_RUNGS = {"assignee": "assigned rep", "remind": "reminder"}


def board_router(means: Callable[[], Context]) -> APIRouter:
    """The page, what it asks for again while it is open, the same as JSON, and its files.

    ``means`` gives the worker's as they are.
    """
    router = APIRouter(dependencies=[Depends(loopback_only)], include_in_schema=False)

    @router.get("/board")
    def page(rep: str = "", team: str = "") -> Response:
        """The whole page; of somebody unknown, one that says so."""
        try:
            html = _render("board.html", board(means(), rep, team), means())
        except NoViewError as error:
            html = _render("board.html", board(means()), means(), unknown=str(error))
            return HTMLResponse(html, status_code=404, headers=HEADERS)
        return HTMLResponse(html, headers=HEADERS)

    @router.get("/board/parts")
    def parts(request: Request, rep: str = "", team: str = "") -> Response:
        """What changes on the page, or 304 when nothing has."""
        html = _render("board_parts.html", _found(means(), rep, team), means())
        return _unless_known(request, HTMLResponse(html, headers=HEADERS))

    @router.get("/board.json")
    def json(request: Request, rep: str = "", team: str = "") -> Response:
        """The same for programs, or 304 when nothing has changed."""
        body = as_json(_found(means(), rep, team))
        return _unless_known(request, JSONResponse(body, headers=HEADERS))

    @router.get("/board/static/{name}")
    def static(name: str) -> Response:
        """The page's own files."""
        if name not in _FILES:
            raise HTTPException(404, "there is no such file")
        return static_file(name, _FILES[name])

    return router


def length(minutes: float) -> str:
    """A length of time by a working clock, on which a day has no fixed length: “1 h 5 min”."""
    hours, rest = divmod(round(minutes), 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest and hours < 10 else f"{round(minutes / 60)} h"


def mark(minutes: float) -> str:
    """How a time without a response is judged, by the limits of the latency report."""
    if minutes <= GOOD_MINUTES:
        return "good"
    return "fair" if minutes <= BAD_MINUTES else "bad"


def _found(ctx: Context, rep: str, team: str) -> Board:
    try:
        return board(ctx, rep, team)
    except NoViewError as error:
        raise HTTPException(404, str(error)) from error


def _unless_known(request: Request, answer: Response) -> Response:
    """The answer with its ETag; 304 without a body when the caller has it already."""
    etag = f'"{sha256(answer.body).hexdigest()[:32]}"'
    if etag in (one.strip() for one in request.headers.get("if-none-match", "").split(",")):
        return Response(status_code=304, headers={**HEADERS, "ETag": etag})
    answer.headers["ETag"] = etag
    return answer


def _render(name: str, found: Board, ctx: Context, unknown: str = "") -> str:
    """A template as HTML; every text of the CRM, the tracker and the policy is escaped."""
    teams = [(_at(team=one.email), f"The team of {one.name}") for one in found.choices.teams]
    reps = [(_at(rep=one.email), one.name) for one in found.choices.reps]
    html: str = (
        _templates()
        .get_template(name)
        .render(
            found=found,
            here=_at(rep=found.view.rep, team=found.view.team),
            choices=[one for one in (("Teams", teams), ("Reps", reps)) if one[1]],
            zone=ZoneInfo(ctx.policy.working_hours.time_zone),
            unknown=unknown,
        )
    )
    return html


def _at(rep: str = "", team: str = "") -> str:
    """The address of a view."""
    given = {"rep": rep} if rep else {"team": team} if team else {}
    return "/board" + (f"?{urlencode(given)}" if given else "")


@cache
def _templates() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("worker.web", "."), autoescape=True, undefined=StrictUndefined
    )
    made.globals |= {"length": length, "mark": mark, "ended": _ENDED, "rungs": _RUNGS}
    made.filters["clock"] = _clock
    return made


def _clock(iso: str, zone: ZoneInfo) -> str:
    return f"{datetime.fromisoformat(iso).astimezone(zone):%a %d %b %H:%M}"
