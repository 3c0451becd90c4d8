"""Worlds in which everything that can be missing, away, inactive or circular sometimes is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from routing.nouns import (
    Account,
    Deal,
    GroupMember,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Sentiment,
    Signal,
    SignalKind,
    Stage,
    Territory,
)
from routing.policy import Policy, RungKind, SignalClass, StageClass, When
from routing.snapshot import AccountMatch, Holiday, Load, OpenAlert, Preference, Snapshot

NOW = datetime(2026, 5, 25, 14, 0, tzinfo=UTC)
KEYS = ("a", "b", "c", "d", "e", "f")
IDS = tuple(f"u-{key}" for key in KEYS)
EMAILS = tuple(f"{key}@team.example" for key in KEYS)
STAGES = {
    "s1": Stage(id="s1", label="Prospecting", position=1),
    "s2": Stage(id="s2", label="Negotiation", position=2),
    "s3": Stage(id="s3", label="Closed Won", position=3, is_closed=True, is_won=True),
}
some_id = st.none() | st.sampled_from((*IDS, "u-gone"))
some_text = st.sampled_from(("", "Acme", "customer", "<!channel>", "{0}%s", "🔥", "Ann & Co"))
stamps = st.none() | st.just(NOW - timedelta(minutes=3))


@st.composite
def people(draw: st.DrawFn) -> dict[str, Person]:
    """Some of the six, with managers and backups anywhere, themselves and strangers included."""
    made = {}
    for key in draw(st.lists(st.sampled_from(KEYS), unique=True)):
        made[f"u-{key}"] = Person(
            id=f"u-{key}",
            email=draw(st.sampled_from((f"{key}@team.example", *EMAILS[:1], ""))),
            name=draw(some_text),
            active=draw(st.integers(0, 4)) > 0,
            queue=draw(st.integers(0, 6)) == 0,
            manager_id=draw(some_id),
            backup_id=draw(some_id),
            seen_at=draw(stamps),
        )
    return made


@st.composite
def absences(draw: st.DrawFn) -> tuple[OutOfOffice, ...]:
    """Absences, most of them now."""
    rows = []
    for number in range(draw(st.integers(0, 6))):
        starts = NOW + timedelta(hours=draw(st.integers(-48, 3)))
        rows.append(
            OutOfOffice(
                id=f"o{number}",
                person_id=draw(st.sampled_from((*IDS, "u-gone"))),
                starts_at=starts,
                ends_at=starts + timedelta(hours=draw(st.integers(1, 96))),
                source=draw(st.sampled_from(("crm", "manual", "slack", "calendar", "field:X__c"))),
                available=draw(st.integers(0, 5)) == 0,
            )
        )
    return tuple(rows)


@st.composite
def deals(draw: st.DrawFn) -> tuple[Deal, ...]:
    """Deals in known and unknown stages, with and without owner and amount."""
    rows = []
    for number in range(draw(st.integers(0, 5))):
        stage = draw(st.sampled_from((*STAGES, "s-custom")))
        known = STAGES.get(stage)
        rows.append(
            Deal(
                id=f"d{number}",
                name=draw(some_text),
                stage_id=stage,
                owner_id=draw(some_id),
                pipeline_id=draw(st.sampled_from(("", "p1"))),
                fields={"SE__c": draw(some_id) or ""},
                amount=draw(st.none() | st.sampled_from((0.0, 5.0, 900.5))),
                is_closed=known.is_closed if known else draw(st.booleans()),
                is_won=known.is_won if known else draw(st.booleans()),
                closed_at=draw(stamps),
            )
        )
    return tuple(rows)


@st.composite
def signals(draw: st.DrawFn, number: int = 0) -> Signal:
    """Any signal, its moment within two hours of now on either side."""
    at = NOW + timedelta(minutes=draw(st.integers(-120, 120)))
    return Signal(
        source="fuzz",
        event_id=str(number),
        kind=draw(st.sampled_from(SignalKind)),
        prospect_email="p@x.example",
        occurred_at=at,
        received_at=NOW,
        tier=draw(st.none() | st.integers(-1, 9)),
        confidence=draw(st.none() | st.floats(0, 1)),
        sentiment=draw(st.none() | st.sampled_from(Sentiment)),
        thread_id=draw(st.sampled_from(("", "t1", "t2"))),
        subject=draw(some_text),
        sending_rep=draw(st.sampled_from(("", *EMAILS, "x@y.example"))),
        count=draw(st.integers(1, 3)),
        language=draw(st.sampled_from(("", "de", "EN"))),
    )


@st.composite
def holdings(draw: st.DrawFn) -> tuple[RoleHolding, ...]:
    """Team rows of the account and of deals."""
    rows = []
    for number in range(draw(st.integers(0, 4))):
        whose: dict[str, Any] = draw(
            st.sampled_from(({"account_id": "a1"}, {"deal_id": "d0"}, {"deal_id": "d1"}))
        )
        role = draw(st.sampled_from(("BDR", "bdr", "SE")))
        person = draw(st.sampled_from((*IDS, "u-gone")))
        rows.append(RoleHolding(id=f"h{number}", person_id=person, role=role, **whose))
    return tuple(rows)


@st.composite
def group_members(draw: st.DrawFn) -> tuple[GroupMember, ...]:
    """People of two territories and a queue."""
    rows = []
    for number in range(draw(st.integers(0, 4))):
        group = draw(st.sampled_from(("t1", "t2", "u-f")))
        person = draw(st.sampled_from((*IDS, "u-gone")))
        role = draw(st.sampled_from(("AE", "")))
        rows.append(GroupMember(id=f"g{number}", group_id=group, person_id=person, role=role))
    return tuple(rows)


TERRITORIES = (
    Territory(id="t1", name="West"),
    Territory(id="t2", name="Old", active=False),
)
LOADS = tuple(Load(open=number, today=number) for number in (1, 3))
loads = st.dictionaries(st.sampled_from(IDS), st.sampled_from(LOADS), max_size=3)


WISHES = (
    Preference(),
    Preference(real_time=()),
    Preference(real_time=(SignalClass.OPEN, SignalClass.MULTI_OPEN), surface="pager"),
    Preference(silent=(SignalClass.OPEN, SignalClass.POSITIVE_REPLY)),
    Preference(quiet=(9 * 60, 18 * 60)),
    Preference(quiet=(18 * 60, 8 * 60), silent=tuple(SignalClass)),
)
preferences = st.dictionaries(st.sampled_from(IDS), st.sampled_from(WISHES), max_size=3)


SOURCES: tuple[dict[str, datetime | None], ...] = (
    {},
    {"crm": NOW, "slack": NOW},
    {"crm": NOW, "slack": None, "calendar": NOW - timedelta(days=1)},
)
own_sources = st.dictionaries(st.sampled_from(IDS), st.sampled_from(SOURCES), max_size=3)


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    """The facts around a prospect, known or not."""
    kinds = st.sampled_from(("", "Customer - Direct", "Prospect"))
    account = Account(
        id="a1",
        name="Acme",
        domain="acme.example",
        owner_id=draw(some_id),
        kind=draw(kinds),
        fields={
            "BDR__c": draw(some_id) or "",
            "stage_class": draw(st.sampled_from(("", "", "Customer", "gold"))),
        },
    )
    prospect = Prospect(
        id="p1", kind="contact", email="p@x.example", name=draw(some_text), owner_id=draw(some_id)
    )
    alert = OpenAlert(id="al1", signal_class=SignalClass.OPEN)
    return Snapshot(
        prospect=draw(st.none() | st.just(prospect)),
        account=draw(st.none() | st.just(account)),
        deals=draw(deals()),
        prospect_deals=frozenset(draw(st.sets(st.sampled_from(("d0", "d1", "d9"))))),
        stages=draw(st.just(STAGES) | st.just({})),
        holdings=draw(holdings()),
        people=draw(people()),
        out_of_office=draw(absences()),
        recent=tuple(draw(signals(number)) for number in range(1, draw(st.integers(1, 4)))),
        open_alert=draw(st.none() | st.none() | st.just(alert)),
        preferences=draw(preferences),
        match=draw(st.none() | st.just(AccountMatch(account_id="a1", confidence=0.9, why="x"))),
        contact_roles=draw(st.just({}) | st.just({"d0": "Decision Maker"})),
        territories=draw(st.just(()) | st.just(TERRITORIES)),
        group_members=draw(group_members()),
        holidays=draw(
            st.just({}) | st.just({"u-a": (Holiday(day=NOW.date(), name="Memorial Day"),)})
        ),
        sources=draw(st.sampled_from(SOURCES)),
        own_sources=draw(own_sources),
        loads=draw(loads),
        turns={"round": draw(st.sampled_from(({}, {"u-a": 2}, {"u-d": 1})))},
    )


CONDITIONS: tuple[dict[str, Any], ...] = (
    *({"stage": one} for one in StageClass),
    {"signal": "multi_open"},
    {"signal": ["open", "reply"]},
    {"named_account": True},
    {"known_prospect": False},
    {"kind": "reply"},
    {"tier": [1, 2]},
    {"confidence": {"at_least": 0.5}},
    {"sentiment": "positive"},
    {"language": "de"},
    {"sending_rep": EMAILS[0]},
    {"pipeline": "p*"},
    {"deal_stage": "Nego*"},
    {"amount": {"below": 100}},
    {"field": {"account.BDR__c": "u-*", "deal.SE__c": ["u-a"]}},
    {"account_kind": "customer*"},
    {"territory": "west"},
    {"account_list": "best"},
    {"title": "VP*"},
    {"contact_role": "Decision*"},
    {"time": {"days": "mon"}},
    {"time": {"start": "22:00", "end": "06:00", "time_zone": "Asia/Tokyo"}},
)


SUPPRESSIONS: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"name": "machines", "when": {"tier": [4, 5]}}],
    [{"name": "small", "when": {"amount": {"below": 10}, "signal": ["open", "click"]}}],
)


def _routes(draw: st.DrawFn, targets: tuple[str, ...]) -> list[dict[str, Any]]:
    to = st.lists(st.sampled_from(targets), min_size=1, max_size=3, unique=True)
    some = st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=2)
    made = [
        {
            "name": f"route {number}",
            "when": {name: value for one in draw(some) for name, value in one.items()},
            "to": draw(to),
            **draw(st.sampled_from(EXTRAS)),
        }
        for number in range(draw(st.integers(0, 3)))
    ]
    return [*made, {"name": "last", "to": draw(to)}]


EXTRAS: tuple[dict[str, Any], ...] = (
    {},
    {"watchers": ["ae", "#floor"]},
    {"continue": True},
    {"ladder": "short"},
)


def _reachable(routes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those that an earlier route leaves nothing for."""
    kept: list[dict[str, Any]] = []
    for route in routes:
        mine = When.model_validate(route.get("when", {}))
        before = [When.model_validate(one["when"]) for one in kept if not one.get("continue")]
        if not any(one.covers(mine) for one in before):
            kept.append(route)
    return kept


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy that an admin could load."""
    owned = ("bdr", "ae", "sender", "named_rep", "claim_channel", f"person:{EMAILS[4]}")
    targets = (*owned, "pool:round", "queue:Ann & Co", "territorial")
    rungs = draw(
        st.lists(st.sampled_from(RungKind), min_size=1, unique=True).filter(
            lambda some: some != [RungKind.ADMIN] and some[0] is not RungKind.REMIND
        )
    )
    covered = draw(st.integers(0, 5))
    routes = _reachable(_routes(draw, targets))
    short = {"short": [{"to": "assignee", "wait": 5}, {"to": "remind"}, {"to": "claim_channel"}]}
    named = any(route.get("ladder") for route in routes)
    return Policy.model_validate(
        {
            "ladders": short if named else {},
            "account_lists": {"best": ["acme*", "zeta.example"]},
            "pools": {
                "round": {
                    "members": [{"person": EMAILS[0], "weight": 2}, {"person": EMAILS[3]}],
                    "most_open": draw(st.none() | st.integers(1, 4)),
                }
            },
            "suppress": draw(st.sampled_from(SUPPRESSIONS)),
            "rep_choice": {
                "surfaces": ["pager"],
                "always_real_time": draw(st.just([]) | st.just(["positive_reply"])),
            },
            "availability": {
                "unknown": draw(st.sampled_from(("ask", "pass_over"))),
                "off_hours": draw(st.sampled_from(("wait", "pass_over"))),
            },
            "roles": {
                "bdr": ["field:account.BDR__c", "team:BDR", "deal_team:SE"],
                "ae": ["owner:deal", "owner:account", "owner:prospect"],
                "sender": ["sending_rep", f"person:{EMAILS[5]}"],
                "territorial": ["territory:AE", "field:deal.SE__c"],
            },
            "deals_of": draw(st.sampled_from(("prospect_then_account", "account"))),
            "named_accounts": draw(
                st.just([]) | st.just([{"account": "acme", "rep": EMAILS[1], "backup": EMAILS[2]}])
            ),
            "routes": routes,
            "backups": {EMAILS[one]: EMAILS[one + 1] for one in range(covered)},
            "ladder": [{"to": rung, "wait": draw(st.integers(0, 60))} for rung in rungs],
            "places": {
                "claim_channel": "#claim",
                "coverage_channel": draw(st.none() | st.sampled_from(("#cover", "#claim"))),
                "watch_channel": draw(st.none() | st.sampled_from(("#watch", "#claim"))),
                "admins": draw(
                    st.lists(st.sampled_from((*EMAILS, "ops@x.example")), min_size=1, max_size=2)
                ),
            },
            "one_alert_per": draw(st.sampled_from(("prospect", "thread"))),
        }
    )
