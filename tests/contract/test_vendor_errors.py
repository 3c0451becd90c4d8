"""Every error that the vendors are known to answer with, through the real clients: what it means.

The bodies are those that people got from the live services. One server serves all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.errors import (
    AuthError,
    ConfigError,
    ConnectorError,
    LimitError,
    PermanentError,
    TemporaryError,
    UnclearError,
)
from connectors.hubspot.errors import MEANINGS as HUBSPOT
from connectors.hubspot.errors import GoneError, ScopeError
from connectors.hubspot.errors import OwnerError as HubspotOwnerError
from connectors.salesforce.errors import MEANINGS as SALESFORCE
from connectors.salesforce.errors import MovedError, NotFoundError, OwnerError
from connectors.sandbox.faults import Fault
from tests.contract import hubspot_kit, salesforce_kit
from tests.contract.hubspot_kit import Kit
from tests.contract.salesforce_kit import Bench

COLLECTION = "/services/data/v66.0/composite/sobjects/Task"
CREATE = "/crm/v3/objects/tasks/batch/create"
MISSING = "MISSING_CONDITIONAL_REQUIRED_PROPERTY"


@pytest.fixture(scope="module")
def org() -> Iterator[Bench]:
    with salesforce_kit.bench() as made:
        made.load()
        yield made


@pytest.fixture(scope="module")
def kit() -> Iterator[Kit]:
    with hubspot_kit.running() as made:
        made.connector().ensure_properties()
        yield made


def salesforce(org: Bench, status: int, body: Any, **headers: str) -> ConnectorError | None:
    """What the connector makes of it when the org answers each write so."""
    crm = org.crm()
    crm.write_activities([salesforce_kit.draft("task:first")])
    fault = Fault(
        kind="status", path=COLLECTION, status=status, body=body, headers=headers, times=-1
    )
    org.box.faults.order(fault)
    try:
        [result] = crm.write_activities([salesforce_kit.draft()])
    finally:
        org.box.faults.clear()
    return result.error


def row(*errors: tuple[str, str, list[str]]) -> Any:
    told = [{"statusCode": code, "message": said, "fields": names} for code, said, names in errors]
    return [{"success": False, "errors": told}]


ROWS: list[tuple[str, str, list[str], type[ConnectorError], int | None]] = [
    (
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access to this record",
        [],
        TemporaryError,
        None,
    ),
    (
        "UNABLE_TO_LOCK_ROW",
        "unable to obtain exclusive access to this record or 1 records: 001XXXXXXXXXXXXXX",
        [],
        TemporaryError,
        None,
    ),
    (
        "API_CURRENTLY_DISABLED",
        "Because of a system issue, API is disabled",
        [],
        TemporaryError,
        None,
    ),
    ("CONCURRENT_REQUESTS_LIMIT_EXCEEDED", "too many", [], TemporaryError, None),
    ("QUERY_TIMEOUT", "Your query request was running for too long.", [], TemporaryError, None),
    ("SERVER_UNAVAILABLE", "server temporarily unavailable", [], TemporaryError, None),
    (
        "PROCESSING_HALTED",
        "The transaction was rolled back since another operation in the same transaction failed.",
        [],
        TemporaryError,
        None,
    ),
    ("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back", [], TemporaryError, None),
    ("UNKNOWN_EXCEPTION", "An unexpected error occurred", [], TemporaryError, 5),
    ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", [], LimitError, None),
    ("SOMETHING_NEW", "never seen", [], TemporaryError, 8),
    ("DUPLICATE_VALUE", "duplicate value found: HLR_Alert_Key__c", [], PermanentError, None),
    ("ENTITY_IS_DELETED", "entity is deleted", ["WhoId"], MovedError, None),
    ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", ["WhatId"], MovedError, None),
    ("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", [], MovedError, None),
    ("FIELD_INTEGRITY_EXCEPTION", "Related To ID: must be empty", ["WhatId"], MovedError, None),
    ("FIELD_INTEGRITY_EXCEPTION", "There is a problem", ["Status"], PermanentError, None),
    ("INACTIVE_OWNER_OR_USER", "operation performed with inactive user", [], OwnerError, None),
    ("OP_WITH_INVALID_USER_TYPE_EXCEPTION", "Operation not valid", [], OwnerError, None),
    ("TRANSFER_REQUIRES_READ", "The new owner must have read", [], OwnerError, None),
    ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Invalid value", ["Subject"], ConfigError, None),
    ("FIELD_FILTER_VALIDATION_EXCEPTION", "Value does not exist", [], ConfigError, None),
    ("REQUIRED_FIELD_MISSING", "Required fields are missing: [X__c]", ["X__c"], ConfigError, None),
    ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "T: BeforeInsert", [], ConfigError, None),
    ("DUPLICATES_DETECTED", "Use one of these records?", [], ConfigError, None),
    ("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights", [], ConfigError, None),
    ("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "insufficient", [], ConfigError, None),
    ("INSUFFICIENT_ACCESS", "insufficient access", [], ConfigError, None),
    ("INVALID_FIELD", "No such column", [], ConfigError, None),
    ("INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields", [], ConfigError, None),
    ("INVALID_TYPE", "sObject type is not supported", [], ConfigError, None),
    ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value", ["Status"], ConfigError, None),
    ("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", [], ConfigError, None),
    ("FUNCTIONALITY_NOT_ENABLED", "not enabled", [], ConfigError, None),
    ("API_DISABLED_FOR_ORG", "The REST API is not enabled", [], ConfigError, None),
    ("NOT_FOUND", "The requested resource does not exist", [], ConfigError, None),
    ("UNSUPPORTED_API_VERSION", "Invalid Api version", [], ConfigError, None),
    ("INVALID_SESSION_ID", "Session expired or invalid", [], AuthError, None),
    ("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", [], AuthError, None),
    ("INVALID_LOGIN", "Invalid username, password", [], AuthError, None),
    ("STRING_TOO_LONG", "data value too large", ["Subject"], PermanentError, None),
    ("NUMBER_OUTSIDE_VALID_RANGE", "value outside of valid range", [], PermanentError, None),
    ("INVALID_EMAIL_ADDRESS", "invalid email address", [], PermanentError, None),
    ("EXCEEDED_ID_LIMIT", "more than 600000 records", [], PermanentError, None),
    ("INVALID_REPLICATION_DATE", "start date before org", [], PermanentError, None),
    ("JSON_PARSER_ERROR", "Cannot deserialize", [], PermanentError, None),
    ("MALFORMED_ID", "id value of incorrect type", [], PermanentError, None),
    ("MALFORMED_QUERY", "unexpected token", [], PermanentError, None),
]


@pytest.mark.parametrize(
    ("code", "said", "fields", "kind", "tries"), ROWS, ids=[one[0] for one in ROWS]
)
def test_an_error_of_a_row_in_salesforce(
    org: Bench,
    code: str,
    said: str,
    fields: list[str],
    kind: type[ConnectorError],
    tries: int | None,
) -> None:
    error = salesforce(org, 200, row((code, said, fields)))
    assert isinstance(error, kind)
    assert isinstance(error, ConfigError) is issubclass(kind, ConfigError)
    assert isinstance(error, PermanentError) is issubclass(kind, PermanentError)
    assert bool(error.mend) is issubclass(kind, ConfigError)
    assert code in str(error)
    assert code not in SALESFORCE or SALESFORCE[code].says in str(error)
    assert getattr(error, "tries", None) == tries


def test_every_code_of_the_table_has_a_row() -> None:
    assert {one[0] for one in ROWS} - {"SOMETHING_NEW"} == set(SALESFORCE)


def test_several_errors_of_one_row_are_all_told_and_the_lasting_one_counts(org: Bench) -> None:
    body = row(
        ("UNABLE_TO_LOCK_ROW", "locked", []),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Invalid value passed to CloseDate", ["CloseDate"]),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "Invalid value passed to Amount", ["Amount"]),
    )
    error = salesforce(org, 200, body)
    assert isinstance(error, ConfigError)
    for said in ("CloseDate", "Amount", "UNABLE_TO_LOCK_ROW"):
        assert said in str(error)


def test_a_row_without_a_reason_is_unclear(org: Bench) -> None:
    assert isinstance(salesforce(org, 200, [{"success": False, "errors": []}]), UnclearError)


def whole(code: str, said: str = "words") -> Any:
    return [{"errorCode": code, "message": said}]


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind"),
    [
        (403, whole("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), {}, LimitError),
        (403, whole("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests exceeded."), {}, LimitError),
        (400, whole("REQUEST_LIMIT_EXCEEDED", "Selecting compound data"), {}, PermanentError),
        (429, [], {}, LimitError),
        (400, whole("UNABLE_TO_LOCK_ROW"), {}, TemporaryError),
        (500, whole("UNABLE_TO_LOCK_ROW"), {}, TemporaryError),
        (503, whole("SERVER_UNAVAILABLE"), {"Retry-After": "0"}, TemporaryError),
        (500, whole("UNKNOWN_EXCEPTION"), {}, UnclearError),
        (502, "<html>", {}, UnclearError),
        (503, "<html>", {}, UnclearError),
        (500, whole("API_CURRENTLY_DISABLED"), {}, TemporaryError),
        (401, whole("INVALID_SESSION_ID"), {}, AuthError),
        (403, whole("API_DISABLED_FOR_ORG"), {}, ConfigError),
        (404, whole("NOT_FOUND"), {}, NotFoundError),
        (400, whole("SOMETHING_NEW"), {}, PermanentError),
        (200, "<html>a proxy says hello</html>", {}, UnclearError),
        (200, [], {}, UnclearError),
    ],
)
def test_an_error_of_a_whole_call_to_salesforce(
    org: Bench, status: int, body: Any, headers: dict[str, str], kind: type[ConnectorError]
) -> None:
    assert type(salesforce(org, status, body, **headers)) is kind


def hubspot(kit: Kit, status: int, body: Any, **headers: str) -> ConnectorError | None:
    """What the connector makes of it when HubSpot answers each create so."""
    kit.fault("status", CREATE, status=status, body=body, headers=headers, times=-1)
    try:
        [result] = kit.connector().write_activities([hubspot_kit.draft()])
    finally:
        kit.sandbox.faults.clear()
    return result.error


def partial(code: str, category: str = "VALIDATION_ERROR", name: str = "hs_task_status") -> Any:
    """An answer of which one row, ours, was refused."""
    details = [{"message": "no", "code": code, "context": {"propertyName": [name]}}]
    error = {
        "status": "error",
        "category": category,
        "message": "Property values were not valid",
        "errors": details if code else [],
        "context": {"objectWriteTraceId": ["hlr-0"]},
    }
    return {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [error]}


@pytest.mark.parametrize(
    ("code", "category", "kind", "tries"),
    [
        ("INVALID_DATE", "VALIDATION_ERROR", PermanentError, None),
        ("INVALID_NUMBER", "VALIDATION_ERROR", PermanentError, None),
        ("INVALID_VALUE", "VALIDATION_ERROR", PermanentError, None),
        ("PROPERTY_VALUE_TOO_LONG", "VALIDATION_ERROR", PermanentError, None),
        ("", "VALIDATION_ERROR", PermanentError, None),
        ("PROPERTY_DOESNT_EXIST", "VALIDATION_ERROR", ConfigError, None),
        (MISSING, "VALIDATION_ERROR", ConfigError, None),
        ("MISSING_REQUIRED_PROPERTY", "VALIDATION_ERROR", ConfigError, None),
        ("INVALID_OPTION", "VALIDATION_ERROR", ConfigError, None),
        ("READ_ONLY_VALUE", "VALIDATION_ERROR", ConfigError, None),
        ("", "EXPIRED_AUTHENTICATION", AuthError, None),
        ("", "INVALID_AUTHENTICATION", AuthError, None),
        ("INVALID_OWNER_ID", "VALIDATION_ERROR", HubspotOwnerError, None),
        ("", "OBJECT_NOT_FOUND", GoneError, None),
        ("", "RATE_LIMITS", LimitError, None),
        ("", "INTERNAL_ERROR", UnclearError, 5),
        ("SOMETHING_NEW", "BRAND_NEW", UnclearError, 8),
    ],
)
def test_an_error_of_a_row_in_hubspot(
    kit: Kit, code: str, category: str, kind: type[ConnectorError], tries: int | None
) -> None:
    error = hubspot(kit, 207, partial(code, category))
    assert isinstance(error, kind)
    assert isinstance(error, ConfigError) is issubclass(kind, ConfigError)
    assert isinstance(error, PermanentError) is issubclass(kind, PermanentError)
    assert bool(error.mend) is issubclass(kind, ConfigError)
    assert getattr(error, "tries", None) == tries
    if kind is ConfigError:
        assert "hs_task_status" in str(error)


@pytest.mark.parametrize(
    "code",
    ["CONFLICTING_UNIQUE_VALUE", "CONFLICT", "OBJECT_ALREADY_EXISTS", "PROPERTY_WITH_NAME_EXISTS"],
)
def test_a_task_that_is_there_already_is_brought_up_to_date(kit: Kit, code: str) -> None:
    body = partial(code if code == "CONFLICTING_UNIQUE_VALUE" else "", code)
    assert hubspot(kit, 207, body) is None


def test_every_code_of_hubspot_s_table_is_held() -> None:
    held = {
        "CONFLICT",
        "CONFLICTING_UNIQUE_VALUE",
        "EXPIRED_AUTHENTICATION",
        "INTERNAL_ERROR",
        "INVALID_AUTHENTICATION",
        "INVALID_DATE",
        "INVALID_NUMBER",
        "INVALID_OPTION",
        "INVALID_OWNER_ID",
        "INVALID_VALUE",
        MISSING,
        "MISSING_REQUIRED_PROPERTY",
        "OBJECT_ALREADY_EXISTS",
        "OBJECT_NOT_FOUND",
        "PROPERTY_DOESNT_EXIST",
        "PROPERTY_VALUE_TOO_LONG",
        "PROPERTY_WITH_NAME_EXISTS",
        "RATE_LIMITS",
        "READ_ONLY_VALUE",
        "VALIDATION_ERROR",
    }
    assert set(HUBSPOT) == held


SECONDLY = {
    "status": "error",
    "message": "You have reached your secondly limit.",
    "errorType": "RATE_LIMIT",
    "policyName": "SECONDLY",
}
SCOPES = {
    "category": "MISSING_SCOPES",
    "errors": [{"context": {"requiredGranularScopes": ["crm.objects.contacts.write"]}}],
}


@pytest.mark.parametrize(
    ("status", "body", "headers", "kind", "wait"),
    [
        (429, SECONDLY, {}, LimitError, 10.0),
        (500, SECONDLY, {}, LimitError, 10.0),
        (429, SECONDLY | {"policyName": "DAILY"}, {}, LimitError, 900.0),
        (423, {"message": "locked"}, {}, TemporaryError, 2.0),
        (423, {"message": "locked"}, {"Retry-After": "5"}, TemporaryError, 5.0),
        (477, {"message": "migration"}, {"Retry-After": "86400"}, TemporaryError, 86400.0),
        (500, {"message": "internal"}, {}, UnclearError, None),
        (502, "<html>", {}, UnclearError, None),
        (408, {}, {}, UnclearError, None),
        (401, {"category": "EXPIRED_AUTHENTICATION", "message": "expired"}, {}, AuthError, None),
        (403, SCOPES, {}, ScopeError, None),
        (404, {"message": "resource not found"}, {}, GoneError, None),
        (
            400,
            {"errors": [{"code": MISSING, "context": {"propertyName": ["x"]}}]},
            {},
            ConfigError,
            None,
        ),
        (400, {"message": "odd"}, {}, PermanentError, None),
        (200, "<html>", {}, UnclearError, None),
    ],
)
def test_an_error_of_a_whole_call_to_hubspot(
    kit: Kit,
    status: int,
    body: Any,
    headers: dict[str, str],
    kind: type[ConnectorError],
    wait: float | None,
) -> None:
    error = hubspot(kit, status, body, **headers)
    assert type(error) is kind
    assert getattr(error, "retry_after", None) == wait
