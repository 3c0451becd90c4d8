"""Hears Salesforce's change events (Pub/Sub API): hints of what to read sooner than in its turn.

An event is never taken as a fact: it may be late, lost or of a field that we do not read.
"""

from __future__ import annotations

import importlib.util
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from connectors.base import Check, Hint, Positions
from connectors.errors import ConfigError, TemporaryError
from connectors.http import is_loopback
from connectors.salesforce.client import Access, Client
from connectors.salesforce.objects import Source
from connectors.salesforce.settings import SalesforceSettings

if TYPE_CHECKING:
    import grpc

    from connectors.salesforce.pubsub.stream import Stream
    from connectors.salesforce.pubsub.wire import Stub

NAME = "salesforce change events"
GLOBAL_URL = "https://api.pubsub.salesforce.com:7443"
OFFERED = frozenset(
    {"Account", "Contact", "Event", "Lead", "Opportunity", "OpportunityContactRole", "Task", "User"}
)
"""The standard objects of ours for which Salesforce makes change events; custom ones all may."""
_OWNED = frozenset({"Account", "Contact", "Lead", "Opportunity", "User"})
"""Those that say who must act; no more are free, so the others are often not selected."""
_ASK_AGAIN = 900.0
"""Seconds before a topic that was refused is tried again: an admin may have selected it."""
_REPLAY = "subscription.fetch.replayid"
_AUTH = "service.auth"
_INSTALL = "pip install 'hotlead[events]', or set salesforce.change_events: false"
_REACH = "let this machine reach salesforce.pubsub_url, or set salesforce.change_events: false"
_SELECT = "Setup › Change Data Capture: select {}; up to five objects are free"
Note = Callable[[str, str], None]
log = logging.getLogger(__name__)


def installed() -> bool:
    """Whether the extra that the Pub/Sub API needs is there."""
    needed = ("grpc", "fastavro", "google")
    return all(importlib.util.find_spec(name) is not None for name in needed)


def wanted(settings: SalesforceSettings) -> bool:
    """Whether to listen. By itself only where it can be: with the extra, to a real org."""
    if settings.change_events != "auto":
        return settings.change_events
    reachable = bool(settings.pubsub_url) or not is_loopback(settings.login_url)
    return reachable and installed()


def topics(sources: Iterable[Source]) -> dict[str, tuple[str, ...]]:
    """Each topic that may be heard, and the mirror objects that it is about."""
    found: dict[str, tuple[str, ...]] = {}
    for source in sources:
        custom = source.sobject.endswith("__c")
        if custom or source.sobject in OFFERED:
            entity = source.sobject.removesuffix("c") if custom else source.sobject
            topic = f"/data/{entity}ChangeEvent"
            found[topic] = (*found.get(topic, ()), source.name)
    return found


