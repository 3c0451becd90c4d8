"""Worlds in which everything that can be missing, away, inactive or circular sometimes is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from routing.nouns import (
    Account,
    Deal,
    OutOfOffice,
    Person,
    Prospect,
    RoleHolding,
    Sentiment,
    Signal,
    SignalKind,
    Stage,
)
from routing.policy import Policy, RungKind, SignalClass, StageClass
from routing.snapshot import OpenAlert, Preference, Snapshot

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
                source=draw(st.sampled_from(("crm", "manual"))),
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
def snapshots(draw: st.DrawFn) -> Snapshot:
    """The facts around a prospect, known or not."""
    wishes = st.none() | st.lists(st.sampled_from(SignalClass), unique=True).map(tuple)
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
        preferences={key: Preference(real_time=draw(wishes)) for key in IDS[:2]},
    )


def _routes(draw: st.DrawFn, targets: tuple[str, ...]) -> list[dict[str, Any]]:
    to = st.lists(st.sampled_from(targets), min_size=1, max_size=3, unique=True)
    conditions = st.fixed_dictionaries(
        {"stage": st.sampled_from(StageClass)},
        optional={
            "signal": st.sampled_from(SignalClass),
            "named_account": st.booleans(),
            "known_prospect": st.booleans(),
        },
    )
    made = [
        {"name": f"route {number}", "when": draw(conditions), "to": draw(to)}
        for number in range(draw(st.integers(0, 3)))
    ]
    return [*made, {"name": "last", "to": draw(to)}]


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Any policy that an admin could load."""
    targets = ("bdr", "ae", "sender", "named_rep", "claim_channel", f"person:{EMAILS[4]}")
    rungs = draw(
        st.lists(st.sampled_from(RungKind), min_size=1, unique=True).filter(
            lambda some: some != [RungKind.ADMIN]
        )
    )
    covered = draw(st.integers(0, 5))
    return Policy.model_validate(
        {
            "roles": {
                "bdr": ["field:account.BDR__c", "team:BDR", "deal_team:SE"],
                "ae": ["owner:deal", "owner:account", "owner:prospect"],
                "sender": ["sending_rep", f"person:{EMAILS[5]}"],
            },
            "deals_of": draw(st.sampled_from(("prospect_then_account", "account"))),
            "named_accounts": draw(
                st.just([]) | st.just([{"account": "acme", "rep": EMAILS[1], "backup": EMAILS[2]}])
            ),
            "routes": _routes(draw, targets),
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
