"""Microsoft's refusals as it words them: of Entra ID's token endpoint, and of Graph.

https://learn.microsoft.com/entra/identity-platform/reference-error-codes
https://learn.microsoft.com/graph/errors
"""

from __future__ import annotations

from uuid import uuid4

from starlette.responses import JSONResponse


class EntraError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, status: int, error: str, code: int, told: str) -> None:
        super().__init__(told)
        trace = f"Trace ID: {uuid4()} Correlation ID: {uuid4()}"
        self.status = status
        self.body = {
            "error": error,
            "error_description": f"AADSTS{code}: {told} {trace}",
            "error_codes": [code],
            "error_uri": f"https://login.microsoftonline.com/error?code={code}",
        }

    def response(self) -> JSONResponse:
        """As it is answered."""
        return JSONResponse(self.body, self.status)


class GraphError(Exception):
    """A refusal of Graph."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        inner = {"request-id": str(uuid4()), "client-request-id": str(uuid4())}
        self.body = {"error": {"code": code, "message": message, "innerError": inner}}

    def response(self) -> JSONResponse:
        """As it is answered."""
        return JSONResponse(self.body, self.status)


def denied() -> GraphError:
    """A permission that nobody granted, or a mailbox outside of what the app may see."""
    return GraphError(
        403, "ErrorAccessDenied", "Access is denied. Check credentials and try again."
    )


def no_user(who: str) -> GraphError:
    """A user whom the tenant does not know."""
    return GraphError(404, "ErrorInvalidUser", f"The requested user '{who}' is invalid.")


def no_mailbox() -> GraphError:
    """A user without a mailbox in Exchange Online."""
    told = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
    return GraphError(404, "MailboxNotEnabledForRESTAPI", told)


def bad_query(told: str) -> GraphError:
    """An option that cannot be."""
    return GraphError(400, "RequestBroker--ParseUri", told)
