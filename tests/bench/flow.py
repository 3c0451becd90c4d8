"""From a signal's arrival to the call to Slack: how long one takes, and how many go through."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from tests.bench import company
from tests.bench.outcome import Measure, Tell, percentile
from tests.bench.processes import Child
from tests.bench.worker_process import WorkerProcess, environment, free_port
from worker.intake.signature import sign

CALLERS = 16
_POST_SECONDS = 30.0
_STRANGERS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured. ``reps`` are so many that the pace of one place never counts."""

    reps: int
    singles: int
    stream: int
    rounds: int

    @property
    def prospects(self) -> int:
        """Each signal is about another prospect, so that each becomes an alert."""
        return self.reps + self.singles + self.stream * self.rounds


class Sender:
    """One kept connection to one server."""

    def __init__(self, port: int, path: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_POST_SECONDS)
        self._path = path

    def send(self, body: bytes, headers: dict[str, str]) -> None:
        """Post and read the answer; RuntimeError unless it is 202."""
        self._connection.request("POST", self._path, body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != http.client.ACCEPTED:
            raise RuntimeError(f"{self._path} answered {answer.status}: {text[:300]!r}")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


@dataclass(frozen=True, slots=True)
class Parties:
    """Everybody at work: the Slack sandbox, the worker, the bare loop."""

    slack: Child
    worker: WorkerProcess
    bare_port: int


@contextmanager
def parties(folder: Path, size: Size, tell: Tell) -> Iterator[Parties]:
    """Start all three and wait until the worker knows its company."""
    tell(f"starting Slack, the worker and the bare loop; {size.prospects} prospects in CSV files")
    company.write_csv_crm(folder / "crm", size.reps, size.prospects)
    with ExitStack() as stack:
        slack = stack.enter_context(Child("slack_server", str(size.reps)))
        url = str(slack.ready["url"])
        bare = stack.enter_context(
            Child(
                "bare_server",
                str(folder / "bare.db"),
                url,
                slack.ready["bot_token"],
                slack.ready["channel"],
            )
        )
        port = free_port()
        crm = {"crm": "csv", "csv": {"folder": "crm"}, "ae_source": "field:account.ae"}
        config = company.write_settings(folder, url, port, **crm)
        worker = stack.enter_context(WorkerProcess(config, port, environment(slack.ready)))
        worker.wait_for_mirror(60)
        yield Parties(slack, worker, int(str(bare.ready["url"]).rpartition(":")[2]))


def signal_of(prospect: int) -> tuple[bytes, dict[str, str]]:
    """A signal that interrupts: its signed request, body and headers."""
    now = datetime.now(UTC)
    body = json.dumps(
        {
            "id": uuid4().hex,
            "source": "bench",
            "type": "multi_open",
            "tier": 1,
            "count": 2,
            "time": (now - timedelta(seconds=1)).isoformat(),
            "prospect": {"email": company.prospect_email(prospect)},
            "thread": {
                "id": f"thread-{prospect}",
                "url": f"https://mail.example/thread-{prospect}",
                "subject": "Pricing follow-up",
            },
            "sending_rep": company.rep_email(0),
        }
    ).encode()
    headers = sign(company.SECRET, f"msg_{uuid4().hex}", now, body)
    return body, headers | {"content-type": "application/json"}


def measure_flow(folder: Path, size: Size, tell: Tell) -> list[Measure]:
    """All measures of the flow."""
    with parties(folder, size, tell) as who:
        measures = _one_at_a_time(who, size, tell)
        measures.append(_stream(who, size, tell))
        undelivered = who.worker.count("SELECT count(*) FROM alert WHERE delivered_at IS NULL")
        alerts = who.worker.count("SELECT count(*) FROM alert")
    if undelivered or alerts != size.prospects:
        raise RuntimeError(f"{alerts} alerts for {size.prospects} signals, {undelivered} not told")
    return measures


def _one_at_a_time(who: Parties, size: Size, tell: Tell) -> list[Measure]:
    tell(f"one signal at a time: {_STRANGERS} to reps whom Slack was never asked about")
    strangers = _in_turn(who, range(_STRANGERS))
    tell(f"greeting the other {size.reps - _STRANGERS} reps")
    _pour(who, "/v1/signals", who.worker.port, range(_STRANGERS, size.reps))
    who.worker.wait_for_quiet()
    tell(f"one signal at a time: {size.singles}, in turn with the bare loop")
    ours, bare = _in_turn(who, range(size.reps, size.reps + size.singles))
    measures = [
        Measure(f"signal → Slack, {name}", percentile(ours, at), percentile(bare, at), "ms")
        for name, at in (("median", 50), ("P99", 99))
    ]
    first = [percentile(some, 50) for some in strangers]
    return [*measures, Measure("the same, first message to a rep", first[0], first[1], "ms")]


def _in_turn(who: Parties, prospects: Iterable[int]) -> tuple[list[float], list[float]]:
    """Milliseconds from sending a request to the post's arrival at Slack: ours, the bare loop's."""
    senders = Sender(who.worker.port, "/v1/signals"), Sender(who.bare_port, "/one")
    took: tuple[list[float], list[float]] = [], []
    for prospect in prospects:
        for sender, some in zip(senders, took, strict=True):
            body, headers = signal_of(prospect)
            began = time.monotonic_ns()
            sender.send(body, headers)
            some.append((int(who.slack.line(_POST_SECONDS)) - began) / 1e6)
            who.worker.wait_for_quiet()
    for sender in senders:
        sender.close()
    return took


def _stream(who: Parties, size: Size, tell: Tell) -> Measure:
    mine = theirs = 0.0
    start = size.reps + size.singles
    for number in range(size.rounds):
        some = range(start + number * size.stream, start + (number + 1) * size.stream)
        tell(f"{size.stream} signals from {CALLERS} callers, round {number + 1} of {size.rounds}")
        mine += _pour(who, "/v1/signals", who.worker.port, some)
        who.worker.wait_for_quiet()
        theirs += _pour(who, "/many", who.bare_port, some)
    total = size.stream * size.rounds
    return Measure("signals a second, delivered", total / mine, total / theirs, "/s", more=True)


def _pour(who: Parties, path: str, port: int, prospects: Sequence[int]) -> float:
    """Seconds from the first request to the last post's arrival at Slack."""
    requests = [signal_of(prospect) for prospect in prospects]
    failed: list[BaseException] = []
    threads = [
        threading.Thread(target=_call, args=(port, path, requests[first::CALLERS], failed.append))
        for first in range(CALLERS)
    ]
    began = time.monotonic_ns()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError("a caller of the bench failed") from failed[0]
    ended = [int(who.slack.line(_POST_SECONDS)) for _ in requests]
    return (max(ended) - began) / 1e9


def _call(
    port: int,
    path: str,
    requests: Sequence[tuple[bytes, dict[str, str]]],
    failed: Callable[[BaseException], None],
) -> None:
    sender = Sender(port, path)
    try:
        for body, headers in requests:
            sender.send(body, headers)
    except Exception as error:
        failed(error)
    finally:
        sender.close()