class ChangeEvents:
    """The change events of one org. ``note`` tells people what is not heard, and why."""

    def __init__(
        self,
        client: Client,
        settings: SalesforceSettings,
        sources: Iterable[Source],
        timeout: float,
        note: Note,
    ) -> None:
        self.name = NAME
        self.settle = 0.0  # an event comes after its commit
        self._client = client
        self._silence = settings.change_event_silence
        self._url = settings.pubsub_url or GLOBAL_URL
        self._topics = topics(sources)
        self._timeout = timeout
        self._note = note
        self._streams: dict[str, Stream] = {}
        self._refused: dict[str, tuple[str, float]] = {}

    def listen(
        self, tell: Callable[[Hint], None], positions: Positions, until: threading.Event
    ) -> None:
        """As the protocol says; one stream a topic, all over one connection."""
        self._refused = {}
        ended: queue.SimpleQueue[tuple[Stream, grpc.RpcError | None]] = queue.SimpleQueue()
        with self._connected() as (stub, access):

            def change(topic: str, ids: Sequence[str]) -> None:
                tell(Hint(objects=self._topics[topic], records=ids))

            def begin(topic: str) -> None:
                from connectors.salesforce.pubsub.stream import Stream

                stream = Stream(
                    stub, topic, positions, change, lambda one, error: ended.put((one, error))
                )
                self._streams[topic] = stream
                stream.start()

            try:
                for topic in self._topics:
                    if self._may_hear(stub, access, topic):
                        begin(topic)
                while not until.is_set():
                    stream, error = self._wait(ended, until)
                    if stream and self._begins_anew(stream, error, access, positions):
                        change(stream.topic, ())
                        begin(stream.topic)
                    for topic in self._worth_asking_again():
                        if self._may_hear(stub, access, topic):
                            begin(topic)
            finally:
                streams, self._streams = self._streams, {}
                for one in streams.values():
                    one.cancel()

    def health(self) -> dict[str, object]:
        """As the protocol says, with the topics that are heard and those that are refused."""
        streams = dict(self._streams)
        heard = max((one.heard_at for one in streams.values()), default=None)
        return {
            "connected": bool(streams),
            "heard_seconds_ago": None if heard is None else round(time.monotonic() - heard, 1),
            "topics": sorted(streams),
            "refused": {topic: why for topic, (why, _) in sorted(self._refused.items())},
        }

    def checks(self) -> Iterator[Check]:
        """Whether the events of each object can be heard. Raises ConnectorError."""
        with self._connected() as (stub, access):
            heard = [topic for topic in self._topics if self._may_hear(stub, access, topic)]
        missing = [_entity(topic) for topic in self._topics if topic not in heard]
        named = ", ".join(missing)
        said = f"{len(heard)} objects are heard at once"
        if missing:
            said += f"; changes of {named} are not selected and wait for the next poll"
        worth = ", ".join(one for one in missing if one in _OWNED)
        mend = _SELECT.format(worth) if worth else ""
        yield Check(name=NAME, state="warn" if worth else "ok", text=said, mend=mend)

    @contextmanager
    def _connected(self) -> Iterator[tuple[Stub, Access]]:
        if not installed():
            raise ConfigError("change events need grpcio and fastavro", mend=_INSTALL)
        from connectors.salesforce.pubsub import wire

        # First the org's id: where the session has ended, this call renews it.
        found = self._client.query("SELECT Id FROM Organization")["records"]
        access = self._client.access()
        metadata = {
            "accesstoken": access.token,
            "instanceurl": access.url,
            "tenantid": str(found[0]["Id"]) if found else "",
        }
        channel = wire.channel(self._url)
        try:
            yield wire.Stub(channel, metadata, self._timeout), access
        finally:
            channel.close()

    def _may_hear(self, stub: Stub, access: Access, topic: str) -> bool:
        """Whether a topic can be heard; a note says why not. Raises what concerns all topics."""
        import grpc

        try:
            why = "" if stub.topic(topic).can_subscribe else "it may not be subscribed to"
        except grpc.RpcError as error:
            why = self._only_of_this_topic(error, access)
        self._note_refusal(topic, why)
        return not why

    def _note_refusal(self, topic: str, why: str) -> None:
        """Keep why a topic is not heard; empty: it is."""
        if why:
            self._refused[topic] = (why, time.monotonic())
        else:
            self._refused.pop(topic, None)
        named = ", ".join(_entity(one) for one in self._refused if _entity(one) in _OWNED)
        said = f"no change events of {named}, which are not selected or hidden; they are polled"
        self._note(NAME, said if named else "")

    def _wait(
        self,
        ended: queue.SimpleQueue[tuple[Stream, grpc.RpcError | None]],
        until: threading.Event,
    ) -> tuple[Stream | None, grpc.RpcError | None]:
        """The next stream that ended, or none after a moment. Raises when all went silent."""
        try:
            stream, error = ended.get_nowait()
        except queue.Empty:
            until.wait(0.2)
            for one in self._streams.values():
                if time.monotonic() - one.heard_at > self._silence:
                    raise TemporaryError(f"{one.topic} has been silent for too long") from None
            return None, None
        self._streams.pop(stream.topic, None)
        return stream, error

    def _begins_anew(
        self,
        stream: Stream,
        error: grpc.RpcError | None,
        access: Access,
        positions: Positions,
    ) -> bool:
        """Whether a stream that ended is to be begun with what comes next: its place is too old.

        Not so when this one topic is refused. Raises whatever ends them all.
        """
        if error is None:
            raise TemporaryError("Salesforce closed the stream of change events")
        if _REPLAY in _code(error) and stream.resumed:
            log.warning("%s: the position is too old; the objects are read now", stream.topic)
            positions.put(stream.topic, "")
            return True
        self._note_refusal(stream.topic, self._only_of_this_topic(error, access))
        return False

    def _only_of_this_topic(self, error: Any, access: Access) -> str:
        """Why this one topic is refused. Raises ConnectorError for what concerns them all."""
        import grpc

        status, said = error.code(), str(error.details() or error.code().name)[:300]
        if status == grpc.StatusCode.UNAUTHENTICATED or _AUTH in _code(error):
            self._client.access(instead_of=access)
            raise TemporaryError(f"the session for change events was refused: {said}")
        refusals = (
            grpc.StatusCode.NOT_FOUND,
            grpc.StatusCode.PERMISSION_DENIED,
            grpc.StatusCode.INVALID_ARGUMENT,
            grpc.StatusCode.FAILED_PRECONDITION,
        )
        if status in refusals:
            return said
        raise TemporaryError(f"change events cannot be heard ({status.name}): {said}")

    def _worth_asking_again(self) -> list[str]:
        now = time.monotonic()
        return [topic for topic, (_, at) in self._refused.items() if now - at >= _ASK_AGAIN]


def checks(events: ChangeEvents | None, settings: SalesforceSettings) -> Iterator[Check]:
    """What there is to say of change events, also where they are off."""
    if events is not None:
        try:
            yield from events.checks()
        except TemporaryError as error:
            if settings.change_events != "auto":
                raise
            text = f"{error}: changes are seen by polling"
            yield Check(name=NAME, state="warn", text=text, mend=_REACH)
        return
    why = "as the configuration says"
    if settings.change_events == "auto" and not installed():
        why = f"as the extra is not installed ({_INSTALL})"
    yield Check(name=NAME, state="ok", text=f"off, {why}: changes are seen by polling")


def _entity(topic: str) -> str:
    return topic.removeprefix("/data/").removesuffix("ChangeEvent")


def _code(error: Any) -> str:
    """Salesforce's own code, in the trailing metadata."""
    trailers: Mapping[str, Any] = dict(error.trailing_metadata() or ())
    return str(trailers.get("error-code") or "")
