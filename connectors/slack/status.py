"""Who is away by their Slack status: an emoji or a text of the settings, until it ends.

One list of all members a read, by pages: one call a minute for a thousand people, where a look at
each rep would be a call a rep (``users.list`` may be called twenty times a minute).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Check, MirrorObject, Page
from connectors.checking import probe
from connectors.errors import ConfigError
from connectors.slack.client import Clients
from connectors.slack.errors import told
from connectors.slack.settings import SlackSecrets, SlackSettings
from routing.nouns import OutOfOffice, Person

OBJECT = "slack_status"
_PAGE = 1000
"""The most that Slack gives at once."""
_EMAIL = "users:read.email"
_NOTE = 120
_RENEWED = timedelta(hours=1)
_SKIN = re.compile(r"::skin-tone-\d:$")
"""How a person's skin tone follows the name of an emoji."""


class SlackStatus:
    """The reader of statuses. ``people`` gives those whom a status can be about."""

    name = "slack"
    objects: Sequence[MirrorObject] = (
        MirrorObject(name=OBJECT, noun=OutOfOffice, full=True, every=60),
    )

    def __init__(
        self,
        settings: SlackSettings,
        secrets: SlackSecrets,
        people: Callable[[], Sequence[Person]],
        now: Callable[[], datetime],
    ) -> None:
        self._settings = settings
        self._clients = Clients(settings, secrets)
        self._people = people
        self._now = now
        self.notes: list[str] = []

    @property
    def calls_here(self) -> int:
        """HTTP requests made so far by the calling thread."""
        return self._clients.counter.here

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:  # noqa: ARG002
        """Everybody who is away by their status now; nobody else is, so far as Slack knows."""
        known = _by_email(self._people())
        now = self._now()
        for members in self._members():
            yield Page(records=[one for user in members for one in self._away(user, known, now)])
        yield Page(watermark=now.isoformat())

    def checks(self) -> Iterator[Check]:
        """Whether statuses can be read, and of how many of the people."""
        return probe("absences slack", self._look)

    def close(self) -> None:
        """Give back connections."""
        self._clients.close()

    def _look(self) -> Iterator[Check]:
        known = _by_email(self._people())
        found = {_email(user) for members in self._members() for user in members}
        text = f"the Slack status of {len(found & known.keys())} of {len(known)} people is read"
        yield Check(name="absences slack", state="ok", text=text)

    def _members(self) -> Iterator[list[Mapping[str, Any]]]:
        """The living members, page by page. Raises ConfigError when they come without e-mails."""
        self.notes.clear()
        try:
            with told("listing the members"):
                for page in self._clients.read.users_list(limit=_PAGE):
                    self._must_tell_emails(page.headers)
                    yield [
                        user
                        for user in page["members"]
                        if not (user.get("deleted") or user.get("is_bot"))
                    ]
        except ConfigError as error:
            self.notes.append(f"Slack statuses are not read: {error}. {error.mend}")
            raise

    def _must_tell_emails(self, headers: Mapping[str, Any]) -> None:
        named = {str(name).lower(): str(value) for name, value in headers.items()}
        scopes = named.get("x-oauth-scopes", "")
        if scopes and _EMAIL not in scopes.replace(" ", "").split(","):
            raise ConfigError(
                f"the app lacks the scope {_EMAIL}, without which nobody's status is known",
                mend=f"Add the scope {_EMAIL} to the app and install it again.",
            )

    def _away(
        self, user: Mapping[str, Any], known: Mapping[str, Sequence[Person]], now: datetime
    ) -> Iterator[OutOfOffice]:
        profile = user.get("profile") or {}
        people = known.get(_email(user), ())
        if not people or not self._means_away(profile):
            return
        ends = _end(int(profile.get("status_expiration") or 0), now)
        if ends <= now:
            return  # Slack clears it in a moment
        starts = min(datetime.fromtimestamp(int(user.get("updated") or 0), UTC), now)
        note = f"{profile.get('status_emoji') or ''} {profile.get('status_text') or ''}".strip()
        for person in people:
            yield OutOfOffice(
                id=f"{OBJECT}:{person.id}",
                person_id=person.id,
                starts_at=starts,
                ends_at=ends,
                source="slack",
                note=note[:_NOTE],
            )

    def _means_away(self, profile: Mapping[str, Any]) -> bool:
        emoji = _SKIN.sub(":", str(profile.get("status_emoji") or ""))
        text = str(profile.get("status_text") or "")
        if emoji and emoji in self._settings.away_emoji:
            return True
        pattern = self._settings.away_pattern
        return bool(text and pattern and re.search(pattern, text, re.IGNORECASE))


def _email(user: Mapping[str, Any]) -> str:
    return str((user.get("profile") or {}).get("email") or "").lower()


def _by_email(people: Sequence[Person]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for one in people:
        found.setdefault(one.email.lower(), []).append(one)
    return found


def _end(expiration: int, now: datetime) -> datetime:
    """When a status ends. One without an end counts to the end of the next hour, and is renewed
    as long as it is seen: by whole hours, so that not each read changes the mirror."""
    if expiration > 0:
        return datetime.fromtimestamp(expiration, UTC)
    return now.replace(minute=0, second=0, microsecond=0) + 2 * _RENEWED
