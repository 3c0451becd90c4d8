"""What the worker asks of a CRM and of a surface. Every adapter answers these and no more.

Abilities are data (``Abilities``, ``MirrorObject``), so that nothing outside an adapter's folder
asks which adapter it is. Errors are those of ``connectors.errors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

from connectors.errors import ConnectorError
from connectors.hints import Hint as Hint
from connectors.hints import HintSource as HintSource
from connectors.hints import HookRefusedError as HookRefusedError
from connectors.hints import Positions as Positions
from connectors.hints import Webhook as Webhook
from connectors.live import LivePart, LiveQuestion, Usage
from connectors.surfaces import ACTIONS as ACTIONS
from connectors.surfaces import Abilities as Abilities
from connectors.surfaces import Button as Button
from connectors.surfaces import ButtonPress as ButtonPress
from connectors.surfaces import Card as Card
from connectors.surfaces import CardGroup as CardGroup
from connectors.surfaces import CardItem as CardItem
from connectors.surfaces import Check as Check
from connectors.surfaces import Question as Question
from connectors.surfaces import Sent as Sent
from connectors.surfaces import Surface as Surface
from routing.nouns import MirrorRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorObject:
    """One kind of record that a CRM offers for mirroring.

    ``name`` is unique within the CRM; ``noun`` is the class of its records in
    ``routing.nouns``. A ``full`` object is read whole each time and what was not seen is gone;
    the others are read from their watermark. ``every`` is seconds between reads. ``budget`` is
    the freshness budget in seconds where the CRM demands another one than the settings give.
    ``by_person`` ones are read for each person by itself: pages say of whom (``people``).
    """

    name: str
    noun: type[MirrorRecord]
    full: bool = False
    every: int = 120
    budget: int | None = None
    by_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of one object. ``deleted`` holds ids gone from the CRM.

    ``watermark`` is set on the last page of a complete read only; the worker stores it after the
    page itself, so that a read that breaks off moves nothing.
    """

    records: Sequence[MirrorRecord] = ()
    deleted: Sequence[str] = ()
    all_of_deals: Sequence[str] = ()
    """Ids of deals of which the page holds every record of this object: others are gone."""
    watermark: str | None = None
    total: int | None = None
    """How many records the whole read is expected to have, where the CRM says so."""
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Further fields of records that are otherwise as the mirror has them, by record id: values
    that move no stamp. Records that the mirror lacks are left alone."""
    refreshed: Sequence[str] = ()
    """Which further fields ``fields`` tells of; one without a value there is empty."""
    people: Mapping[str, bool] = field(default_factory=dict)
    """Of an object that is read person by person: ids of those whom the pages tell of, and whether
    theirs could be read. '*' stands for everybody whom no page names."""
    since: datetime | None = None
    """Of a first read that does not go back to the beginning: the change stamp it goes back to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivityDraft:
    """The CRM task of one alert as it should stand now. ``key`` is unique for all time.

    Latencies are minutes. A draft with ``completed_at`` closes the task.
    """

    key: str
    subject: str
    body: str
    owner_id: str | None
    """Whom the task goes to; None leaves it with the user that writes it, or with nobody."""
    prospect_id: str | None
    prospect_kind: str
    account_id: str | None
    deal_id: str | None
    due_at: datetime
    fired_at: datetime
    role: str
    reason: str
    completed_at: datetime | None = None
    responded_at: datetime | None = None
    response_source: str = ""
    latency_minutes: float | None = None
    working_latency_minutes: float | None = None
    remote_id: str | None = None
    other_owners: tuple[str, ...] = ()
    """Whom it goes to, in this order, when the owner may own no task (any more)."""
    maybe_written: bool = False
    """True when an earlier try ended unclear: look the key up before creating."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteResult:
    """What became of one draft: an id of the CRM, or the error that stopped it."""

    key: str
    remote_id: str | None = None
    created: bool = False
    error: ConnectorError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundActivity:
    """A task of ours as the CRM has it; ``about`` holds the ids of the records it hangs on."""

    remote_id: str
    subject: str
    done: bool
    about: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerField:
    """A field beside the owner that names a person; ``name`` is as the policy writes it.

    ``filled`` counts the records whose field is not empty; None where the CRM does not tell.
    """

    noun: Literal["account", "deal", "prospect"]
    name: str
    label: str
    filled: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """The medians over the 30 days up to ``day``, of one rep or the whole team.

    ``key`` is unique for the rep (or team) and the day. Medians are minutes over the ``answered``
    of the ``fired`` alerts; None when none was answered. ``rep_id`` is None where the CRM knows
    no such person, and for the team.
    """

    key: str
    day: date
    rep: str
    rep_id: str | None
    whole_team: bool
    fired: int
    answered: int
    median_minutes: float | None
    median_working_minutes: float | None


class Reader(Protocol):
    """Whatever the mirror reads objects from. One instance serves several threads."""

    name: str
    objects: Sequence[MirrorObject]
    notes: list[str]
    """What is switched off and why, for people to read."""

    @property
    def calls_here(self) -> int:
        """HTTP requests made so far by the calling thread."""

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:
        """As a CRM's."""

    def close(self) -> None:
        """Give back connections."""


