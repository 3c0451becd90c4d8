"""Outlook through Graph beyond what all calendars share: log-in, pages, replies, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.errors import AuthError, ConnectorError, LimitError, TemporaryError
from connectors.sandbox.diary import Entry
from connectors.sandbox.faults import Fault
from connectors.sandbox.microsoft import MicrosoftSandbox
from routing.nouns import Person
from tests.contract.calendar_kit import ANN, BEN, NOW, Desk, desk_of, people, rows

GRAPH = "/v1.0"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with desk_of("outlook", tmp_path) as made:
        yield made


@pytest.fixture
def graph(desk: Desk) -> MicrosoftSandbox:
    found = desk.host
    assert isinstance(found, MicrosoftSandbox)
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


def test_all_pages_are_read_with_one_token_for_everybody(
    desk: Desk, graph: MicrosoftSandbox
) -> None:
    graph.largest_page = 2
    for number in range(1, 6):
        desk.put(ANN, leave(number))
    reader = desk.reader(automatic_replies=False)
    assert len(rows(reader)) == 5
    assert sorted(set(graph.calls)) == [f"calendarView {ANN}", f"calendarView {BEN}", "token"]
    assert graph.calls.count(f"calendarView {ANN}") == 3
    assert graph.apps.given == 1


def test_a_token_that_was_withdrawn_is_replaced_once(desk: Desk, graph: MicrosoftSandbox) -> None:
    desk.put(ANN, leave())
    reader = desk.reader()
    rows(reader)
    graph.apps.living.clear()
    assert len(rows(reader)) == 1
    assert graph.apps.given == 2


def test_a_next_page_at_another_host_is_not_asked(desk: Desk, graph: MicrosoftSandbox) -> None:
    body = {"value": [], "@odata.nextLink": "https://elsewhere.example/v1.0/users/x/calendarView"}
    graph.faults.order(Fault(kind="status", path=GRAPH, times=-1, status=200, body=body))
    assert "another host" in str(refusal(desk))


def test_what_outlook_shows_counts_and_busy_days_do_by_setting(desk: Desk) -> None:
    desk.put(ANN, leave(2, shown="busy", title="Annual leave"))
    desk.put(ANN, leave(4, shown="tentative"))
    assert rows(desk.reader()) == []
    assert [one.note for one in rows(desk.reader(all_day_busy=True))] == ["Annual leave"]


def test_scheduled_automatic_replies_are_an_absence(desk: Desk, graph: MicrosoftSandbox) -> None:
    graph.boxes[ANN].replies = {
        "status": "scheduled",
        "scheduledStartDateTime": {"dateTime": "2026-10-29T18:00:00.0000000", "timeZone": "UTC"},
        "scheduledEndDateTime": {
            "dateTime": "2026-11-02T09:00:00.0000000",
            "timeZone": "W. Europe Standard Time",
        },
    }
    (one,) = rows(desk.reader())
    span = (f"{one.starts_at:%d %H:%M}", f"{one.ends_at:%d %H:%M}")
    assert (span, one.note) == (("29 18:00", "02 08:00"), "automatic replies")
    assert rows(desk.reader(automatic_replies=False)) == []
    desk.now += timedelta(days=7)
    assert rows(desk.reader()) == []


def test_automatic_replies_without_an_end_count_while_they_are_on(
    desk: Desk, graph: MicrosoftSandbox
) -> None:
    graph.boxes[ANN].replies = {"status": "alwaysEnabled"}
    reader = desk.reader()
    (one,) = rows(reader)
    assert one.starts_at <= NOW < one.ends_at <= NOW + timedelta(hours=2)
    desk.now += timedelta(minutes=15)
    assert rows(reader) == [one]
    graph.boxes[ANN].replies = {"status": "disabled"}
    assert rows(reader) == []


def test_a_lacking_permission_for_replies_names_it_and_the_setting_does_without(
    desk: Desk, graph: MicrosoftSandbox
) -> None:
    graph.registration.granted = frozenset({"Calendars.Read"})
    found = refusal(desk)
    assert "MailboxSettings.Read" in found.mend
    assert rows(desk.reader(automatic_replies=False)) == []


@pytest.mark.parametrize(
    ("spoil", "said", "mend"),
    [
        ({"secret": "another"}, "AADSTS7000215", "new client secret"),
        ({"secret_expired": True}, "expired", "new client secret"),
        ({"client_id": "x"}, "no such app", "client_id"),
        ({"tenant": "other.example"}, "no such tenant", "tenant"),
    ],
)
def test_what_is_wrong_with_the_log_in_is_said_once_and_for_all(
    desk: Desk, graph: MicrosoftSandbox, spoil: dict[str, Any], said: str, mend: str
) -> None:
    desk.people += [Person(id=f"p{n}", email=f"p{n}@team.example", name="P") for n in range(20)]
    reader = desk.reader()
    for name, value in spoil.items():
        setattr(graph.registration, name, value)
    with pytest.raises(AuthError, match=said) as caught:
        rows(reader)
    assert mend in caught.value.mend
    assert len(graph.calls) <= 4
    (check,) = reader.checks()
    assert (check.state, check.name) == ("fail", "absences outlook calendar")


def test_no_permission_at_all_is_not_asked_about_for_everybody(
    desk: Desk, graph: MicrosoftSandbox
) -> None:
    desk.people[:] = [Person(id=f"p{n}", email=f"p{n}@team.example", name="P") for n in range(40)]
    graph.registration.granted = frozenset()
    found = refusal(desk)
    assert "Calendars.Read" in found.mend
    assert len(graph.calls) == 12 + 1


def test_a_mailbox_out_of_reach_is_unread_alone(desk: Desk, graph: MicrosoftSandbox) -> None:
    graph.boxes[BEN].hidden = True
    desk.people.append(Person(id="eve", email="eve@partner.example", name="Eve"))
    told = people(desk.reader())
    assert told == {"*": False, ANN: True, BEN: False, "eve": False}
    reader = desk.reader()
    rows(reader)
    assert sorted(one.split(" cannot be read")[0] for one in reader.notes) == [
        f"the calendar of {BEN}",
        "the calendar of eve@partner.example",
    ]


@pytest.mark.parametrize(
    ("fault", "kind", "wait"),
    [
        ({"status": 429, "headers": {"Retry-After": "90"}}, LimitError, 90),
        ({"status": 503}, TemporaryError, None),
        ({"status": 504}, TemporaryError, None),
        ({"status": 410}, TemporaryError, None),
        ({"status": 200, "body": "<html>Sign in</html>"}, TemporaryError, None),
        ({"status": 200, "body": {"value": [{"id": 1, "showAs": "oof"}]}}, TemporaryError, None),
        ({"kind": "reset_before"}, TemporaryError, None),
        ({"status": 401}, AuthError, None),
    ],
)
def test_what_graph_answers_and_what_it_is(
    desk: Desk,
    graph: MicrosoftSandbox,
    fault: dict[str, Any],
    kind: type[ConnectorError],
    wait: float | None,
) -> None:
    usual: dict[str, Any] = {"kind": "status", "path": GRAPH, "times": -1}
    graph.faults.order(Fault(**(usual | fault)))
    found = refusal(desk)
    assert type(found) is kind
    assert getattr(found, "retry_after", None) == wait


@pytest.mark.parametrize(
    ("query", "prefer", "code"),
    [
        ({"$skip": "soon"}, "UTC", "RequestBroker--ParseUri"),
        ({"$select": "id,nonsense"}, "UTC", "RequestBroker--ParseUri"),
        ({"$nonsense": "1"}, "UTC", "RequestBroker--ParseUri"),
        ({"startDateTime": ""}, "UTC", "ErrorInvalidParameter"),
        ({"endDateTime": "2026-10-01T00:00:00Z"}, "UTC", "ErrorInvalidRequest"),
        ({}, "Mars", "TimeZoneNotSupportedException"),
    ],
)
def test_the_sandbox_refuses_what_graph_refuses(
    desk: Desk, graph: MicrosoftSandbox, query: dict[str, str], prefer: str, code: str
) -> None:
    rows(desk.reader())
    token = next(iter(graph.apps.living))
    url = f"{desk.url}{GRAPH}/users/{ANN}/calendarView"
    usual = {"startDateTime": "2026-11-01T00:00:00Z", "endDateTime": "2026-12-01T00:00:00Z"}
    head = {"authorization": f"Bearer {token}", "prefer": 'outlook.timezone="UTC"'}
    assert requests.get(url, usual, headers=head, timeout=5).status_code == 200
    head["prefer"] = f'outlook.timezone="{prefer}"'
    answer = requests.get(url, usual | query, headers=head, timeout=5)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
    assert requests.get(url, usual, timeout=5).status_code == 401
    unknown = requests.get(f"{desk.url}{GRAPH}/users/{ANN}/messages", headers=head, timeout=5)
    assert unknown.json()["error"]["code"] == "BadRequest"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "Calendars.Read"}, "invalid_scope"),
        ({"scope": "https://elsewhere.example/.default"}, "invalid_resource"),
        ({"client_secret": ""}, "invalid_client"),
    ],
)
def test_the_sandbox_refuses_forms_that_entra_refuses(
    desk: Desk, graph: MicrosoftSandbox, form: dict[str, str], error: str
) -> None:
    app = graph.registration
    usual = {"grant_type": "client_credentials", "client_id": app.client_id}
    usual |= {"client_secret": app.secret, "scope": f"{desk.url}/.default"}
    url = f"{desk.url}/{app.tenant}/oauth2/v2.0/token"
    assert requests.post(url, usual, timeout=5).json()["token_type"] == "Bearer"
    assert requests.post(url, usual | form, timeout=5).json()["error"] == error
