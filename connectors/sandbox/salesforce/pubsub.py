"""The gRPC face of the org's event bus: Salesforce's Pub/Sub API on loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc

from connectors.salesforce.pubsub import pubsub_pb2 as pb
from connectors.salesforce.pubsub.wire import SERVICE
from connectors.sandbox.salesforce.change_events import Bus, Event

_MOST = 100
_PREFIX = "sfdc.platform.eventbus.grpc"
_NO_AUTH = f"{_PREFIX}.service.auth.error"
_NO_TOPIC = f"{_PREFIX}.topic.notfound"
_NO_ACCESS = f"{_PREFIX}.subscription.fetch.authorization.error"
_NO_SCHEMA = f"{_PREFIX}.schema.notfound"
_BAD_REPLAY = f"{_PREFIX}.subscription.fetch.replayid.corrupted"
_BAD_NUMBER = f"{_PREFIX}.subscription.fetch.requested.events.invalid"
_STREAMS = 64


class PubSub:
    """A served bus. ``keep_alive`` is seconds between two signs of life on a quiet stream.

    ``streams`` counts those that are open, ``asked`` lists the first request of each so far.
    Use as a context manager or call ``stop``.
    """

    def __init__(
        self,
        bus: Bus,
        knows: Callable[[dict[str, str]], bool],
        org_id: str,
        *,
        keep_alive: float = 270.0,
        port: int = 0,
    ) -> None:
        self._bus = bus
        self._knows = knows
        self._org_id = org_id
        self.keep_alive = keep_alive
        self.streams = 0
        self.asked: list[pb.FetchRequest] = []
        self.closed: set[str] = set()
        """Topics that exist and may not be subscribed to, which shows only then."""
        self.deaf = False
        """While set, streams stay open and say nothing, not even that they live."""
        self._cut = 0
        self._lock = threading.Lock()
        self._server = grpc.server(ThreadPoolExecutor(_STREAMS))
        self._server.add_generic_rpc_handlers((self._handlers(),))
        self.port: int = self._server.add_insecure_port(f"127.0.0.1:{port}")
        self.url = f"http://127.0.0.1:{self.port}"
        self._server.start()

    def cut(self) -> None:
        """Break every open stream, as when a server of Salesforce goes away."""
        with self._bus.changed:
            self._cut += 1
            self._bus.changed.notify_all()

    def stop(self) -> None:
        """Stop serving."""
        self.cut()
        self._server.stop(grace=None).wait(5)

    def __enter__(self) -> PubSub:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _handlers(self) -> Any:
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                "Subscribe": grpc.stream_stream_rpc_method_handler(
                    self._subscribe,
                    pb.FetchRequest.FromString,
                    pb.FetchResponse.SerializeToString,
                ),
                "GetTopic": grpc.unary_unary_rpc_method_handler(
                    self._topic, pb.TopicRequest.FromString, pb.TopicInfo.SerializeToString
                ),
                "GetSchema": grpc.unary_unary_rpc_method_handler(
                    self._schema, pb.SchemaRequest.FromString, pb.SchemaInfo.SerializeToString
                ),
            },
        )

    def _admit(self, context: Any) -> None:
        told = dict(context.invocation_metadata())
        session = {"authorization": f"Bearer {told.get('accesstoken', '')}"}
        whole = told.get("tenantid") == self._org_id and bool(told.get("instanceurl"))
        if not whole or not self._knows(session):
            said = "An authentication exception occurred."
            _refuse(context, grpc.StatusCode.UNAUTHENTICATED, _NO_AUTH, said)

    def _offered(self, context: Any, topic: str) -> None:
        if not self._bus.offers(topic):
            said = f"The topic {topic} doesn't exist or you don't have access to it."
            _refuse(context, grpc.StatusCode.NOT_FOUND, _NO_TOPIC, said)

    def _topic(self, request: pb.TopicRequest, context: Any) -> pb.TopicInfo:
        self._admit(context)
        self._offered(context, request.topic_name)
        return pb.TopicInfo(
            topic_name=request.topic_name,
            tenant_guid=f"core/sandbox/{self._org_id}",
            can_publish=False,
            can_subscribe=True,
            schema_id=self._bus.schema_id(request.topic_name),
        )

    def _schema(self, request: pb.SchemaRequest, context: Any) -> pb.SchemaInfo:
        self._admit(context)
        text = self._bus.schema(request.schema_id)
        if text is None:
            said = f"The schema {request.schema_id} doesn't exist."
            _refuse(context, grpc.StatusCode.NOT_FOUND, _NO_SCHEMA, said)
        return pb.SchemaInfo(schema_json=text, schema_id=request.schema_id)

    def _subscribe(
        self, requests: Iterator[pb.FetchRequest], context: Any
    ) -> Iterator[pb.FetchResponse]:
        self._admit(context)
        first = next(requests)
        self.asked.append(first)
        self._offered(context, first.topic_name)
        if first.topic_name in self.closed:
            said = f"You don't have access to {first.topic_name}."
            _refuse(context, grpc.StatusCode.PERMISSION_DENIED, _NO_ACCESS, said)
        stream = _Stream(self._bus, context, first, self._start(first, context))
        reader = threading.Thread(target=stream.read, args=(requests,), daemon=True)
        reader.start()
        cut = self._cut
        with self._lock:
            self.streams += 1
        try:
            while context.is_active():
                answer = stream.next(self.keep_alive, lambda: self._cut != cut or self.deaf)
                if self._cut != cut:
                    said = "The server is going away."
                    _refuse(context, grpc.StatusCode.UNAVAILABLE, f"{_PREFIX}.unavailable", said)
                if answer is not None and not self.deaf:
                    yield answer
        finally:
            with self._lock:
                self.streams -= 1

    def _start(self, first: pb.FetchRequest, context: Any) -> int:
        if first.replay_preset == pb.LATEST:
            return self._bus.latest
        if first.replay_preset == pb.EARLIEST:
            return self._bus.earliest()
        number = int.from_bytes(first.replay_id) if len(first.replay_id) == 8 else -1
        if not self._bus.keeps(number):
            said = "The Replay ID validation failed. Ensure that the Replay ID is valid."
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, _BAD_REPLAY, said)
        return number


class _Stream:
    """What one subscriber has asked for, and how far it has been told."""

    def __init__(self, bus: Bus, context: Any, first: pb.FetchRequest, start: int) -> None:
        self._bus = bus
        self._context = context
        self._topic = first.topic_name
        self._place = start
        self._credit = 0
        self._wrong = ""
        self._ask(first.num_requested)

    def read(self, requests: Iterator[pb.FetchRequest]) -> None:
        """Take in what the subscriber asks for later; ends with the call."""
        try:
            for request in requests:
                self._ask(request.num_requested)
        except grpc.RpcError:
            return  # the subscriber is gone
        except Exception:
            return

    def _ask(self, number: int) -> None:
        with self._bus.changed:
            if number <= 0:
                self._wrong = "The number of requested events must be greater than 0."
            self._credit = min(self._credit + max(number, 0), _MOST)
            self._bus.changed.notify_all()

    def next(self, keep_alive: float, disturbed: Callable[[], bool]) -> pb.FetchResponse | None:
        """The next answer: events, or a sign of life; None when disturbed."""
        until = time.monotonic() + keep_alive
        with self._bus.changed:
            while True:
                if self._wrong:
                    code = grpc.StatusCode.INVALID_ARGUMENT
                    _refuse(self._context, code, _BAD_NUMBER, self._wrong)
                if disturbed() or not self._context.is_active():
                    self._bus.changed.wait(0.05)
                    return None
                found = self._bus.behind(self._topic, self._place, self._credit)
                left = until - time.monotonic()
                if found or left <= 0:
                    return self._answer(found)
                self._bus.changed.wait(min(left, 0.25))

    def _answer(self, found: list[Event]) -> pb.FetchResponse:
        self._credit -= len(found)
        self._place = found[-1].number if found else max(self._place, self._bus.latest)
        events = [
            pb.ConsumerEvent(
                event=pb.ProducerEvent(id=one.id, schema_id=one.schema_id, payload=one.payload),
                replay_id=one.number.to_bytes(8),
            )
            for one in found
        ]
        return pb.FetchResponse(
            events=events,
            latest_replay_id=self._place.to_bytes(8),
            pending_num_requested=self._credit,
        )


def _refuse(context: Any, code: grpc.StatusCode, error: str, said: str) -> NoReturn:
    """End the call as Salesforce does: its own code is in the trailers."""
    context.set_trailing_metadata((("error-code", error), ("rpc-id", "sandbox")))
    context.abort(code, f"{said} rpcId: sandbox")
    raise AssertionError("abort raises")
