"""Each refusal of HubSpot means one of our errors."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import (
    AuthError,
    ConfigError,
    LimitError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from connectors.hubspot.errors import ConflictError, GoneError, ScopeError, refusal

LIMIT = {"errorType": "RATE_LIMIT", "policyName": "SECONDLY"}
DAILY = {"errorType": "RATE_LIMIT", "policyName": "DAILY"}
NO_PROPERTY = {"errors": [{"code": "PROPERTY_DOESNT_EXIST"}]}
IN_TEXT = {"message": 'Property values were not valid: [{"error":"PROPERTY_DOESNT_EXIST"}]'}
NEEDED = {"errors": [{"code": "MISSING_CONDITIONAL_REQUIRED_PROPERTY"}]}
SCOPES = {"errors": [{"context": {"requiredGranularScopes": ["crm.objects.users.read"]}}]}
OLD_SCOPES = {"errors": [{"context": {"requiredScopes": ["contacts"]}}]}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {}, AuthError),
        (403, SCOPES, ScopeError),
        (403, OLD_SCOPES, ScopeError),
        (403, {}, ConfigError),
        (404, {}, GoneError),
        (409, {"category": "CONFLICT"}, ConflictError),
        (400, {"errors": [{"code": "CONFLICTING_UNIQUE_VALUE"}]}, ConflictError),
        (400, NO_PROPERTY, ConfigError),
        (400, IN_TEXT, ConfigError),
        (400, NEEDED, ConfigError),
        (400, {"message": "odd"}, PermanentError),
        (423, {}, TemporaryError),
        (429, LIMIT, LimitError),
        (500, LIMIT, LimitError),
        (477, {}, TemporaryError),
        (408, {}, TemporaryError),
        (502, {}, TemporaryError),
        (0, {}, ConfigError),
    ],
)
def test_a_status_and_body_mean_one_error(
    status: int, body: dict[str, Any], kind: type[Exception]
) -> None:
    assert type(refusal("reading", status, body, {})) is kind


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_write_that_failed_on_their_side_is_unclear(status: int) -> None:
    assert type(refusal("writing", status, {}, {}, writing=True)) is UnclearError


@pytest.mark.parametrize(
    ("status", "body", "headers", "wait"),
    [
        (429, LIMIT, {}, 10.0),
        (429, LIMIT, {"Retry-After": "3"}, 3.0),
        (429, DAILY, {}, 900.0),
        (423, {}, {}, 2.0),
        (477, {}, {"retry-after": "60"}, 60.0),
        (503, {}, {"Retry-After": "soon"}, None),
    ],
)
def test_the_time_to_wait_is_theirs_or_a_sensible_one(
    status: int, body: dict[str, Any], headers: dict[str, str], wait: float | None
) -> None:
    error = refusal("reading", status, body, headers)
    assert isinstance(error, TemporaryError)
    assert error.retry_after == wait


def test_a_missing_scope_is_named_with_its_mend() -> None:
    error = refusal("reading users", 403, SCOPES, {})
    assert "crm.objects.users.read" in str(error)
    assert "crm.objects.users.read" in error.mend