class AbsenceReader(Reader, Protocol):
    """Reads out of office from somewhere beside the CRM; all its objects are of that noun.

    ``objects`` are ``full``: each read tells all, and what it does not tell is over.
    """

    def checks(self) -> Iterator[Check]:
        """Look whether it can be read; changes nothing. Never raises ConnectorError."""


class Crm(Protocol):
    """A CRM that is mirrored and written back to. One instance serves several threads."""

    name: str
    objects: Sequence[MirrorObject]
    notes: list[str]
    """What is switched off and why ('no account teams in this org'), for people to read."""
    hint_sources: Sequence[HintSource]
    """What tells of changes sooner than polling; empty where nothing does or none is set up."""
    webhooks: Sequence[Webhook]
    """The routes by which the CRM tells us of changes itself."""

    @property
    def api_calls(self) -> int:
        """HTTP requests made so far, log-ins included."""

    def prepare(self) -> list[str]:
        """See that tasks can be written, and create what is missing where that is allowed.

        What an admin must mend, each a sentence with its mend; empty when nothing is missing.
        Looks anew at each call, so that a mend shows. Raises ConnectorError when it could not
        look; what is merely missing is no error.
        """

    def install(self, *, check_only: bool) -> Iterator[Check]:
        """Put into the CRM what tasks and medians are written into, as far as we may.

        With ``check_only`` the CRM is asked whether it would take it, and nothing changes. A
        check for each part, as it is done: what was refused, each with its mend. Doing it twice
        is harmless. Never raises ConnectorError: a refusal is a failed check.
        """

    def checks(self, now: Callable[[], datetime]) -> Iterator[Check]:
        """Look at all that this worker needs of the CRM, one after the other; changes nothing.

        The first is of the log-in; when that failed, nothing follows. ``now`` is our own clock.
        Never raises ConnectorError: a look that fails is a failed check.
        """

    def count(self, name: str) -> int | None:
        """How many records object ``name`` has by the CRM's own count; None where that is dear.

        Raises ConnectorError.
        """

    def owner_fields(self) -> Sequence[OwnerField]:
        """The fields of accounts, deals and prospects that name a person beside the owner.

        By the CRM's metadata, as it is now, whether the policy reads them or not. What the CRM
        hides from us is left out. Raises ConnectorError.
        """

    def read(self, name: str, watermark: str | None) -> Iterator[Page]:
        """Yield the pages of object ``name`` changed since ``watermark`` (None: all of it).

        Lazily, at most a page or two in memory. Raises ConnectorError; the pages that came
        before the error are good.
        """

    def read_live(self, question: LiveQuestion) -> list[LivePart]:
        """Read these records from the CRM itself, now, in as few calls as it allows.

        What the CRM lacks or hides is left out. Raises ConnectorError with nothing answered.
        """

    def day_usage(self) -> Usage | None:
        """The calls of the day by the CRM's own count; None where it tells none.

        Makes a call at most when what was last told is old. Raises ConnectorError.
        """

    @property
    def calls_here(self) -> int:
        """HTTP requests made so far by the calling thread."""

    def write_activities(self, drafts: Sequence[ActivityDraft]) -> list[WriteResult]:
        """Create or update one task a draft, idempotent by key; a result for each, in order.

        Raises ConnectorError only if no draft was written; UnclearError if any may have been.
        """

    def find_activity(self, draft: ActivityDraft) -> FoundActivity | None:
        """The task of a draft as it stands in the CRM; None where there is none.

        By the draft's ``remote_id``, or by its key where that is not known. Raises ConnectorError.
        """

    def remove_activity(self, remote_id: str) -> None:
        """Take a task of ours away; one that is gone is no error. Raises ConnectorError."""

    def takes_metrics(self) -> bool:
        """Whether the CRM has a place for medians. Looks anew each time. Raises ConnectorError."""

    def write_metrics(self, metrics: Sequence[Metric]) -> list[WriteResult]:
        """Create or update one row a metric, idempotent by key; a result for each, in order.

        Raises ConnectorError only if no row was written, or if there is no place for them.
        """

    def record_url(self, noun: str, record_id: str) -> str:
        """Where a person opens the record in the CRM; '' where there is no such page."""

    def close(self) -> None:
        """Give back connections."""
