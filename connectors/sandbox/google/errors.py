"""Google's refusals as it words them.

https://developers.google.com/workspace/calendar/api/guides/errors
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from starlette.responses import JSONResponse


class GoogleError(Exception):
    """A refusal of the Calendar API."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "global",
        parameter: str = "",
        more: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        part = {"domain": domain, "reason": reason, "message": message}
        if parameter:
            part |= {"locationType": "parameter", "location": parameter}
        self.status = status
        self.body = {"error": {"errors": [part], "code": status, "message": message, **more}}

    def response(self) -> JSONResponse:
        """As it is answered."""
        return JSONResponse(self.body, self.status)


class TokenError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"error": error, "error_description": description}

    def response(self) -> JSONResponse:
        """As it is answered."""
        return JSONResponse(self.body, self.status)


def invalid(parameter: str, message: str = "Invalid value") -> GoogleError:
    """A parameter that cannot be."""
    return GoogleError(400, "invalid", message, parameter=parameter)


def no_credentials(message: str = "Invalid Credentials") -> GoogleError:
    """No token, or one that is not good."""
    return GoogleError(401, "authError", message)


def too_little_scope() -> GoogleError:
    """A token that was given for something else."""
    info = "type.googleapis.com/google.rpc.ErrorInfo"
    return GoogleError(
        403,
        "insufficientPermissions",
        "Request had insufficient authentication scopes.",
        more={
            "status": "PERMISSION_DENIED",
            "details": [{"@type": info, "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}],
        },
    )


def not_enabled() -> GoogleError:
    """A project in which nobody enabled the API."""
    message = "Google Calendar API has not been used in project 1 before or it is disabled."
    return GoogleError(403, "accessNotConfigured", message, domain="usageLimits")
