"""Slack as the worker sees it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slack_sdk.errors import SlackApiError

from connectors.base import Abilities, ButtonPress, Card, Check, Question, Sent
from connectors.errors import ConfigError, ConnectorError, PermanentError
from connectors.slack.asking import view
from connectors.slack.blocks import EVENT_TYPE, LONGEST_TEXT, message
from connectors.slack.checks import Checks
from connectors.slack.client import Clients
from connectors.slack.errors import told
from connectors.slack.listening import Listener
from connectors.slack.places import Places
from connectors.slack.settings import SlackSecrets, SlackSettings
from connectors.slack.text import mrkdwn

log = logging.getLogger(__name__)

PAGE = 200
FEW = 30
"""Look-ups of people before the list of all of them is the cheaper way, and within its limit."""
HEALTH_SECONDS = 60.0
READ_METADATA = "metadata.message:read"
NEEDED_SCOPES = frozenset(
    {
        "channels:history",
        "channels:read",
        "chat:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        READ_METADATA,
        "users:read",
        "users:read.email",
    }
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the app is in the workspace. ``scopes`` is empty when Slack did not name them."""

    url: str
    team: str
    user_id: str
    bot_id: str
    scopes: frozenset[str]

    def lacking(self) -> list[str]:
        """The scopes that are needed and not there."""
        return sorted(NEEDED_SCOPES - self.scopes) if self.scopes else []


