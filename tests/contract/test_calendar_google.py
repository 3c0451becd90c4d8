"""Google Calendar beyond what all calendars share: its log-in, its pages, its refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from connectors.calendar.google.client import pem_of
from connectors.errors import AuthError, ConnectorError, LimitError, TemporaryError
from connectors.sandbox.diary import Entry
from connectors.sandbox.faults import Fault
from connectors.sandbox.google import GoogleSandbox
from routing.nouns import Person
from tests.contract.calendar_kit import ANN, BEN, Desk, desk_of, people, rows

EVENTS = "/calendar/v3"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of("google", tmp_path) as made:
        yield made


@pytest.fixture
def google(desk: Desk) -> GoogleSandbox:
    found = desk.host
    assert isinstance(found, GoogleSandbox)
    return found


def leave(number: int = 2, **more: Any) -> Entry:
    start = date(2026, 11, number)
    values = {"id": f"e{number}", "title": "Leave", "shown": "oof"} | more
    return Entry(start=start, end=start + timedelta(days=1), **values)


def refusal(desk: Desk, **more: Any) -> ConnectorError:
    """What one read of everything is refused by."""
    with pytest.raises(ConnectorError) as caught:
        rows(desk.reader(**more))
    return caught.value


def test_all_pages_are_read_with_one_token_a_person(desk: Desk, google: GoogleSandbox) -> None:
    google.largest_page = 2
    for number in range(1, 6):
        desk.put(ANN, leave(number))
    reader = desk.reader()
    assert len(rows(reader)) == 5
    assert google.calls.count("events primary") == 3 + 1
    assert google.tokens.given == 2
    rows(reader)
    assert google.tokens.given == 2


def test_a_token_that_was_withdrawn_is_replaced_once(desk: Desk, google: GoogleSandbox) -> None:
    desk.put(ANN, leave())
    reader = desk.reader()
    rows(reader)
    google.tokens.living.clear()
    assert len(rows(reader)) == 1
    assert google.tokens.given == 4


def test_titles_count_and_busy_days_do_by_setting(desk: Desk) -> None:
    desk.put(ANN, leave(2, shown="busy", title="Annual leave"))
    desk.put(ANN, leave(4, shown="busy", title="Moving house"))
    assert [one.note for one in rows(desk.reader())] == ["Annual leave"]
    assert len(rows(desk.reader(all_day_busy=True))) == 2


def test_the_others_times_of_google_are_no_absence(desk: Desk, google: GoogleSandbox) -> None:
    """Focus time and working locations are never asked for."""
    desk.put(ANN, leave())
    asked = google.calls
    assert len(rows(desk.reader())) == 1
    assert set(asked) == {"token", "events primary"}


def test_without_delegation_each_calendar_is_shared_with_the_account(
    desk: Desk, google: GoogleSandbox
) -> None:
    google.account.delegated = frozenset()
    google.users[ANN].shared = True
    desk.put(ANN, leave())
    reader = desk.reader(delegation=False)
    assert [one.person_id for one in rows(reader)] == [ANN]
    assert google.tokens.given == 1
    (note,) = reader.notes
    assert BEN in note
    assert "Not Found" in note


@pytest.mark.parametrize(
    ("spoil", "kind", "said", "mend"),
    [
        ("not delegated", AuthError, "may act for nobody", "domain-wide delegation"),
        ("no account", AuthError, "key", "JSON key"),
        ("not enabled", AuthError, "not enabled", "enable the Google Calendar API"),
        ("other key", AuthError, "Invalid JWT Signature", "JSON key"),
        ("no key", AuthError, "no private key", "HOTLEAD_GOOGLE_PRIVATE_KEY_FILE"),
    ],
)
def test_what_is_wrong_with_the_log_in_is_said_once_and_for_all(
    desk: Desk, google: GoogleSandbox, spoil: str, kind: type[ConnectorError], said: str, mend: str
) -> None:
    desk.people += [Person(id=f"p{n}", email=f"p{n}@team.example", name="P") for n in range(20)]
    if spoil == "not delegated":
        google.account.delegated = frozenset()
    elif spoil == "no account":
        google.account.exists = False
    elif spoil == "not enabled":
        google.enabled = False
    elif spoil == "other key":
        google.account.public_key = _other_public_key()
    else:
        google.private_key = "nonsense"
    found = refusal(desk)
    assert isinstance(found, kind)
    assert said in str(found)
    assert mend in found.mend
    assert len(google.calls) <= 8  # four at once, and nobody after them
    reader = desk.reader()
    (check,) = reader.checks()
    assert (check.state, check.name) == ("fail", "absences google calendar")
    assert "nonsense" not in check.text


def _other_public_key() -> str:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, kind).decode()


def test_a_user_whom_google_does_not_know_is_unread_alone(desk: Desk) -> None:
    desk.people.append(Person(id="eve", email="eve@partner.example", name="Eve"))
    reader = desk.reader()
    rows(reader)
    (note,) = reader.notes
    assert "Google knows no user eve@partner.example" in note
    warned = next(one for one in reader.checks() if one.state == "warn")
    assert "except_people" in warned.mend


def reason(name: str, domain: str = "usageLimits") -> dict[str, Any]:
    part = {"domain": domain, "reason": name, "message": name}
    return {"error": {"errors": [part], "code": 403, "message": name}}


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        ({"status": 429, "headers": {"Retry-After": "90"}}, LimitError, 90),
        ({"status": 403, "body": reason("userRateLimitExceeded")}, LimitError, None),
        ({"status": 403, "body": reason("dailyLimitExceeded")}, LimitError, None),
        ({"status": 503, "headers": {"Retry-After": "7"}}, TemporaryError, None),
        ({"status": 410, "body": reason("updatedMinTooLongAgo", "calendar")}, TemporaryError, None),
        ({"status": 200, "body": "<html>Sign in</html>"}, TemporaryError, None),
        ({"kind": "reset_before"}, TemporaryError, None),
        ({"status": 401, "body": reason("authError", "global")}, TemporaryError, None),
        ({"status": 403, "body": reason("insufficientPermissions", "global")}, AuthError, None),
    ],
)
def test_what_the_api_answers_and_what_it_is(
    desk: Desk,
    google: GoogleSandbox,
    fault: dict[str, Any],
    kind: type[ConnectorError],
    wait: float | None,
) -> None:
    usual: dict[str, Any] = {"kind": "status", "path": EVENTS, "times": -1}
    google.faults.order(Fault(**(usual | fault)))
    found = refusal(desk)
    assert type(found) is kind
    assert getattr(found, "retry_after", None) == wait


def test_a_limit_is_waited_for_and_the_longest_waiting_come_first(
    desk: Desk, google: GoogleSandbox
) -> None:
    desk.people[:] = [Person(id=f"p{n}", email=f"p{n}@team.example", name="P") for n in range(8)]
    for one in desk.people:
        google.add_user(one.email)
    limit = Fault(kind="status", path=EVENTS, times=4, skip=4, status=429)
    limit.headers = {"Retry-After": "60"}
    google.faults.order(limit)
    reader = desk.reader()
    told = people(reader)
    assert [told[one.id] for one in desk.people] == [True] * 4 + [False] * 4
    before = len(google.calls)
    desk.now += timedelta(seconds=30)
    with pytest.raises(LimitError):
        list(reader.read(reader.name, None))
    assert len(google.calls) == before
    desk.now += timedelta(seconds=31)
    google.faults.order(Fault(kind="status", path=EVENTS, times=4, skip=4, status=429))
    told = people(reader)
    assert [told[one.id] for one in desk.people] == [False] * 4 + [True] * 4


def test_a_page_that_google_has_lost_is_read_anew_next_time(
    desk: Desk, google: GoogleSandbox
) -> None:
    google.largest_page = 1
    for number in (2, 3):
        desk.put(ANN, leave(number))
    body = reason("invalid", "global")
    lost = Fault(kind="status", path=EVENTS, skip=1, status=400, body=body)
    google.faults.order(lost)
    desk.people[:] = desk.people[:1]
    assert isinstance(refusal(desk), TemporaryError)
    assert len(rows(desk.reader())) == 2


def test_everybody_but_some_and_some_by_name(desk: Desk) -> None:
    assert people(desk.reader()) == {"*": False, ANN: True, BEN: True}
    assert people(desk.reader(except_people=[BEN.upper()])) == {"*": False, BEN: True, ANN: True}
    assert people(desk.reader(people=[ANN])) == {ANN: True}
    stranger = desk.reader(people=[ANN, "zoe@team.example"])
    warned = next(one for one in stranger.checks() if one.state == "warn")
    assert "zoe@team.example" in warned.text
    assert "calendars.google" in warned.mend
    with pytest.raises(ValueError, match="except_people goes with"):
        desk.reader(people=[ANN], except_people=[BEN])
    with pytest.raises(ValueError, match="'nobody' is nobody; write everybody"):
        desk.reader(people="nobody")
    with pytest.raises(ValueError, match="'ann' is no e-mail"):
        desk.reader(people=["ann"])


def test_the_key_is_a_pem_or_the_whole_key_file() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n"
    assert pem_of(SecretStr(pem)) == pem
    for text in ('{"private_key": "A\\nB"}', '{"private_key": "A\nB"}'):
        assert pem_of(SecretStr(text)) == "A\nB"


@pytest.mark.parametrize(
    ("query", "status", "why"),
    [
        ({"pageToken": "made-up"}, 400, "invalid"),
        ({"fields": "items(nonsense)"}, 400, "invalidParameter"),
        ({"eventTypes": "holiday"}, 400, "invalid"),
        ({"timeMin": "2026-11-01"}, 400, "badRequest"),
        ({"timeMax": "2026-10-01T00:00:00Z"}, 400, "timeRangeEmpty"),
        ({"showNonsense": "1"}, 400, "badRequest"),
        ({"maxResults": "0"}, 400, "invalid"),
    ],
)
def test_the_sandbox_refuses_what_google_refuses(
    desk: Desk, google: GoogleSandbox, query: dict[str, str], status: int, why: str
) -> None:
    rows(desk.reader())
    token = next(iter(google.tokens.living))
    url = f"{desk.url}{EVENTS}/calendars/primary/events"
    usual = {"timeMin": "2026-11-01T00:00:00Z", "timeMax": "2026-12-01T00:00:00Z"}
    usual["singleEvents"] = "true"
    head = {"authorization": f"Bearer {token}"}
    assert requests.get(url, usual, headers=head, timeout=5).status_code == 200
    answer = requests.get(url, usual | query, headers=head, timeout=5)
    assert answer.status_code == status
    assert answer.json()["error"]["errors"][0]["reason"] == why
    assert requests.get(url, usual, timeout=5).status_code == 401
    assert (
        requests.get(f"{desk.url}/calendar/v3/colors", headers=head, timeout=5).status_code == 404
    )


def test_a_token_for_another_scope_reads_no_calendar(desk: Desk, google: GoogleSandbox) -> None:
    from connectors.sandbox.google.tokens import Session

    scope = frozenset({"https://www.googleapis.com/auth/drive.readonly"})
    google.tokens.living["t"] = Session(ANN, scope, google.now() + timedelta(hours=1))
    answer = requests.get(
        f"{desk.url}{EVENTS}/calendars/primary/events",
        headers={"authorization": "Bearer t"},
        timeout=5,
    )
    assert (answer.status_code, answer.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
