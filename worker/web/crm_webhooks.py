"""The routes by which a CRM tells us that something changed: verified, taken as hints, answered."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from connectors.base import HookRefusedError, Webhook
from worker.context import Context
from worker.hints import Hints
from worker.sections import WebSettings
from worker.web.signals import Refusal

_UNTRUE = 401
log = logging.getLogger(__name__)


def webhook_router(ctx: Context, hints: Hints, hook: Webhook, web: WebSettings) -> APIRouter:
    """The route of one webhook. It stores nothing itself, so it answers at once."""
    router = APIRouter()
    refusal: dict[str, Any] = {"model": Refusal}

    @router.post(
        hook.path,
        status_code=204,
        response_class=Response,
        responses=dict.fromkeys((400, 401, 413), refusal),
        summary=f"Calls of the {hook.name}",
        tags=["crm"],
        openapi_extra={
            "requestBody": {"content": {"application/json": {"schema": {"type": "array"}}}}
        },
    )
    async def take(request: Request) -> Response:
        """The CRM says what changed. It is read there sooner; nothing here is taken as a fact."""
        try:
            body = await _body(request, hook.longest)
            url = _known_as(request, web)
            headers = {name.lower(): value for name, value in request.headers.items()}
            found = hook.take(request.method, url, headers, body, ctx.clock.now())
        except HookRefusedError as error:
            hints.refuse(hook.name)
            log.warning("%s: a call was refused: %s", hook.name, error)
            return _refused(error)
        for hint in found:
            hints.tell(hook.name, hook.settle, hint)
        return Response(status_code=204)

    return router


def _known_as(request: Request, web: WebSettings) -> str:
    """The address by which the caller knows this route, which it has signed."""
    path = request.scope.get("raw_path", b"").decode("ascii", "replace").partition("?")[0]
    query = request.scope.get("query_string", b"").decode("ascii", "replace")
    base = web.public_url or f"{request.url.scheme}://{request.headers.get('host', '')}"
    return f"{base}{path}?{query}" if query else f"{base}{path}"


async def _body(request: Request, longest: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > longest:
            raise HookRefusedError(413, f"the body is longer than {longest} bytes")
    return b"".join(parts)


def _refused(error: HookRefusedError) -> JSONResponse:
    mends = {
        _UNTRUE: "see that the CRM signs with the secret set here, and that web.public_url is the "
        "address that the CRM calls",
        413: "send smaller batches",
    }
    # The rest of a body that is too long is not read: the connection ends with the answer.
    headers = {"connection": "close"} if error.status == 413 else None
    body = Refusal(error=str(error), mend=mends.get(error.status, "send a JSON list of events"))
    return JSONResponse(body.model_dump(), status_code=error.status, headers=headers)
