"""``/alerts/{id}/why``: the receipt of an alert as a page, for the person at this machine."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import HTMLResponse, Response

from worker.proof.explaining import Explained, explain_alert
from worker.store.alerts import get_alert
from worker.store.engine import Store
from worker.web.local import HEADERS, loopback_only, static_file

_FILES = ("base.css", "why.css")
_UNDER = {"What was known", "The proof", "Why so"}
"""Sections that are the evidence, below the story."""


def why_router(store: Store) -> APIRouter:
    """The page and its files."""
    router = APIRouter(dependencies=[Depends(loopback_only)])

    @router.get("/alerts/static/{name}", include_in_schema=False)
    def static(name: str) -> Response:
        """The page's own files."""
        if name not in _FILES:
            raise HTTPException(404, "there is no such file")
        return static_file(name, "worker.web")

    @router.get("/alerts/{alert_id}/why", include_in_schema=False)
    def why(alert_id: str) -> HTMLResponse:
        """The receipt, or a page that says that there is none."""
        with store.read() as conn:
            alert = get_alert(conn, alert_id)
            found = explain_alert(conn, alert) if alert is not None else None
        return HTMLResponse(
            page(found, alert_id), status_code=200 if found else 404, headers=HEADERS
        )

    return router


def page(found: Explained | None, alert_id: str) -> str:
    """The page as HTML; every text of the CRM, the tracker and the policy is escaped."""
    sections = found.explanation.sections if found else ()
    html: str = _template().render(
        alert_id=alert_id,
        title=found.title if found else "There is no receipt of this alert",
        headline=found.explanation.headline if found else "",
        story=[one for one in sections if one.title not in _UNDER],
        evidence=[one for one in sections if one.title in _UNDER],
    )
    return html


@cache
def _template() -> Any:
    from jinja2 import Environment

    text = (files("worker.web") / "why.html").read_text(encoding="utf-8")
    return Environment(autoescape=True).from_string(text)
