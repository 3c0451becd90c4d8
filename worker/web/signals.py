"""``POST /v1/signals``: verified, parsed, stored, then answered 202."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from worker.intake.accept import Accepted, Intake
from worker.intake.envelope import IntakeError, Limits, Parsed, Rejection, parse
from worker.intake.models import openapi_body, openapi_schemas
from worker.intake.signature import verify


class SignalStatus(BaseModel):
    """What became of one signal: ``accepted`` or ``duplicate``."""

    source: str
    id: str
    status: str


class SignalsAnswer(BaseModel):
    """The answer to a request: counts, each signal's fate, and what was refused and why."""

    accepted: int
    duplicates: int
    rejected: list[Rejection]
    signals: list[SignalStatus]


class Refusal(BaseModel):
    """Why a whole request was refused, and the mend."""

    error: str
    mend: str


class Door:
    """What the route needs: where signals go, how much may come, who may send, what time it is."""

    def __init__(
        self, intake: Intake, limits: Limits, secrets: str | None, now: Callable[[], datetime]
    ) -> None:
        self._intake = intake
        self._limits = limits
        self._secrets = secrets
        self._now = now

    async def take(self, request: Request) -> JSONResponse:
        """Verify, parse, store; answered after the commit."""
        try:
            parsed = self._parsed(request, await _body(request, self._limits.max_body_bytes))
        except IntakeError as error:
            return _refused(error.status, error.what, error.mend)
        try:
            stored = await asyncio.wrap_future(self._intake.accept(parsed.signals))
        except Exception:
            # Whatever the store ran into is logged there; the sender only needs to come back.
            return _refused(503, "the signals could not be stored", "send them again later")
        return JSONResponse(_answer(parsed, stored).model_dump(), status_code=parsed.status)

    def _parsed(self, request: Request, body: bytes) -> Parsed:
        moment = self._now()
        if self._secrets:
            reason = verify(self._secrets, request.headers, body, moment)
            if reason is not None:
                raise IntakeError(401, reason, "sign the body with HOTLEAD_SIGNALS_SECRET")
        return parse(body, request.headers, limits=self._limits, received_at=moment)


def signals_router(door: Door) -> APIRouter:
    """The route ``POST /v1/signals``, described for OpenAPI."""
    router = APIRouter()
    refusal: dict[str, Any] = {"model": Refusal}

    @router.post(
        "/v1/signals",
        status_code=202,
        response_model=SignalsAnswer,
        responses={
            **dict.fromkeys((400, 401, 413, 415, 503), refusal),
            422: {"model": SignalsAnswer | Refusal},
        },
        openapi_extra={"requestBody": openapi_body()},
        summary="Report engagement signals",
        tags=["signals"],
    )
    async def post_signals(request: Request) -> JSONResponse:
        """Report one signal, a batch, or CloudEvents.

        202 means stored on disk. A (source, id) that is known already changes nothing. In a batch
        good signals are accepted and bad ones listed; 422 when none is good.
        """
        return await door.take(request)

    return router


def _answer(parsed: Parsed, stored: Sequence[Accepted]) -> SignalsAnswer:
    known = sum(not one.new for one in stored) + parsed.duplicates
    return SignalsAnswer(
        accepted=sum(one.new for one in stored),
        duplicates=known,
        rejected=parsed.rejected,
        signals=[
            SignalStatus(
                source=one.source, id=one.event_id, status="accepted" if one.new else "duplicate"
            )
            for one in stored
        ],
    )


async def _body(request: Request, longest: int) -> bytes:
    """The whole body; IntakeError 413 as soon as it is longer than allowed."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > longest:
            what = f"the body is longer than {longest} bytes"
            raise IntakeError(413, what, "send smaller batches")
    return b"".join(parts)


def _refused(status: int, what: str, mend: str) -> JSONResponse:
    # The rest of a body that is too long is not read: the connection ends with the answer.
    headers = {"connection": "close"} if status == 413 else None
    body = Refusal(error=what, mend=mend).model_dump()
    return JSONResponse(body, status_code=status, headers=headers)


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The application's OpenAPI document, with the schemas of the envelope in it."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            routes=app.routes,
            description="Report engagement signals; see how the worker is.",
        )
        document.setdefault("components", {}).setdefault("schemas", {}).update(openapi_schemas())
        app.openapi_schema = document
    return app.openapi_schema
