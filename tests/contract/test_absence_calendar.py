"""Calendar feeds as a source of absences, served over HTTP as a calendar's host serves them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from connectors.calendar.feeds import FeedCalendars
from connectors.calendar.reader import Team
from connectors.calendar.settings import CalendarSettings
from connectors.errors import ConfigError, TemporaryError
from connectors.sandbox.serving import Serving
from routing.nouns import OutOfOffice, Person
from tests.unit.test_calendar_feeds import HEAD, NEW_YORK, OOF, event

ANN, BEN = "ann@team.example", "ben@team.example"
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
AWAY = HEAD + event(OOF, "DTSTART;VALUE=DATE:20261123", "DTEND;VALUE=DATE:20261125")
AWAY += "END:VCALENDAR\r\n"


class Host:
    """A host of feeds: a body or a status by path; counts what it answers."""

    def __init__(self) -> None:
        self.feeds: dict[str, str | int] = {"/ann.ics": AWAY}
        self.statuses: list[int] = []
        self.app = Starlette(routes=[Route("/{name:path}", self._serve)])

    async def _serve(self, request: Request) -> Response:
        found = self.feeds.get(request.url.path, 404)
        answer = (
            Response(status_code=found) if isinstance(found, int) else self._feed(request, found)
        )
        self.statuses.append(answer.status_code)
        return answer

    def _feed(self, request: Request, body: str) -> Response:
        if body.startswith("->"):
            return RedirectResponse(body.removeprefix("->"))
        tag = f'"{hash(body)}"'
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304)
        return Response(body, media_type="text/calendar", headers={"etag": tag})


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def url(host: Host) -> Iterator[str]:
    with Serving(host.app) as serving:
        yield serving.url


Made = Callable[..., FeedCalendars]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    built: list[FeedCalendars] = []

    def build(lines: str, held: list[OutOfOffice] | None = None, **more: object) -> FeedCalendars:
        path = tmp_path / "calendars"
        path.touch(mode=0o600)
        path.write_text(lines)
        settings = CalendarSettings.model_validate({"file": path, "allow_loopback": True} | more)
        people = [Person(id=one, email=one, name=one) for one in (ANN, BEN)]
        team = Team(
            people=lambda: people,
            held=lambda _: held or [],
            zone_of=lambda _: NEW_YORK,
            now=lambda: NOW,
        )
        reader = FeedCalendars(settings, team)
        built.append(reader)
        return reader

    yield build
    for one in built:
        one.close()


def away(reader: FeedCalendars) -> list[str]:
    """Whom one whole read has away."""
    pages = list(reader.read("calendar", None))
    assert pages[-1].watermark
    return [row.person_id for page in pages for row in page.records if isinstance(row, OutOfOffice)]


def test_a_feed_is_fetched_anew_only_when_it_changed(host: Host, url: str, made: Made) -> None:
    reader = made(f"# ours\n{ANN.upper()}: {url}/ann.ics\n")
    assert [away(reader), away(reader)] == [[ANN], [ANN]]
    assert host.statuses == [200, 304]
    host.feeds["/ann.ics"] = HEAD + "END:VCALENDAR\r\n"
    assert away(reader) == []


def test_a_feed_that_fails_keeps_what_it_said_and_hides_no_other(
    host: Host, url: str, made: Made
) -> None:
    host.feeds["/ben.ics"] = 404
    held = OutOfOffice(
        id="calendar:1",
        person_id=BEN,
        starts_at=NOW,
        ends_at=NOW + timedelta(days=1),
        source="calendar:ics",
    )
    reader = made(f"{ANN}: {url}/ann.ics\n{BEN}: {url}/ben.ics", [held])
    assert away(reader) == [ANN, BEN]
    (note,) = reader.notes
    assert BEN in note
    assert "404" in note
    assert url not in note
    checks = {one.name: one for one in reader.checks()}
    assert checks[f"absences calendar {BEN}"].state == "warn"
    assert checks["absences calendar"].text == "1 of 2 calendars are read"
    host.feeds["/ann.ics"] = 503
    with pytest.raises(TemporaryError, match="no calendar can be read"):
        away(reader)


@pytest.mark.parametrize(
    ("feed", "said"),
    [
        ("<html>Sign in</html>", "is no calendar"),
        ("x" * 200_000, "larger than 0.1 MB"),
        ("->http://169.254.169.254/latest", "no https address"),
        ("->/ann.ics", "in circles"),
    ],
)
def test_what_is_no_feed_is_said_without_its_address(
    host: Host, url: str, made: Made, feed: str, said: str
) -> None:
    host.feeds["/ann.ics"] = feed
    with pytest.raises(TemporaryError, match=said) as caught:
        away(made(f"{ANN}: {url}/ann.ics", largest_mb=0.1))
    assert url not in str(caught.value)


def test_an_address_that_is_not_public_is_never_asked(host: Host, url: str, made: Made) -> None:
    with pytest.raises(TemporaryError, match="no https address"):
        away(made(f"{ANN}: {url}/ann.ics", allow_loopback=False))
    private = url.replace("http://", "https://")
    with pytest.raises(TemporaryError, match="not public"):
        away(made(f"{ANN}: {private}/ann.ics", allow_loopback=False))
    assert host.statuses == []


def test_a_file_that_others_may_read_or_that_is_wrong_is_refused(
    made: Made, tmp_path: Path
) -> None:
    reader = made(f"{ANN}: https://calendar.example/1\nnonsense")
    with pytest.raises(ConfigError, match="calendars:2 is no line"):
        away(reader)
    (tmp_path / "calendars").chmod(0o640)
    with pytest.raises(ConfigError, match="may be read by others"):
        away(reader)
    (check,) = reader.checks()
    assert (check.state, check.name) == ("fail", "absences calendar")
