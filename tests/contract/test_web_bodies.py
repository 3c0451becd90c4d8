"""Bodies of every length and pace, on plain sockets."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from tests.contract.flow_kit import Office, health_of, rows, shared_office, wiped
from worker.run import Worker
from worker.store.tables import SIGNAL

LIMIT = 20_000
HEAD = b"POST /v1/signals HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with shared_office(tmp_path_factory, signed=False) as made:
        yield made


@pytest.fixture(scope="module")
def served(office: Office) -> Worker:
    return office.worker(signals={"max_body_bytes": LIMIT})


@pytest.fixture
def worker(served: Worker) -> Worker:
    return wiped(served)


def connected(worker: Worker) -> socket.socket:
    parts = urlsplit(worker.url)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port), timeout=30)


def answered(link: socket.socket) -> bytes:
    """Everything until the other side closes."""
    parts = []
    try:
        while part := link.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        assert parts  # the answer came, then the rest of our body was refused
    return b"".join(parts)


def padded(office: Office, length: int) -> bytes:
    raw = json.dumps(office.body()).encode()
    return raw + b" " * (length - len(raw))


def test_a_body_of_exactly_the_limit_is_taken_and_one_more_byte_is_413(
    office: Office, worker: Worker
) -> None:
    assert office.post(worker, padded(office, LIMIT)).status_code == 202
    assert office.post(worker, padded(office, LIMIT + 1)).status_code == 413
    assert len(rows(worker, SIGNAL)) == 1


def test_a_body_without_an_end_is_answered_413_and_hung_up_on(worker: Worker) -> None:
    chunk = b"1000\r\n" + b"[" * 0x1000 + b"\r\n"
    with connected(worker) as link:
        link.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n" + chunk * 8)
        answer = answered(link)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


def test_a_chunked_body_within_the_limit_is_taken(office: Office, worker: Worker) -> None:
    raw = json.dumps(office.body()).encode()
    chunks = b"".join(b"%x\r\n%b\r\n" % (1, raw[at : at + 1]) for at in range(len(raw)))
    with connected(worker) as link:
        head = HEAD + b"connection: close\r\ntransfer-encoding: chunked\r\n\r\n"
        link.sendall(head + chunks + b"0\r\n\r\n")
        assert answered(link).startswith(b"HTTP/1.1 202 ")


def test_slow_clients_block_nobody(office: Office, worker: Worker) -> None:
    with ExitStack() as stack:
        for number in range(100):
            link = stack.enter_context(connected(worker))
            link.sendall(HEAD[: 10 + number % 50] if number % 2 else HEAD + b"content-length: 99")
        half = [stack.enter_context(connected(worker)) for _ in range(20)]
        raw = json.dumps(office.body()).encode()
        for link in half:
            head = HEAD + b"connection: close\r\ncontent-length: %d\r\n\r\n" % len(raw)
            link.sendall(head + raw[:20])
        assert office.post(worker, office.body("cora@contoso.example")).status_code == 202
        assert health_of(worker).status_code == 200
        for link in half:
            link.sendall(raw[20:])
            assert answered(link).startswith(b"HTTP/1.1 202 ")
    assert len(rows(worker, SIGNAL)) == 2


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing_behind(
    office: Office, worker: Worker
) -> None:
    raw = json.dumps(office.body()).encode()
    for _ in range(20):
        with connected(worker) as link:
            link.sendall(HEAD + b"content-length: %d\r\n\r\n" % len(raw) + raw[:-1])
    assert office.post(worker, office.body()).status_code == 202
    assert len(rows(worker, SIGNAL)) == 1


@pytest.mark.parametrize(
    "lines",
    [
        b"content-length: -1\r\n\r\n",
        b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        b"x" * 200_000,
    ],
)
def test_http_that_is_no_http_is_400_and_the_door_stays_open(
    office: Office, worker: Worker, lines: bytes
) -> None:
    with connected(worker) as link:
        link.sendall(HEAD + lines)
        answer = answered(link)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))
    assert not answer.startswith(b"HTTP/1.1 500")
    assert office.post(worker, office.body()).status_code == 202
