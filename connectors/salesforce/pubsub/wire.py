"""Calls of the Pub/Sub API over gRPC. Imported on first use: grpcio is heavy and an extra."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import grpc

from connectors.salesforce.pubsub import pubsub_pb2 as pb

SERVICE = "eventbus.v1.PubSub"
_LARGEST = 16_000_000
_KEEP_ALIVE = (
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_receive_message_length", _LARGEST),
)


def channel(url: str) -> grpc.Channel:
    """A channel to the service: TLS for https; plain only for http, which settings keep local."""
    parts = urlsplit(url)
    if parts.scheme == "http":
        # A proxy of the environment is for the world outside, not for this machine.
        options = (*_KEEP_ALIVE, ("grpc.enable_http_proxy", 0))
        return grpc.insecure_channel(f"{parts.hostname}:{parts.port or 80}", options=options)
    target = f"{parts.hostname}:{parts.port or 443}"
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(), options=_KEEP_ALIVE)


class Stub:
    """The three methods, with the session's metadata on each call."""

    def __init__(self, made: grpc.Channel, metadata: Mapping[str, str], timeout: float) -> None:
        self._metadata = tuple(metadata.items())
        self._timeout = timeout
        self._subscribe = made.stream_stream(
            f"/{SERVICE}/Subscribe",
            request_serializer=pb.FetchRequest.SerializeToString,
            response_deserializer=pb.FetchResponse.FromString,
        )
        self._topic = made.unary_unary(
            f"/{SERVICE}/GetTopic",
            request_serializer=pb.TopicRequest.SerializeToString,
            response_deserializer=pb.TopicInfo.FromString,
        )
        self._schema = made.unary_unary(
            f"/{SERVICE}/GetSchema",
            request_serializer=pb.SchemaRequest.SerializeToString,
            response_deserializer=pb.SchemaInfo.FromString,
        )

    def subscribe(self, requests: Iterator[pb.FetchRequest]) -> Any:
        """The call of a stream: iterate over it for responses, ``cancel`` ends it."""
        return self._subscribe(requests, metadata=self._metadata)

    def topic(self, name: str) -> pb.TopicInfo:
        """What the service says of a topic."""
        asked = pb.TopicRequest(topic_name=name)
        found: pb.TopicInfo = self._topic(asked, metadata=self._metadata, timeout=self._timeout)
        return found

    def schema(self, schema_id: str) -> str:
        """An Avro schema as JSON."""
        asked = pb.SchemaRequest(schema_id=schema_id)
        found: pb.SchemaInfo = self._schema(asked, metadata=self._metadata, timeout=self._timeout)
        return found.schema_json
