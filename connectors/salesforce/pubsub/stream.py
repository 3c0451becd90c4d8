"""One topic of the Pub/Sub API, heard in a thread of its own."""

from __future__ import annotations

import base64
import binascii
import io
import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import fastavro
import grpc

from connectors.base import Positions
from connectors.salesforce.pubsub import pubsub_pb2 as pb
from connectors.salesforce.pubsub.wire import Stub

MOST_EVENTS = 100
"""The service sends no more for one request."""
_LOW = 50
log = logging.getLogger(__name__)


class Schemas:
    """Avro schemas by id, each asked for once."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._known: dict[str, Any] = {}
        self._lock = threading.Lock()

    def record_ids(self, event: pb.ProducerEvent) -> list[str]:
        """The ids of the records that changed; none where the payload cannot be read.

        Raises RpcError when the schema cannot be had.
        """
        with self._lock:
            schema = self._known.get(event.schema_id)
            if schema is None:
                told = self._stub.schema(event.schema_id)
                schema = self._known[event.schema_id] = fastavro.parse_schema(json.loads(told))
        try:
            found: Any = fastavro.schemaless_reader(io.BytesIO(event.payload), schema, None)
            return [str(one) for one in found["ChangeEventHeader"]["recordIds"]]
        except (EOFError, ValueError, LookupError, TypeError):
            # That something changed is all a hint has to say.
            log.warning("a change event could not be read", extra={"schema": event.schema_id})
            return []


class Stream:
    """Hears one topic and tells of each change, until it is cancelled or breaks.

    ``ended`` is given the stream and its error (None: the service closed it) at the end.
    """

    def __init__(
        self,
        stub: Stub,
        topic: str,
        positions: Positions,
        on_change: Callable[[str, Sequence[str]], None],
        ended: Callable[[Stream, grpc.RpcError | None], None],
    ) -> None:
        self.topic = topic
        self.heard_at = time.monotonic()
        self._stub = stub
        self._schemas = Schemas(stub)
        self._positions = positions
        self._on_change = on_change
        self._ended = ended
        self.resumed = position(positions.get(topic))
        """Where it goes on; empty when it begins with what comes next."""
        self._more: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._call: Any = None
        self._cancelled = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=f"hear-{topic}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """End, and wait for the end."""
        with self._lock:
            self._cancelled = True
            if self._call is not None:
                self._call.cancel()
        self._thread.join(timeout=5)

    def _run(self) -> None:
        error: grpc.RpcError | None = None
        try:
            with self._lock:
                if self._cancelled:
                    return
                self._call = self._stub.subscribe(self._requests())
            for response in self._call:
                self._take(response)
        except grpc.RpcError as failure:
            error = failure
        finally:
            self._more.put(0)
            self._ended(self, error)

    def _requests(self) -> Iterator[pb.FetchRequest]:
        preset = pb.CUSTOM if self.resumed else pb.LATEST
        yield pb.FetchRequest(
            topic_name=self.topic,
            replay_preset=preset,
            replay_id=self.resumed,
            num_requested=MOST_EVENTS,
        )
        while number := self._more.get():
            yield pb.FetchRequest(topic_name=self.topic, num_requested=number)

    def _take(self, response: pb.FetchResponse) -> None:
        self.heard_at = time.monotonic()
        ids = [one for got in response.events for one in self._schemas.record_ids(got.event)]
        if response.events:
            self._on_change(self.topic, ids)
        reached = response.events[-1].replay_id if response.events else response.latest_replay_id
        if reached:
            self._positions.put(self.topic, base64.b64encode(reached).decode())
        if response.pending_num_requested <= _LOW:
            self._more.put(MOST_EVENTS - response.pending_num_requested)


def position(kept: str | None) -> bytes:
    """The replay id in a kept text; empty where there is none, or it is not one of ours."""
    try:
        return base64.b64decode(kept or "", validate=True)
    except binascii.Error:
        return b""
