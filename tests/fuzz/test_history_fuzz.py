"""Whatever happens to the mirror: decided again as of any moment, the facts are those of then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import func, select, update

from routing.decide import decide
from routing.nouns import (
    Account,
    Deal,
    DealContact,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Signal,
    SignalKind,
    Stage,
)
from routing.policy import Policy
from routing.snapshot import Preference, Snapshot
from routing.terms import SignalClass
from tests.fuzz.converge_kit import PROFILE, START, Action, histories, pick
from tests.story.world import small_policy
from worker.store import history_tables
from worker.store.engine import Store
from worker.store.facts import snapshot_as_of, snapshot_for
from worker.store.history import (
    BeyondHistoryError,
    begin_history,
    note_read,
    purge_history,
    set_preference,
)
from worker.store.mirror import TABLES, Read, table_of, tombstone, touch, unseen, upsert
from worker.store.person_reads import EVERYBODY, note_people, note_unread
from worker.store.tables import (
    META,
    PERSON_READ,
    PERSON_SETTING,
    READ_SPAN,
    SIGNAL,
    WATERMARK,
)

ONE_STORE = settings(
    PROFILE, max_examples=PROFILE.max_examples, suppress_health_check=[*HealthCheck]
)
"""Each history empties the store that the test was given."""
POLICY = Policy.model_validate(small_policy())
EVERY = 60.0
OBJECTS: dict[type[Any], str] = {
    Person: "users",
    Account: "accounts",
    Prospect: "contacts",
    Stage: "stages",
    Deal: "deals",
    DealContact: "deal_contacts",
    RoleHolding: "teams",
    OutOfOffice: "absences",
}
KINDS = tuple(OBJECTS)
ACTIONS = (
    *("keep", "keep", "keep_all", "noise", "take_away", "whole_read", "finish", "choose"),
    *("signal", "passing", "look", "look", "read_people", "read_people", "read_statuses"),
)


def some(of: str, number: int) -> str:
    return f"{of}{number % 3}"


def record(kind: type[Any], which: int, change: int, at: datetime) -> Any:
    """One of three records of a kind, in one of many states."""
    key = some(kind.__name__, which)
    person = pick((None, some("Person", change), some("Person", change // 3)), change)
    values: dict[type[Any], dict[str, Any]] = {
        Person: {
            "email": pick(("ann@team.example", f"p{which % 3}@team.example"), change),
            "name": f"P{change % 5}",
            "active": change % 7 > 0,
            "manager_id": person,
            "backup_id": some("Person", which + 1),
        },
        Account: {
            "name": f"A{change % 4}",
            "owner_id": person,
            "fields": pick(({}, {"BDR__c": some("Person", change)}), change // 2),
        },
        Prospect: {
            "kind": pick(("contact", "lead"), which),
            "email": f"e{change % 2}@acme.example",
            "name": f"C{change % 3}",
            "account_id": pick((None, some("Account", change)), change // 2),
            "owner_id": person,
            "converted_to": "x" if change % 11 == 0 else None,
        },
        Stage: {"label": f"S{change % 3}", "position": change % 2},
        Deal: {
            "name": f"D{change % 3}",
            "stage_id": some("Stage", change),
            "account_id": pick((None, some("Account", change)), change // 2),
            "owner_id": person,
            "amount": pick((None, 1.5), change),
            "is_closed": change % 4 == 0,
            "is_won": change % 8 == 0,
            "closed_at": at if change % 4 == 0 else None,
        },
        DealContact: {
            "deal_id": some("Deal", change),
            "prospect_id": some("Prospect", change // 3),
        },
        RoleHolding: {
            "person_id": some("Person", change),
            "role": pick(("BDR", "AE"), change),
            "account_id": pick((None, some("Account", change)), change),
            "deal_id": pick((some("Deal", change), None), change),
        },
        OutOfOffice: {
            "person_id": some("Person", change),
            "starts_at": START,
            "ends_at": START + timedelta(minutes=change),
            "source": "crm",
        },
    }
    return kind(id=key, modified_at=at, **values[kind])


@dataclass(frozen=True)
class Look:
    """A snapshot as it was taken, and when."""

    signal: Signal
    moment: datetime
    snapshot: Snapshot


class Past:
    """A mirror to which things happen, and what was seen of it meanwhile."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.at = START
        self.reads = 0
        self.signals = 0
        self.looks: list[Look] = []
        histories = (*history_tables.FACT_HISTORY.values(), history_tables.PERSON_SETTING_HISTORY)
        others = (META, PERSON_READ, PERSON_SETTING, READ_SPAN, SIGNAL, WATERMARK)
        with store.write() as tx:
            for table in (*map(table_of, TABLES), *histories, *others):
                tx.conn.execute(table.delete())
            begin_history(tx, self.at)
            for name in (*OBJECTS.values(), "calendar", "slack_status"):
                row = {"object": name, "crm": "x", "next_at": START, "records": 0, "error": ""}
                row["since"] = START
                tx.conn.execute(WATERMARK.insert().values(reads=0, lease_of=0, **row))

    def play(self, actions: list[Action]) -> None:
        for name, a, b in actions:
            self.at += timedelta(seconds=1 + b % 3, microseconds=a)
            getattr(self, name)(a, b)

    def read(self) -> Read:
        self.reads += 1
        return Read(self.reads, self.at)

    def keep(self, a: int, b: int) -> None:
        kind = pick(KINDS, a)
        made = [record(kind, b + turn, a + b * turn, self.at) for turn in range(1 + b % 3)]
        with self.store.write() as tx:
            upsert(tx, kind, OBJECTS[kind], made, self.read(), self.at)

    def keep_all(self, a: int, b: int) -> None:
        for turn in range(len(KINDS)):
            self.at += timedelta(seconds=1)
            self.keep(turn, a + b * turn)

    def noise(self, a: int, b: int) -> None:
        """The stamps of everything move and nothing else: no version ends."""
        kind = pick(KINDS, a)
        before = self.versions(kind)
        with self.store.write() as tx:
            rows = tx.conn.execute(select(table_of(kind))).mappings().all()
            names = [name for name in kind.__dataclass_fields__ if name != "seen_at"]
            alive = [row for row in rows if row["deleted_at"] is None]
            made = [
                replace(kind(**{n: row[n] for n in names}), modified_at=self.at) for row in alive
            ]
            assert upsert(tx, kind, OBJECTS[kind], made, self.read(), self.at).wrong == []
        assert self.versions(kind) == before

    def take_away(self, a: int, b: int) -> None:
        kind = pick(KINDS, a)
        with self.store.write() as tx:
            ids = [some(kind.__name__, b)]
            tombstone(tx, kind, OBJECTS[kind], ids, self.read(), self.at)

    def whole_read(self, a: int, b: int) -> None:
        """One record is seen, and what was not seen goes."""
        kind, read = pick(KINDS, a), self.read()
        with self.store.write() as tx:
            made = [record(kind, b, a, self.at)]
            touch(tx, kind, upsert(tx, kind, OBJECTS[kind], made, read, self.at).same, read)
            gone = unseen(tx.conn, kind, OBJECTS[kind], read)
            tombstone(tx, kind, OBJECTS[kind], gone, read, self.at, before=read.number)

    def finish(self, a: int, b: int) -> None:
        """A read of an object comes to its end."""
        self.finished(OBJECTS[pick(KINDS, a)])

    def read_statuses(self, a: int, b: int) -> None:
        self.finished("slack_status")

    def read_people(self, a: int, b: int) -> None:
        """Of some people the calendar can be read, of some it cannot, and some have none."""
        fate = {some("Person", turn): a // 3**turn % 3 for turn in range(3)}
        people = {one: which == 1 for one, which in fate.items() if which}
        if b % 5 == 0:
            people[EVERYBODY] = False
        if b % 4:
            self.finished("calendar")
        with self.store.write() as tx:
            if b % 4:
                note_people(tx, "calendar", people, self.at, EVERY)
            else:
                unread = [one for one, was_read in people.items() if not was_read]
                note_unread(tx, "calendar", unread, self.at)

    def finished(self, name: str) -> None:
        with self.store.write() as tx:
            its = update(WATERMARK).where(WATERMARK.c.object == name)
            tx.conn.execute(its.values(finished_at=self.at))
            note_read(tx, name, self.at, EVERY)

    def choose(self, a: int, b: int) -> None:
        reply, opened = SignalClass.REPLY, SignalClass.OPEN
        own = pick(
            (
                Preference(),
                Preference(real_time=(reply,), quiet=(1080, 480)),
                Preference(real_time=(opened, reply), silent=(opened,), surface="other"),
            ),
            b,
        )
        with self.store.write() as tx:
            set_preference(tx, some("Person", a), own, self.at)

    def signal(self, a: int, b: int) -> None:
        made = self.made(a)
        self.signals += 1
        values = {name: getattr(made, name) for name in Signal.__dataclass_fields__}
        values |= {"event_id": str(self.signals), "outcome": "", "explanation": "", "attempts": 0}
        with self.store.write() as tx:
            tx.conn.execute(SIGNAL.insert().values(**values))

    def passing(self, a: int, b: int) -> None:
        self.at += timedelta(minutes=pick((1, 3, 45, 600), a))

    def look(self, a: int, b: int) -> None:
        signal = self.made(a)
        with self.store.read() as conn:
            taken = snapshot_for(conn, signal, POLICY, self.at)
        self.looks.append(Look(signal, self.at, taken))

    def made(self, number: int) -> Signal:
        return Signal(
            source="t",
            event_id="look",
            kind=SignalKind.OPEN,
            prospect_email=f"e{number % 2}@acme.example",
            occurred_at=self.at - timedelta(minutes=number % 5),
            received_at=self.at,
            tier=1,
        )

    def versions(self, kind: type[Any]) -> int:
        table = history_tables.FACT_HISTORY[TABLES[kind]]
        with self.store.read() as conn:
            return int(conn.execute(select(func.count()).select_from(table)).scalar_one())


def without_ages(snapshot: Snapshot) -> Snapshot:
    def plain(noun: Any) -> Any:
        return replace(noun, seen_at=None) if noun is not None else None

    return replace(
        snapshot,
        prospect=plain(snapshot.prospect),
        account=plain(snapshot.account),
        deals=tuple(map(plain, snapshot.deals)),
        stages={key: plain(one) for key, one in snapshot.stages.items()},
        holdings=tuple(map(plain, snapshot.holdings)),
        people={key: plain(one) for key, one in snapshot.people.items()},
        out_of_office=tuple(map(plain, snapshot.out_of_office)),
        sources={},
        own_sources={},
    )


def reads(snapshot: Snapshot) -> dict[str, datetime | None]:
    """When each source was last read, for everybody and for each."""
    found = dict(snapshot.sources)
    for person, sources in snapshot.own_sources.items():
        found |= {f"{source} of {person}": at for source, at in sources.items()}
    return found


def ages(snapshot: Snapshot) -> dict[str, datetime]:
    nouns: list[Any] = [
        *(snapshot.prospect, snapshot.account, *snapshot.deals, *snapshot.stages.values()),
        *(*snapshot.holdings, *snapshot.people.values(), *snapshot.out_of_office),
    ]
    return {one.id: one.seen_at for one in nouns if one is not None and one.seen_at is not None}


@ONE_STORE
@given(actions=histories(ACTIONS))
def test_a_snapshot_made_again_as_of_a_moment_is_the_one_of_then(
    store: Store, actions: list[Action]
) -> None:
    past = Past(store)
    past.keep_all(3, 5)
    past.play(actions)
    past.look(0, 0)
    past.play([("keep_all", 7, 11), ("whole_read", 4, 2), ("choose", 1, 2), ("signal", 1, 1)])
    with store.read() as conn:
        for look in past.looks:
            again = snapshot_as_of(conn, look.signal, POLICY, look.moment)
            assert without_ages(again) == without_ages(look.snapshot)
            then, now = ages(look.snapshot), ages(again)
            longest = timedelta(seconds=2 * EVERY + 60)
            assert all(then[key] - longest <= now[key] <= then[key] for key in then)
            told, again_told = reads(look.snapshot), reads(again)
            assert told.keys() == again_told.keys()
            for key, at in told.items():
                sure = again_told[key]
                assert (at is None) is (sure is None)
                assert at is None or sure is None or at - longest <= sure <= at
            decided = [
                decide(look.signal, one, POLICY, look.moment)
                for one in map(without_ages, (again, look.snapshot))
            ]
            assert decided[0] == decided[1]


@ONE_STORE
@given(actions=histories(ACTIONS))
def test_versions_follow_one_another_even_when_the_clock_is_put_back(
    store: Store, actions: list[Action]
) -> None:
    past = Past(store)
    for turn, action in enumerate(actions):
        past.at -= timedelta(minutes=turn % 3)
        past.play([action])
    with store.read() as conn:
        for kind in KINDS:
            table, history = table_of(kind), history_tables.FACT_HISTORY[TABLES[kind]]
            ended = conn.execute(select(history)).mappings().all()
            held = conn.execute(select(table).where(table.c.deleted_at.is_(None))).mappings().all()
            spans: dict[str, list[tuple[datetime, datetime]]] = {}
            for row in (*ended, *held):
                until = row.get("held_until", datetime.max.replace(tzinfo=UTC))
                spans.setdefault(row["id"], []).append((row["held_from"], until))
            for found in spans.values():
                found.sort()
                assert all(start < end for start, end in found)
                assert all(one[1] <= other[0] for one, other in pairwise(found))


def test_what_is_older_than_the_setting_is_forgotten_and_nobody_may_ask_for_it(
    store: Store,
) -> None:
    past = Past(store)
    for turn in range(12):
        past.play([("keep_all", turn, 3 * turn + 1), ("finish", turn, 1), ("look", turn, 0)])
        past.passing(3, 0)
    cut = past.looks[6].moment - timedelta(seconds=1)
    assert sum(purge_history(store, cut)) > 0
    assert sum(purge_history(store, cut)) == 0
    with store.read() as conn:
        for look in past.looks[:6]:
            with pytest.raises(BeyondHistoryError, match="history_days"):
                snapshot_as_of(conn, look.signal, POLICY, look.moment)
        for look in past.looks[6:]:
            again = snapshot_as_of(conn, look.signal, POLICY, look.moment)
            assert without_ages(again) == without_ages(look.snapshot)


def test_a_first_load_makes_no_history_and_nor_does_reading_it_again(store: Store) -> None:
    past = Past(store)
    for _ in range(2):
        past.at += timedelta(minutes=2)
        for kind in KINDS:
            made = [record(kind, one, 1, START) for one in range(3)]
            with store.write() as tx:
                upsert(tx, kind, OBJECTS[kind], made, past.read(), past.at)
            assert past.versions(kind) == 0


def test_of_one_id_read_twice_in_a_page_the_last_counts(store: Store) -> None:
    past = Past(store)
    with store.write() as tx:
        made = [record(Account, 0, change, START) for change in (1, 2)]
        upsert(tx, Account, "accounts", made, past.read(), past.at)
        names = tx.conn.execute(select(table_of(Account).c.name)).scalars().all()
    assert names == [made[1].name]