class Slack:
    """The surface. A person's address is a Slack user id; ``remote_id`` is ``channel:ts``."""

    name = "slack"
    abilities = Abilities(
        can_update=True,
        has_buttons=True,
        can_find=True,
        can_ask=True,
        longest_text=LONGEST_TEXT,
        seconds_between=1.0,
        called="Slack",
        invite="invite them to Slack, or give the CRM user the e-mail that is used there",
    )

    def __init__(self, settings: SlackSettings, secrets: SlackSecrets) -> None:
        self._settings = settings
        self._secrets = secrets
        self._clients = Clients(settings, secrets)
        self._places = Places(self._clients.read)
        self._who: Identity | None = None
        self._asked = -HEALTH_SECONDS
        self._listener: Listener | None = None
        self._lock = threading.Lock()

    @property
    def api_calls(self) -> int:
        """HTTP requests made so far."""
        return self._clients.counter.total

    def find_person(self, email: str) -> str | None:
        """The user id of the person with this e-mail; None for strangers, bots and the departed."""
        if not email:
            return None
        with told("looking a person up"):
            try:
                user = self._clients.read.users_lookupByEmail(email=email)["user"]
            except SlackApiError as error:
                if error.response.get("error") == "users_not_found":
                    return None
                raise
        return None if user.get("deleted") or user.get("is_bot") else str(user["id"])

    def known_people(self, emails: Sequence[str]) -> set[str]:
        """As the protocol says: a few one by one, many by the list of all members."""
        if len(emails) <= FEW:
            return {one for one in emails if self.find_person(one)}
        wanted, found = set(emails), set[str]()
        with told("listing the members"):
            for page in self._clients.read.users_list(limit=PAGE):
                for user in page["members"]:
                    if not (user.get("deleted") or user.get("is_bot")):
                        found.add(str(user.get("profile", {}).get("email") or "").lower())
        return wanted & found

    def find_email(self, address: str) -> str | None:
        """The e-mail behind a user id; None for strangers, bots and guests without one."""
        with told("looking a person up"):
            try:
                user = self._clients.read.users_info(user=address)["user"]
            except SlackApiError as error:
                if error.response.get("error") in ("user_not_found", "user_not_visible"):
                    return None
                raise
        return str(user.get("profile", {}).get("email") or "").lower() or None

    def send(self, place: str, card: Card) -> Sent:
        """Post once, without any retry; UnclearError when it may have been posted."""
        channel = self._places.resolve(place)
        who = self._identity()
        try:
            with told(f"posting to {place}", once=True):
                answer = self._clients.post.chat_postMessage(
                    channel=channel, unfurl_links=False, unfurl_media=False, **message(card)
                )
                posted_in, ts = str(answer["channel"]), str(answer["ts"])
        except ConfigError:
            self._places.forget(place)
            raise
        return _sent(who, posted_in, ts)

    def update(self, remote_id: str, card: Card) -> None:
        """Change the message in place; doing so twice does no harm."""
        channel, ts = _split(remote_id)
        with told("updating a message"):
            self._clients.post.chat_update(channel=channel, ts=ts, **message(card))

    def find(self, place: str, key: str, since: datetime) -> Sent | None:
        """The message with this key that we posted at or after ``since`` (less some slack)."""
        who = self._identity()
        if who.scopes and READ_METADATA not in who.scopes:
            # Without it Slack leaves the keys out, and "not found" would mean posting twice.
            raise ConfigError(
                f"the app lacks the scope {READ_METADATA}",
                mend=f"Add the scope {READ_METADATA} to the app and install it again.",
            )
        channel = self._places.resolve(place)
        oldest = since - timedelta(seconds=self._settings.history_slack_seconds)
        with told(f"looking for a message in {place}"):
            pages = self._clients.read.conversations_history(
                channel=channel,
                oldest=f"{oldest.timestamp():.6f}",
                include_all_metadata=True,
                limit=PAGE,
            )
            for page in pages:
                for one in page["messages"]:
                    if _is_ours(one, who) and _key(one) == key:
                        return _sent(who, channel, str(one["ts"]))
        return None

    def tell(self, press: ButtonPress, text: str) -> None:
        """Say something to the presser alone, where they pressed."""
        channel, _ = _split(press.remote_id)
        with told("answering a press"):
            self._clients.post.chat_postEphemeral(
                channel=channel, user=press.address, text=mrkdwn(text, LONGEST_TEXT)
            )

    def ask(self, press: ButtonPress, question: Question) -> None:
        """Open a view with one input; Slack allows it for three seconds after the press."""
        with told("asking a presser"):
            self._clients.post.views_open(
                trigger_id=press.details.get("trigger_id", ""), view=view(press, question)
            )

    def listen(self, on_press: Callable[[ButtonPress], None]) -> None:
        """Start hearing buttons in the background; ConfigError without an app token."""
        token = self._secrets.app_token
        if token is None:
            raise ConfigError(
                "without an app-level token the buttons of Slack messages cannot be heard",
                mend="Make an app-level token (xapp-…) with the scope connections:write and put "
                "it into HOTLEAD_SLACK_APP_TOKEN.",
            )

        def heard(press: ButtonPress) -> None:
            try:
                on_press(press)
            except Exception:
                # The press was acknowledged to Slack already: only the presser can repeat it.
                log.exception("a press of %s could not be handled", press.action)
                self._sorry(press)

        with self._lock:
            if self._listener is None:
                self._listener = Listener(
                    self._settings, token.get_secret_value(), self._clients.read, heard
                )
                self._listener.start()

    def _sorry(self, press: ButtonPress) -> None:
        try:
            self.tell(press, "That could not be saved. Please press the button again.")
        except ConnectorError as error:
            log.warning("and the presser could not be told: %s", error)

    def checks(self, channels: Sequence[str]) -> Iterator[Check]:
        """As the protocol says; opens no socket, but asks for the address of one."""
        token = self._secrets.app_token
        looks = Checks(self._clients.read, self._places, token.get_secret_value() if token else "")
        return looks.all(lambda: self._identity(fresh=True), channels)

    def health(self) -> dict[str, object]:
        """``ok``, ``team``, ``lacking_scopes``, ``problem``, ``mend``; ``socket`` when listening.

        Asks Slack at most once a minute.
        """
        report: dict[str, object] = {"ok": True, "problem": "", "mend": ""}
        try:
            who = self._identity(fresh=True)
            lacking = who.lacking()
            report |= {"team": who.team, "lacking_scopes": lacking}
            if lacking:
                report |= {
                    "ok": False,
                    "problem": f"the app lacks the scopes {', '.join(lacking)}",
                    "mend": "Bring the app up to our manifest and install it again.",
                }
        except ConnectorError as error:
            report |= {"ok": False, "problem": str(error), "mend": error.mend}
        if self._listener is not None:
            socket = self._listener.health()
            report["socket"] = socket
            report["ok"] = bool(report["ok"]) and bool(socket["listening"])
            report["problem"] = report["problem"] or socket["problem"]
        return report

    def _identity(self, *, fresh: bool = False) -> Identity:
        known = self._who
        if known and not (fresh and time.monotonic() - self._asked > HEALTH_SECONDS):
            return known
        with told("asking who we are"):
            answer = self._clients.read.auth_test()
            headers = {str(name).lower(): str(value) for name, value in answer.headers.items()}
            scopes = headers.get("x-oauth-scopes", "").replace(" ", "").split(",")
            self._who = Identity(
                url=str(answer["url"]),
                team=str(answer["team"]),
                user_id=str(answer["user_id"]),
                bot_id=str(answer.get("bot_id", "")),
                scopes=frozenset(scope for scope in scopes if scope),
            )
        self._asked = time.monotonic()
        return self._who

    def close(self) -> None:
        """Stop listening and give back connections."""
        with self._lock:
            if self._listener is not None:
                self._listener.close()
                self._listener = None
        self._clients.close()


def _sent(who: Identity, channel: str, ts: str) -> Sent:
    """Where a message lies, with the address that Slack's own "copy link" gives."""
    url = f"{who.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
    return Sent(remote_id=f"{channel}:{ts}", url=url)


def _split(remote_id: str) -> tuple[str, str]:
    channel, colon, ts = remote_id.partition(":")
    if not (channel and colon and ts):
        raise PermanentError(f"{remote_id!r} is not the id of a Slack message")
    return channel, ts


def _is_ours(one: dict[str, object], who: Identity) -> bool:
    return one.get("user") == who.user_id or bool(who.bot_id and one.get("bot_id") == who.bot_id)


def _key(one: dict[str, object]) -> object:
    metadata = one.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("event_type") != EVENT_TYPE:
        return None
    payload = metadata.get("event_payload")
    return payload.get("key") if isinstance(payload, dict) else None
