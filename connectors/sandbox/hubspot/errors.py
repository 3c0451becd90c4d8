"""The refusals of the API, with the bodies that the real one sends."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

JSON = dict[str, Any]


class HubspotError(Exception):
    """A refusal: status, body and extra headers of the answer. ``page`` is sent instead, if any."""

    def __init__(
        self,
        status: int,
        body: JSON,
        headers: Mapping[str, str] | None = None,
        page: str = "",
    ) -> None:
        super().__init__(f"{status} {body.get('message', '')}")
        self.status = status
        self.page = page
        self.body = {
            "status": "error",
            "message": "",
            "correlationId": str(uuid.uuid4()),
            **body,
        }
        self.headers = dict(headers or {})


def refused(message: str, **more: Any) -> HubspotError:
    """400: the request itself is wrong."""
    return HubspotError(400, {"message": message, "category": "VALIDATION_ERROR", **more})


def bad_json(what: str) -> HubspotError:
    """400: the body is not the JSON that was asked for."""
    return refused(f"Invalid input JSON on line 1, column 1: {what}")


def bad_values(problems: Sequence[tuple[str, str, str]]) -> HubspotError:
    """400 for (property, code, message) triples."""
    told = [
        {
            "isValid": False,
            "message": message,
            "error": code,
            "name": name,
            "localizedErrorMessage": message,
        }
        for name, code, message in problems
    ]
    errors = [
        {"message": message, "code": code, "context": {"propertyName": [name]}}
        for name, code, message in problems
    ]
    return refused(f"Property values were not valid: {json.dumps(told)}", errors=errors)


def unauthorized() -> HubspotError:
    """401: no token or a wrong one."""
    message = (
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and "
        "you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview"
    )
    return HubspotError(401, {"message": message, "category": "INVALID_AUTHENTICATION"})


def missing_scopes(scopes: Sequence[str]) -> HubspotError:
    """403: the token may not do this."""
    link = "https://developers.hubspot.com/scopes"
    detail = {
        "message": "One or more of the following scopes are required.",
        "context": {"requiredGranularScopes": list(scopes)},
    }
    return HubspotError(
        403,
        {
            "message": "This app hasn't been granted all required scopes to make this call. "
            f"Read more about required scopes here: {link}.",
            "errors": [detail],
            "links": {"scopes": link},
            "category": "MISSING_SCOPES",
        },
    )


def not_found(message: str = "resource not found", **more: Any) -> HubspotError:
    """404."""
    return HubspotError(404, {"message": message, "category": "OBJECT_NOT_FOUND", **more})


def no_page(status: int = 404) -> HubspotError:
    """What the servlet behind the API says of what it does not know: a page, and no JSON."""
    title, said = {
        404: ("Not Found", "Resource not found"),
        405: ("Method Not Allowed", "Method Not Allowed"),
    }[status]
    page = (
        '<html>\n<head>\n<meta http-equiv="Content-Type" content="text/html;charset=utf-8"/>\n'
        f"<title>Error {status} {title}</title>\n</head>\n"
        f"<body><h2>HTTP ERROR {status}</h2>\n<p>{said}</p>\n</body>\n</html>\n"
    )
    return HubspotError(status, {"message": said}, page=page)


def conflict(message: str, **more: Any) -> HubspotError:
    """409."""
    return HubspotError(409, {"message": message, "category": "CONFLICT", **more})


def rate_limited(policy: str, retry_after: float | None = None) -> HubspotError:
    """429: ``policy`` is SECONDLY, TEN_SECONDLY_ROLLING or DAILY."""
    words = {"DAILY": "daily", "SECONDLY": "secondly"}.get(policy, "ten_secondly_rolling")
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    body = {
        "message": f"You have reached your {words} limit.",
        "errorType": "RATE_LIMIT",
        "policyName": policy,
        "requestId": str(uuid.uuid4()),
    }
    return HubspotError(429, body, headers)


def row_error(error: HubspotError, context: Mapping[str, Sequence[str]]) -> JSON:
    """The same refusal as one row of a 207 answer tells it."""
    return {
        "status": "error",
        "category": error.body.get("category", "VALIDATION_ERROR"),
        "message": error.body["message"],
        "errors": error.body.get("errors", []),
        "context": {key: list(values) for key, values in context.items()},
        "links": {},
    }
